"""What a user can get wrong, one class a kind.

Every message is one line that names what was found, where, and what is allowed. The command line prints
it and ends with status 2; from Python it is an ordinary exception. What goes wrong within one jet of a
fit is no exception: it is a value of `ndive.Status`.
"""


class NdiveError(Exception):
    """Base class of all errors that a user can mend."""


class ArgumentError(NdiveError, ValueError):
    """An argument has a value that is not allowed."""


class ShapeError(NdiveError, ValueError):
    """An array has the wrong shape or dtype."""


class FileAccessError(NdiveError, OSError):
    """A file is missing, cannot be read or written, or the disk is full."""


class SampleError(NdiveError, ValueError):
    """A jets file does not hold what the job needs."""


class ConfigError(NdiveError, ValueError):
    """A configuration is unknown, or one of its fields is wrong or contradicts another."""


class CheckpointError(NdiveError, RuntimeError):
    """A checkpoint is missing, damaged, or belongs to another configuration."""


class RunExistsError(CheckpointError):
    """There is a run already, and it was not said what shall become of it."""


class TrainingError(NdiveError, RuntimeError):
    """A training run went wrong: a loss or a parameter is not finite."""


class SimulationError(NdiveError, RuntimeError):
    """The generator refused a setting, or the tasks that run it failed again and again."""


class MissingExtraError(NdiveError, ImportError):
    """An optional extra of the package is not installed."""

    def __init__(self, extra: str, purpose: str) -> None:
        """Name the `extra` to install and the `purpose` that needs it."""
        super().__init__(
            f"{purpose} needs the extra '{extra}': pip install 'ndive[{extra}]', "
            f"in a clone uv sync --inexact --extra {extra}"
        )
        self.extra = extra
        self.purpose = purpose

    def __reduce__(self) -> tuple[type["MissingExtraError"], tuple[str, str], dict[str, object]]:
        """Pickled by what it is made of, so that it comes back from a worker process."""
        return type(self), (self.extra, self.purpose), vars(self)
