"""Weights of the flavours in the loss, for samples that are not balanced."""

from dataclasses import replace

import numpy as np

from ndive.data import Sample
from ndive.training.config import TrainConfig

BLOCK = 100_000
"""Jets whose labels are read at once."""


def balanced(config: TrainConfig, sample: Sample) -> TrainConfig:
    """`config` with the class weights of `sample` in numbers, where it asks for them.

    The weight of a flavour is jets / (flavours x jets of that flavour), over the flavours that occur, so that
    the mean weight of a jet is one; a flavour that does not occur has weight one.
    """
    if not config.balance_classes:
        return config
    jets = _counts(sample)
    weights = np.ones(len(jets))
    weights[jets > 0] = jets.sum() / (np.count_nonzero(jets) * jets[jets > 0])
    b, c, light = (float(weight) for weight in weights)
    return replace(
        config, balance_classes=False, class_weight_b=b, class_weight_c=c, class_weight_light=light
    )


def _counts(sample: Sample) -> np.ndarray:
    """How many jets there are of each flavour."""
    counts = np.zeros(len(sample.class_names), int)
    for start in range(0, sample.n_jets, BLOCK):
        stop = min(start + BLOCK, sample.n_jets)
        labels = sample.columns("jets", ["flavour_label"], start, stop)["flavour_label"]
        counts += np.bincount(labels[labels >= 0], minlength=len(counts))
    return counts
