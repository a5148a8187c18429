"""Whether anything that a jet shows tells how far its fitted vertex lies from the true one.

    uv run python validation/ellipsoids.py SAMPLE MODELS NAME

Judges the model NAME on the test jets of SAMPLE. On one half of the jets scikit-learn's gradient boosting
learns the 68 and 95 % quantiles of the squared distance in units of the scaled errors, from all that the
model says of a jet: its probabilities, chi2, weights, errors, the origins of its tracks, its momentum. Prints
what share of the true vertices of the other half lie within, by true flavour, beside the ellipsoids that are
calibrated by the most probable flavour alone, and the mean of the logarithm of the volume over that of those.
Last the share of the validation jets, with the factors that the test jets gave.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float
from scipy.stats import chi2
from sklearn.ensemble import HistGradientBoostingRegressor

from ndive.data import open_sample
from ndive.evaluation import (
    ErrorFactor,
    Evaluation,
    FittedVertices,
    HeldOut,
    JetTable,
    Predictions,
    evaluate_models,
    flavour_masks,
)
from ndive.evaluation.ellipsoids import LEVELS, cross_factors, inside, predicted_flavours, scaled_distance
from ndive.evaluation.resolution import relative_chi2, scale_factor
from ndive.schema import Split, load_schema


def shown(
    fit: FittedVertices,
    flavour: Float[np.ndarray, "jets 3"],
    origin: Float[np.ndarray, "jets slots 4"],
    jets: JetTable,
) -> Float[np.ndarray, "jets features"]:
    """What a jet and the model's outputs for it tell without the truth."""
    weights = np.where(jets.real, fit.track_weights, 0.0)
    share = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-30)
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.linalg.slogdet(np.asarray(fit.sandwich_covariance, float))[1]
    return np.column_stack(
        [
            flavour,
            *relative_chi2(fit, jets.real),
            scale_factor(fit, jets.real),
            size,
            np.linalg.norm(fit.position, axis=1),
            np.einsum("jt,jto->jo", share, np.where(jets.real[..., None], origin, 0.0)),
            np.square(share).sum(axis=1),
            jets.n_tracks,
            jets.pt,
            jets.abs_eta,
        ]
    )


def line(
    name: str, held: list[Bool[np.ndarray, " jets"]], jets: JetTable, judged: np.ndarray, size: str
) -> str:
    """One row of the table, over the jets that are `judged`."""
    masks = {**flavour_masks(jets), "all": np.ones(len(judged), bool)}
    cells = [", ".join(f"{one[judged & mask].mean():.1%}" for one in held) for mask in masks.values()]
    return " | ".join([f"{name:24}", *cells, size])


def judged_on(split: Split, samples: Path, models: Path, name: str) -> tuple[HeldOut, Evaluation]:
    """The jets of one split, and the model on them."""
    held_out, (one,) = evaluate_models([name], open_sample(samples, job="evaluate", split=split), models)
    return held_out, one


def transferred(factors: Sequence[ErrorFactor], predictions: Predictions, jets: JetTable) -> str:
    """The row of other jets, their errors multiplied by `factors`."""
    if predictions.vertices is None:
        sys.exit("the model must have a fit")
    squared = scaled_distance(predictions.vertices, jets)
    kinds = predicted_flavours(predictions)
    names = np.array(load_schema().class_names)[kinds]
    held = []
    for level in LEVELS:
        by_name = {one.predicted: one.factor for one in factors if one.level == level}
        held.append(inside(squared, level, np.array([by_name[name] for name in names])))
    return line("by flavour, validation", held, jets, np.isfinite(squared), "")


def main(samples: Path, models: Path, name: str) -> None:
    """Judge one model."""
    held_out, one = judged_on("test", samples, models, name)
    jets, predictions = held_out.jets, one.predictions
    fit, flavour, origin = predictions.vertices, predictions.flavour, predictions.origin
    if fit is None or flavour is None or origin is None:
        sys.exit("the model must be a tagger with a fit")
    features = shown(fit, flavour, origin, jets)
    squared = scaled_distance(fit, jets)
    usable = np.isfinite(squared)
    even = np.arange(len(squared)) % 2 == 0
    learn, judged = usable & even, usable & ~even
    kinds = predicted_flavours(predictions)
    calibrated, boosted, size = [], [], []
    for level in LEVELS:
        radius = np.square(cross_factors(squared, kinds, level)) * chi2.ppf(level, 3)
        model = HistGradientBoostingRegressor(
            loss="quantile", quantile=level, min_samples_leaf=200, random_state=0
        )
        model.fit(features[learn], np.log(squared[learn]))
        learned = np.exp(model.predict(features))
        calibrated.append(squared < radius)
        boosted.append(squared < learned)
        size.append(1.5 * np.log(learned[judged] / radius[judged]).mean())
    print("68, 95 % ellipsoids | b jets | c jets | light jets | all | log of volumes")
    print(line("by most probable flavour", calibrated, jets, judged, "0, 0"))
    print(line("by all that a jet shows", boosted, jets, judged, ", ".join(f"{log:+.2f}" for log in size)))
    others, same = judged_on("val", samples, models, name)
    print(transferred(one.summary.error_factors, same.predictions, others.jets))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
