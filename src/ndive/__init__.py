"""Differentiable vertex fitting for jet flavour tagging.

Conventions (signs, units, order of the parameters) are in `ndive.tracks.conventions`.
"""

from importlib.metadata import version

from ndive.data import Batch as Batch
from ndive.data import Sample as Sample
from ndive.data import Truth as Truth
from ndive.data import batches as batches
from ndive.data import open_sample as open_sample
from ndive.data import sequential_batches as sequential_batches
from ndive.data import write_sample as write_sample
from ndive.models import NDIVE as NDIVE
from ndive.models import ModelConfig as ModelConfig
from ndive.models import Tagger as Tagger
from ndive.models import TaggerOutput as TaggerOutput
from ndive.models import VertexerOutput as VertexerOutput
from ndive.models import load_model as load_model
from ndive.models import save_model as save_model
from ndive.schema import Schema as Schema
from ndive.schema import load_schema as load_schema
from ndive.tracks import Jet as Jet
from ndive.tracks import Tracks as Tracks
from ndive.training import TrainConfig as TrainConfig
from ndive.training import preset as preset
from ndive.training import train as train
from ndive.vertexing import Constraint as Constraint
from ndive.vertexing import Status as Status
from ndive.vertexing import Vertex as Vertex
from ndive.vertexing import beam_spot as beam_spot
from ndive.vertexing import fit_vertex as fit_vertex
from ndive.vertexing import line as line

__version__ = version("ndive")
