"""The losses and accuracies of an epoch so far: sums in double precision, with the number of their terms."""

from collections.abc import Mapping
from math import nan

from ndive.training.accuracies import MEAN_NAMES
from ndive.training.config import TrainConfig
from ndive.training.losses import Mean, loss_weights

Sums = Mapping[str, tuple[float, float]]
"""Sum and number of terms of each loss and accuracy."""

NO_SUMS: Sums = dict.fromkeys(MEAN_NAMES, (0.0, 0.0))


def added(sums: Sums, means: Mapping[str, Mean]) -> Sums:
    """The sums with those of one more compiled call."""
    return {
        name: (total + float(means[name].total), count + float(means[name].count))
        for name, (total, count) in sums.items()
    }


def mean_losses(sums: Sums, config: TrainConfig) -> dict[str, float]:
    """The mean of each loss and accuracy, and the weighted total; NaN where there is no term."""
    means = {name: total / count if count else nan for name, (total, count) in sums.items()}
    defined = [weight * means[name] for name, weight in loss_weights(config).items() if sums[name][1]]
    return {"total": sum(defined) if defined else nan, **means}
