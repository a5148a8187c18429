"""Trained taggers beside gradient-boosted trees on the same jets.

    uv run python validation/tagging.py SAMPLE MODELS NAME [NAME ...]

Trains scikit-learn's HistGradientBoostingClassifier on the training jets of SAMPLE. Its inputs are the five
tracks of largest |d0 significance|, each with its lifetime-signed d0 and z0 sin(theta) significances, log pT
and distance to the jet axis, and log pT, |eta| and number of tracks of the jet. Judges it and the models on
the test jets by D_b with f_c = 0.05, and puts the area under each ROC curve beside scikit-learn's.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from ndive.data import Sample, open_sample
from ndive.evaluation import (
    B_TAG,
    JetTable,
    Scores,
    area_under_roc,
    evaluate,
    load_trained,
    read_held_out,
    roc,
    scores_against,
)

TRACKS = 5
BLOCK = 20_000
EFFICIENCIES = np.array([0.6, 0.7, 0.8])
TRACK_FIELDS = ("lifetimeSignedD0Significance", "lifetimeSignedZ0SinThetaSignificance", "pt", "dr", "valid")
JET_FIELDS = ("pt", "eta", "n_tracks", "flavour_label")


def inputs(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    """Inputs of the trees, NaN where a jet has fewer tracks, and the flavours."""
    rows, labels = [], []
    for start in range(0, sample.n_jets, BLOCK):
        stop = min(start + BLOCK, sample.n_jets)
        jets = sample.columns("jets", JET_FIELDS, start, stop)
        tracks = sample.columns("tracks", TRACK_FIELDS, start, stop)
        columns = [np.log(jets["pt"]), np.abs(jets["eta"]), jets["n_tracks"]]
        rows.append(np.column_stack([*columns, leading_tracks(tracks)]))
        labels.append(jets["flavour_label"])
    return np.concatenate(rows), np.concatenate(labels)


def leading_tracks(tracks: Mapping[str, np.ndarray]) -> np.ndarray:
    """The columns of the tracks of largest |d0 significance|, side by side."""
    size = np.where(tracks["valid"], np.abs(tracks[TRACK_FIELDS[0]]), -1)
    order = np.argsort(-size, axis=1)[:, :TRACKS]
    values = [tracks[TRACK_FIELDS[0]], tracks[TRACK_FIELDS[1]], np.log(tracks["pt"]), tracks["dr"]]
    chosen = [np.take_along_axis(np.where(tracks["valid"], one, np.nan), order, axis=1) for one in values]
    return np.concatenate(chosen, axis=1)


def trees(sample: Path) -> np.ndarray:
    """Class probabilities of the test jets by gradient-boosted trees."""
    model = HistGradientBoostingClassifier(max_iter=400, early_stopping=True, random_state=1)
    model.fit(*inputs(open_sample(sample, split="train")))
    return model.predict_proba(inputs(open_sample(sample, split="test"))[0])


def row(name: str, probabilities: np.ndarray, jets: JetTable) -> str:
    """Rejections with their errors, and the area under the ROC curve by us and by scikit-learn."""
    cells = [f"{name:18}"]
    for background in B_TAG.backgrounds:
        scores = scores_against(probabilities, jets, background)
        curve = roc(scores, EFFICIENCIES)
        cells += [f"{r:7.1f} ± {e:5.1f}" for r, e in zip(curve.rejection, curve.error, strict=True)]
        cells.append(f"{area_under_roc(scores):.6f} / {by_sklearn(scores):.6f}")
    return " | ".join(cells)


def by_sklearn(scores: Scores) -> float:
    """The area under the ROC curve as scikit-learn computes it."""
    labels = np.repeat([1, 0], [len(scores.signal), len(scores.background)])
    return float(roc_auc_score(labels, np.concatenate([scores.signal, scores.background])))


def main() -> None:
    """Print a row for the trees and for each model."""
    sample, models, names = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    held_out = read_held_out(open_sample(sample, job="evaluate", split="test"), models)
    titles = [f"{name} at {e:.0%}" for name in B_TAG.backgrounds for e in (*EFFICIENCIES, np.nan)]
    print(f"{'':18} | " + " | ".join(title.replace("at nan%", "area / sklearn") for title in titles))
    for name in names:
        flavour = evaluate(load_trained(name, models), held_out).predictions.flavour
        assert flavour is not None
        print(row(name, flavour, held_out.jets), flush=True)
    print(row("trees", trees(sample), held_out.jets))


if __name__ == "__main__":
    main()
