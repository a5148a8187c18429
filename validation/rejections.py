"""Rejections of any taggers from their files of scores, as Markdown.

    uv run python validation/rejections.py SCORES [...]

Each file is by `ndive predict` or by `salt test`, of the same jets in the same order; it tells its tagger
by the field `<name>_pb`. Prints light and c rejection by D_b with f_c = 0.05 at 60, 70 and 80 % b efficiency,
and the ratios to those of the first file, with the errors of docs/evaluation.md.
"""

import sys
from pathlib import Path

import h5py
import hdf5plugin  # noqa: F401  reads LZ4
import numpy as np

from ndive.evaluation import B_TAG, Scores, area_under_roc, measured, rejection_ratio, roc
from ndive.schema import load_schema

EFFICIENCIES = np.array(B_TAG.points)
Read = tuple[str, dict[str, Scores]]


def read(path: Path) -> tuple[Read, np.ndarray]:
    """The tagger's name, its scores of b jets and each background, and the jets' events."""
    with h5py.File(path) as file:
        jets = file["jets"][:]
    (name,) = (field.removesuffix("_pb") for field in jets.dtype.names if field.endswith("_pb"))
    classes = load_schema().class_names
    columns = [jets[f"{name}_p{one.removesuffix('jets')}"] for one in classes]
    score = B_TAG.score(np.stack(columns, axis=-1))
    masks = {one: jets["flavour_label"] == index for index, one in enumerate(classes)}
    signal = score[masks[B_TAG.signal]]
    against = {one: Scores(signal=signal, background=score[masks[one]]) for one in B_TAG.backgrounds}
    return (name, against), jets["eventNumber"]


def row(tagger: Read) -> list[str]:
    """The rejections of one tagger, and the area under its ROC curves."""
    name, against = tagger
    cells = [name]
    for scores in against.values():
        curve = roc(scores, EFFICIENCIES)
        cells += [*map(measured, curve.rejection, curve.error), f"{area_under_roc(scores):.5f}"]
    return cells


def ratio_row(tagger: Read, first: Read) -> list[str]:
    """The rejections of one tagger over those of the first."""
    name, against = tagger
    cells = [f"{name} over {first[0]}"]
    for background, scores in against.items():
        ratio = rejection_ratio(scores, first[1][background], EFFICIENCIES)
        cells += [*map(measured, ratio.rejection, ratio.error), ""]
    return cells


def main() -> None:
    """Print the table."""
    read_all = [read(Path(name)) for name in sys.argv[1:]]
    for _, events in read_all:
        np.testing.assert_array_equal(events, read_all[0][1], err_msg="not the same jets")
    taggers = [tagger for tagger, _ in read_all]
    columns = ["tagger"]
    for one in B_TAG.backgrounds:
        columns += [*(f"{one.removesuffix('jets')}, {e:.0%}" for e in EFFICIENCIES), "area"]
    rows = [*map(row, taggers), *(ratio_row(one, taggers[0]) for one in taggers[1:])]
    for cells in (columns, ["---"] * len(columns), *rows):
        print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
