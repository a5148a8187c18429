"""When a run is written down: after each epoch, every so many minutes inside one, when it is interrupted."""

import time
from pathlib import Path

from ndive.models import save_model
from ndive.training.belonging import Run
from ndive.training.checkpoints import BEST, remove_run, save_checkpoint
from ndive.training.devices import is_first_process
from ndive.training.history import best_epoch, write_history
from ndive.training.interruption import Asked
from ndive.training.standing import Mark, Standing

SECONDS_A_MINUTE = 60
NOTHING_DONE = Mark(0)


class Keeper:
    """Writes the files of a run, in the first of its processes, and ends it where it is asked to."""

    def __init__(self, directory: Path, run: Run, *, save_every: float, replaces: bool, asked: Asked) -> None:
        """Keep `run` in `directory`, inside an epoch each `save_every` minutes.

        With `replaces` the run that is there is removed before the first checkpoint of this one.
        """
        self.directory = directory
        self.run = run
        self.save_every = save_every
        self.replaces = replaces
        self.asked = asked
        self.kept: Standing | None = None
        self.kept_at = time.monotonic()

    def after_epoch(self, standing: Standing) -> None:
        """Write the checkpoint, the history and, where the last epoch is the best, the model.

        **Raises:** `FileAccessError` where they cannot be written.
        """
        self._make_room()
        if is_first_process():
            self._tell(standing)
        self._save(standing)

    def _tell(self, standing: Standing) -> None:
        if best_epoch(standing.history) is standing.history[-1]:
            save_model(self.directory / BEST, standing.state.model, self.run.config.model)
        write_history(self.directory, standing.history)

    def inside_epoch(self, standing: Standing) -> None:
        """Write the checkpoint if it is time.

        **Raises:** `FileAccessError` where it cannot be written, and as `heed`.
        """
        if time.monotonic() - self.kept_at >= self.save_every * SECONDS_A_MINUTE:
            self._make_room()
            self._save(standing)
        self.heed(standing)

    def heed(self, standing: Standing) -> None:
        """Where the run has been asked to stop, write the checkpoint and stop.

        **Raises:** `KeyboardInterrupt`.
        """
        if self.asked():
            self.keep(standing)
            raise KeyboardInterrupt

    def keep(self, standing: Standing) -> None:
        """Write the checkpoint of a run that ends here.

        There is none where nothing is done yet, and where that would cost the run that it replaces.
        """
        if standing is not self.kept and standing.mark != NOTHING_DONE and not self.replaces:
            self._save(standing)

    def _make_room(self) -> None:
        if self.replaces and is_first_process():
            remove_run(self.directory)
        self.replaces = False

    def _save(self, standing: Standing) -> None:
        if is_first_process():
            save_checkpoint(self.directory, standing, self.run)
        self.kept, self.kept_at = standing, time.monotonic()
