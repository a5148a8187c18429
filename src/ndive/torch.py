"""The vertex fit as a layer of PyTorch, and trained models as modules, for those who have the extra `torch`.

Importing it needs PyTorch, and says how to get it where it is not there. `docs/torch.md` is the page.
"""

from ndive.errors import MissingExtraError

try:
    import torch as _torch  # noqa: F401
except ImportError as error:
    raise MissingExtraError("torch", "ndive.torch") from error

from ndive.export.torch_features import Jets as Jets
from ndive.export.torch_layer import Constraint as Constraint
from ndive.export.torch_layer import Vertex as Vertex
from ndive.export.torch_layer import VertexFit as VertexFit
from ndive.export.torch_layer import fit_vertex as fit_vertex
from ndive.export.torch_model import NDIVE as NDIVE
from ndive.export.torch_model import Tagger as Tagger
from ndive.export.torch_model import TaggerOutput as TaggerOutput
from ndive.export.torch_model import VertexerOutput as VertexerOutput
from ndive.export.torch_model import load_model as load_model
