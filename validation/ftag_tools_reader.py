"""What atlas-ftag-tools reads of our files beside what is in them: counts, variables, flavours, cuts.

    uv run python validation/ftag_tools_reader.py SAMPLE SCORES

SAMPLE is a directory that `ndive simulate` wrote, SCORES what `ndive predict` made of its test file. The
other side is h5py and `ndive.open_sample`; the script ends with an error where a value differs.
"""

import sys
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import h5py
import hdf5plugin  # noqa: F401  reads LZ4
import numpy as np
from ftag import Cuts, Flavours
from ftag.hdf5 import H5Reader
from ftag.utils import get_discriminant

import ndive
from ndive.evaluation import B_TAG, b_discriminant

BLOCK = 20_000
CUTS = ["pt >= 50_000", "pt < 120_000", "eta >= -1.5", "eta <= 1.5"]
FLAVOURS = ("bjets", "cjets", "ujets")

Rows = dict[str, np.ndarray]


def fields(rows: np.ndarray) -> tuple[str, ...]:
    """The names of a structured array's fields."""
    return rows.dtype.names or ()


def by_h5py(path: Path) -> Rows:
    """All rows of all datasets."""
    with h5py.File(path) as file:
        return {name: file[name][:] for name in file}


def by_ftag(path: Path, rows: Rows, cuts: Cuts | None = None) -> Rows:
    """The same by the reader of atlas-ftag-tools, after `cuts`."""
    variables = {name: [*fields(values)] for name, values in rows.items()}
    reader = H5Reader(path, batch_size=BLOCK, shuffle=False)
    return reader.load(variables, num_global_objects=-1, cuts=cuts)


def compare(ours: Rows, theirs: Rows) -> int:
    """Fail where a value differs; the number of values that were compared."""
    values = 0
    for name, rows in ours.items():
        for field in fields(rows):
            np.testing.assert_array_equal(theirs[name][field], rows[field], err_msg=f"{name}/{field}")
            values += rows[field].size
    return values


def check_counts(sample: Path) -> str:
    """The jets of the three files, each alone and by one wildcard."""
    splits = {split: ndive.open_sample(sample, split=split).n_jets for split in ("train", "val", "test")}
    for split, jets in splits.items():
        assert H5Reader(sample / f"ndive_{split}.h5").num_global_objects == jets
    with TemporaryDirectory() as aside:
        together = H5Reader(sample / "ndive_*.h5", vds_dir=aside).num_global_objects
    assert together == sum(splits.values())
    return f"{splits} jets, and {together} by a wildcard"


def check_flavours(path: Path, jets: np.ndarray) -> str:
    """The class list, and the flavours by their cuts on `HadronConeExclTruthLabelID`."""
    names = [*H5Reader(path).readers[0].get_attr("flavour_label", "jets")]
    labels = ndive.open_sample(path).columns("jets", ("flavour_label",), 0, len(jets))["flavour_label"]
    counts = {}
    for name in FLAVOURS:
        chosen = Flavours[name].cuts(jets).idx
        np.testing.assert_array_equal(np.flatnonzero(labels == names.index(name)), chosen)
        counts[name] = len(chosen)
    return f"classes {names}, {counts}"


def check_cuts(path: Path, rows: Rows) -> str:
    """A selection in pT and eta, and the same by hand."""
    theirs = by_ftag(path, rows, Cuts.from_list(CUTS))
    jets = rows["jets"]
    kept = (jets["pt"] >= 50_000) & (jets["pt"] < 120_000) & (np.abs(jets["eta"]) <= 1.5)
    compare({name: values[kept] for name, values in rows.items()}, theirs)
    return f"{kept.sum()} jets after {' and '.join(CUTS)}"


def check_discriminant(jets: np.ndarray) -> str:
    """D_b by both, which add another smallest number to the probabilities: 1e-10 there."""
    (name,) = (field.removesuffix("_pb") for field in fields(jets) if field.endswith("_pb"))
    classes = [Flavours[flavour] for flavour in FLAVOURS]
    fractions = {"fc": B_TAG.fraction, "fu": 1 - B_TAG.fraction}
    theirs = get_discriminant(jets, name, Flavours["bjets"], classes, fractions)
    probabilities = np.stack([jets[f"{name}_{flavour.px}"] for flavour in classes], axis=-1)
    large = probabilities.min(axis=-1) > 1e-6
    np.testing.assert_allclose(theirs[large], b_discriminant(probabilities)[large], rtol=0, atol=1e-3)
    return f"D_b of {name} in {large.sum()} jets"


def check_order(scores: np.ndarray, jets: np.ndarray) -> str:
    """The fields of the input beside the scores, jet by jet."""
    kept = [field for field in fields(scores) if field in fields(jets)]
    for field in kept:
        np.testing.assert_array_equal(scores[field], jets[field], err_msg=field)
    return f"{len(kept)} fields of the input beside the scores"


def main() -> None:
    """Check, and print what was the same."""
    sample, scores = Path(sys.argv[1]), Path(sys.argv[2])
    print(f"atlas-ftag-tools {version('atlas-ftag-tools')}; the same are")
    print(check_counts(sample))
    files = {path: by_h5py(path) for path in (sample / "ndive_test.h5", scores)}
    for path, rows in files.items():
        compared = compare(rows, by_ftag(path, rows))
        counts = {name: len(fields(values)) for name, values in rows.items()}
        print(f"{path.name}: {compared:,} values, {counts} fields; {check_cuts(path, rows)}")
    (test, jets), (_, scored) = ((path, rows["jets"]) for path, rows in files.items())
    print(check_flavours(test, jets))
    print(check_order(scored, jets))
    print(check_discriminant(scored))


if __name__ == "__main__":
    main()
