"""The networks: NDIVE and the tagger, written for one jet; the caller maps them over a batch."""

from ndive.models.build import Model as Model
from ndive.models.build import build_model as build_model
from ndive.models.build import parameter_count as parameter_count
from ndive.models.build import split_trainable as split_trainable
from ndive.models.config import ModelConfig as ModelConfig
from ndive.models.features import FEATURE_NAMES as FEATURE_NAMES
from ndive.models.features import track_features as track_features
from ndive.models.ndive import NDIVE as NDIVE
from ndive.models.ndive import VertexerOutput as VertexerOutput
from ndive.models.normalisation import Normalisation as Normalisation
from ndive.models.normalisation import identity_normalisation as identity_normalisation
from ndive.models.saved import load_model as load_model
from ndive.models.saved import save_model as save_model
from ndive.models.tagger import Tagger as Tagger
from ndive.models.tagger import TaggerOutput as TaggerOutput
