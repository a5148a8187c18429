"""Whether anything that a jet shows tells how far its fitted vertex lies from the true one.

    uv run python validation/ellipsoids.py SAMPLE MODELS NAME

Judges the model NAME on the jets of SAMPLE. On half of the test jets scikit-learn's gradient boosting learns
the 68 and 95 % quantiles of the squared distance in units of the scaled errors, from all that the model says
of a jet: its probabilities, chi2, weights, errors, the origins of its tracks, its momentum. Prints how many
of the true vertices of the other half the ellipsoids hold: those that are calibrated for each most probable
flavour, and those learned, calibrated for all jets; with the mean of the logarithm of the volume over that of
the former. Last how many of the validation jets' vertices are held with the factors of all test jets.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int
from sklearn.ensemble import HistGradientBoostingRegressor

from ndive.data import open_sample
from ndive.evaluation import (
    Evaluation,
    FittedVertices,
    JetTable,
    evaluate_models,
    flavour_masks,
)
from ndive.evaluation.ellipsoids import (
    LEVELS,
    cross_factors,
    factors_of_jets,
    inside,
    predicted_flavours,
    scaled_distance,
)
from ndive.evaluation.resolution import relative_chi2, scale_factor
from ndive.schema import Split


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One model on some jets: the most probable flavours, the squared distances and what a jet shows."""

    evaluation: Evaluation
    jets: JetTable
    kinds: Int[np.ndarray, " jets"]
    squared: Float[np.ndarray, " jets"]
    features: Float[np.ndarray, "jets features"]


def judged_on(split: Split, samples: Path, models: Path, name: str) -> Judged:
    """The model on the jets of one split."""
    held_out, (one,) = evaluate_models([name], open_sample(samples, job="evaluate", split=split), models)
    fit, flavour, origin = one.predictions.vertices, one.predictions.flavour, one.predictions.origin
    if fit is None or flavour is None or origin is None:
        sys.exit("the model must be a tagger with a fit")
    jets = held_out.jets
    return Judged(
        evaluation=one,
        jets=jets,
        kinds=predicted_flavours(one.predictions, len(flavour)),
        squared=scaled_distance(fit, jets),
        features=shown(fit, flavour, origin, jets),
    )


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
    name: str, held: list[Bool[np.ndarray, " jets"]], chosen: Bool[np.ndarray, " jets"], one: Judged, end: str
) -> str:
    """One row of the table, over the jets `chosen`: by true and by most probable flavour, and all."""
    masks = [*flavour_masks(one.jets).values(), *(one.kinds == kind for kind in range(3)), chosen]
    cells = [", ".join(f"{part[chosen & mask].mean():.1%}" for part in held) for mask in masks]
    return " | ".join([f"{name:26}", *cells, end])


def learned_squares(
    one: Judged, learn: Bool[np.ndarray, " jets"], level: float
) -> Float[np.ndarray, " jets"]:
    """The quantile of each jet's squared distance that gradient boosting learns from the jets `learn`."""
    model = HistGradientBoostingRegressor(
        loss="quantile", quantile=level, min_samples_leaf=200, random_state=0
    )
    return np.exp(model.fit(one.features[learn], np.log(one.squared[learn])).predict(one.features))


def main(samples: Path, models: Path, name: str) -> None:
    """Judge one model."""
    test, others = judged_on("test", samples, models, name), judged_on("val", samples, models, name)
    fitted = np.isfinite(test.squared)
    learn = fitted & (np.arange(len(fitted)) // 2 % 2 == 0)
    judged = fitted & ~learn
    squared = np.where(judged, test.squared, np.nan)
    calibrated, boosted, volumes, transferred = [], [], [], []
    for level in LEVELS:
        factors = cross_factors(squared, test.kinds, level)
        calibrated.append(inside(squared, level, factors))
        quantiles = learned_squares(test, learn, level)
        of_learned = cross_factors(squared / quantiles, np.zeros(len(fitted), int), level)
        boosted.append(inside(squared / quantiles, level, of_learned))
        volumes.append(np.log(np.sqrt(quantiles) * of_learned / factors)[judged].mean() * 3)
        told = test.evaluation.summary.error_factors
        of_others = factors_of_jets(others.evaluation.predictions, told, level, len(others.kinds))
        transferred.append(inside(others.squared, level, of_others))
    print("68, 95 % ellipsoids | b, c, light jets | most probably b, c, light | all | log of the volume")
    print(line("by most probable flavour", calibrated, judged, test, "0, 0"))
    print(line("by all that a jet shows", boosted, judged, test, ", ".join(f"{log:+.2f}" for log in volumes)))
    print(line("by flavour, validation", transferred, np.isfinite(others.squared), others, ""))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
