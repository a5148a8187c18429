"""The first jets of a sample as a smaller one, to train other programs and ours on the same ones.

    uv run python validation/first_jets.py SAMPLE OUTPUT 100000 10000

OUTPUT gets that many training and validation jets, `norm_dict.yaml` and `class_dict.yaml` of the whole, and
a link to the whole test file.
"""

import shutil
import sys
from pathlib import Path

import h5py
import hdf5plugin


def copy_first(source: Path, target: Path, jets: int) -> None:
    """Write the first rows of every dataset, with all attributes."""
    with h5py.File(source) as there, h5py.File(target, "w") as here:
        here.attrs.update(there.attrs)
        for name, rows in there.items():
            made = here.create_dataset(name, data=rows[:jets], chunks=rows.chunks, **hdf5plugin.LZ4())
            made.attrs.update(rows.attrs)


def main() -> None:
    """Copy."""
    sample, output = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    output.mkdir(parents=True)
    for split, jets in zip(("train", "val"), map(int, sys.argv[3:5]), strict=True):
        copy_first(sample / f"ndive_{split}.h5", output / f"ndive_{split}.h5", jets)
    for name in ("norm_dict.yaml", "class_dict.yaml"):
        shutil.copy(sample / name, output / name)
    (output / "ndive_test.h5").symlink_to(sample / "ndive_test.h5")


if __name__ == "__main__":
    main()
