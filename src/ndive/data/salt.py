"""`norm_dict.yaml` and `class_dict.yaml` beside a training file, as UPP writes them and Salt reads them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from ndive.data.columns import Rows, read_columns
from ndive.data.header import read_header
from ndive.files import written_aside
from ndive.schema import Schema, load_schema

BLOCK = 4096
"""Jets read at once."""

Tree = dict[str, dict[str, object]]


@dataclass(frozen=True)
class Moments:
    """Number, mean and sum of squared distances from it, of finite values so far."""

    number: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def with_values(self, values: np.ndarray) -> "Moments":
        """The same with more values, by the sum of Chan, Golub and LeVeque (1983)."""
        finite = values[np.isfinite(values)].astype(np.float64)
        if finite.size == 0:
            return self
        number, mean = self.number + finite.size, float(finite.mean())
        squares = float(((finite - mean) ** 2).sum())
        distance = mean - self.mean
        return Moments(
            number,
            self.mean + distance * finite.size / number,
            self.squares + squares + distance**2 * self.number * finite.size / number,
        )

    @property
    def deviation(self) -> float:
        """Standard deviation, 0 for values that do not vary."""
        return float(np.sqrt(self.squares / max(self.number, 1)))


def write_salt_dicts(training: Path, directory: Path) -> None:
    """Write `norm_dict.yaml` and `class_dict.yaml` of the jets file `training` into `directory`.

    The first has mean and standard deviation of every float that varies, on real tracks, in the units of the
    file; the second a weight for each class of `flavour_label` and each value of `ftagTruthOriginLabel`:
    inverse to its frequency, 1 for the most frequent and for those that never occur.

    **Raises:** `FileAccessError` and `SampleError` as `open_sample`.
    """
    schema = load_schema()
    header = read_header(training, schema)
    wanted = {
        dataset: [name for name, column in columns.items() if column.dtype.kind in "fib"]
        for dataset, columns in header.columns.items()
    }
    starts = range(0, header.n_jets, BLOCK)
    moments: dict[tuple[str, str], Moments] = {}
    counts = {
        ("jets", "flavour_label"): np.zeros(len(header.class_names), int),
        ("tracks", "ftagTruthOriginLabel"): np.zeros(_largest_origin(schema) + 1, int),
    }
    ranges = [(start, min(start + BLOCK, header.n_jets)) for start in starts]
    for rows in read_columns(header, wanted, ranges):
        for dataset, name, values in _real(rows):
            if values.dtype.kind == "f":
                moments[dataset, name] = moments.get((dataset, name), Moments()).with_values(values)
            elif (dataset, name) in counts:
                counts[dataset, name] += np.bincount(values, minlength=len(counts[dataset, name]))
    _write(directory / "norm_dict.yaml", _norms(moments))
    _write(directory / "class_dict.yaml", _weights(counts))


def _real(rows: Rows) -> list[tuple[str, str, np.ndarray]]:
    """Dataset, name and values of each field, those of tracks where they are real."""
    valid = rows["tracks"]["valid"]
    return [
        (dataset, name, values[valid] if dataset == "tracks" else values)
        for dataset, columns in rows.items()
        for name, values in columns.items()
    ]


def _norms(moments: dict[tuple[str, str], Moments]) -> Tree:
    tree: Tree = {"jets": {}, "tracks": {}}
    for (dataset, name), one in moments.items():
        if one.deviation > 0:
            tree[dataset][name] = {"mean": one.mean, "std": one.deviation}
    return tree


def _weights(counts: dict[tuple[str, str], np.ndarray]) -> Tree:
    tree: Tree = {"jets": {}, "tracks": {}}
    for (dataset, name), number in counts.items():
        most = max(int(number.max(initial=0)), 1)
        tree[dataset][name] = np.round(most / np.where(number > 0, number, most), 2).tolist()
    return tree


def _largest_origin(schema: Schema) -> int:
    return max(origin.value for origin in schema.origins)


def _write(path: Path, tree: Tree) -> None:
    with written_aside(path) as aside:
        aside.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
