"""What a run is refused for, and where one that goes wrong ends."""

from math import isfinite

from ndive.data import Sample
from ndive.errors import ArgumentError, TrainingError
from ndive.training.config import TrainConfig
from ndive.training.history import Epoch

LARGEST_SEED = 2**32 - 1


def check_seed(seed: int) -> None:
    """Refuse a seed that is not in 32 bits, all that the first parameters are drawn from.

    **Raises:** `ArgumentError`.
    """
    if not 0 <= seed <= LARGEST_SEED:
        raise ArgumentError(f"seed is {seed}, allowed: 0 to {LARGEST_SEED}")


def check_save_every(minutes: float) -> None:
    """Refuse a time between checkpoints that is none.

    **Raises:** `ArgumentError`.
    """
    if not minutes >= 0:
        raise ArgumentError(f"save_every is {minutes}, allowed: 0 (after each step) or more minutes")


def check_apart(train_sample: Sample, val_sample: Sample) -> None:
    """Refuse to validate on a file that is trained on.

    **Raises:** `ArgumentError`.
    """
    trained = {path.resolve() for path in train_sample.paths}
    shared = [path for path in val_sample.paths if path.resolve() in trained]
    if shared:
        raise ArgumentError(
            f"'{shared[0]}' is in the training and in the validation sample; "
            f"give a directory with *_train.h5 and *_val.h5"
        )


def check_finite(epoch: Epoch, config: TrainConfig) -> None:
    """End a run that diverged.

    **Raises:** `TrainingError` where a total of `epoch` is not finite.
    """
    for name, total in (("training", epoch.train["total"]), ("validation", epoch.val["total"])):
        if not isfinite(total):
            raise TrainingError(
                f"{config.name}: the {name} total of epoch {epoch.epoch} is {total}, must be finite; "
                f"take a learning rate below {config.learning_rate:g}"
            )
