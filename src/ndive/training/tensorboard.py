"""The history of a run as TensorBoard event files."""

from pathlib import Path
from types import TracebackType
from typing import Any

from ndive.errors import MissingExtraError
from ndive.files import reported
from ndive.training.history import Epoch, read_history
from ndive.training.progress import Notice, Progress

DIRECTORY = "tensorboard"


class TensorBoard:
    """Call it with what `train` reports; use it as a context.

    It writes `tensorboard/` in the directory of the run: every loss and accuracy that the model has, a
    curve for training and one for validation in one chart. A run that goes on is written anew from its
    history, so that no epoch is there twice or missing.

    **Raises:** `MissingExtraError` without its library, `FileAccessError` where the place cannot be written.
    """

    def __init__(self, directory: Path) -> None:
        """Events of the run in `directory`; nothing is written before its first epoch is done."""
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            raise MissingExtraError("tensorboard", "--tensorboard") from error
        self.directory = directory
        self.make_writer = SummaryWriter
        self.writers: dict[str, Any] = {}
        self.written = 0

    def __enter__(self) -> "TensorBoard":
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is not yet on disk."""
        for writer in self.writers.values():
            writer.close()

    def __call__(self, event: Progress | Notice) -> None:
        """Write the epochs of the history that are not written yet, once one is over."""
        if isinstance(event, Notice) or event.val is None:
            return
        place = self.directory / DIRECTORY
        with reported(place, "write"):
            if not self.writers:
                self._begin(place)
            for epoch in read_history(self.directory)[self.written :]:
                self._write(epoch)
                self.written += 1
            for writer in self.writers.values():
                writer.flush()

    def _begin(self, place: Path) -> None:
        for name in ("train", "val"):
            for old in (place / name).glob("events.out.tfevents.*"):
                old.unlink()
            self.writers[name] = self.make_writer(str(place / name))

    def _write(self, epoch: Epoch) -> None:
        for name, values in (("train", epoch.train), ("val", epoch.val)):
            for loss, value in values.items():
                if value == value:  # a loss that the model does not have is NaN
                    self.writers[name].add_scalar(_tag(loss), value, epoch.epoch)


def _tag(name: str) -> str:
    kind = "accuracy" if name.endswith("_accuracy") else "loss"
    return f"{kind}/{name.removesuffix('_accuracy')}"
