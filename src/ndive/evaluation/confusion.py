"""Which class was taken for which."""

import numpy as np
from jaxtyping import Float, Int


def confusion_counts(
    truth: Int[np.ndarray, " entries"], predicted: Int[np.ndarray, " entries"], n_classes: int
) -> Int[np.ndarray, "classes classes"]:
    """Number of entries by true class (row) and predicted class (column)."""
    cells = np.bincount(truth * n_classes + predicted, minlength=n_classes * n_classes)
    return cells.reshape(n_classes, n_classes)


def confusion_fractions(counts: Int[np.ndarray, "classes classes"]) -> Float[np.ndarray, "classes classes"]:
    """Each row over its sum: the chance of each prediction given the truth; NaN in a class never seen."""
    with np.errstate(invalid="ignore"):
        return counts / counts.sum(axis=1, keepdims=True)
