"""The libraries of the extra `sim`, imported here and nowhere else."""

from ndive.errors import MissingExtraError

try:
    import awkward as awkward
    import fastjet as fastjet
    import pythia8mc as pythia8mc
except ImportError as error:
    raise MissingExtraError("sim", "the simulation") from error
