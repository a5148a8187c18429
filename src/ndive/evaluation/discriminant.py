"""One number a jet from three probabilities."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from ndive.errors import ArgumentError
from ndive.schema import load_schema

FRACTION_C = 0.05
"""The c fraction of D_b of arXiv:2310.12804."""

FRACTION_B = 0.2
"""The b fraction of D_c."""

_SMALLEST = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True, kw_only=True)
class Tag:
    """A flavour to be told from the two others, of which `other` has the weight `fraction` in the background.

    `points` are the efficiencies for the signal at which rejections are quoted.
    """

    name: str
    symbol: str
    signal: str
    other: str
    fraction: float
    points: tuple[float, ...]

    def score(self, probabilities: Float[np.ndarray, "jets 3"]) -> Float[np.ndarray, " jets"]:
        """D = log(p_signal / (f p_other + (1 − f) p_rest)) of arXiv:2310.12804, section 5, in float64.

        `probabilities` `[jets, 3]` in the order of the schema. Those below the smallest normal float32 count
        as that, so that D is finite.
        """
        columns = dict(zip(load_schema().class_names, np.asarray(probabilities, float).T, strict=True))
        signal, other = (np.maximum(columns.pop(name), _SMALLEST) for name in (self.signal, self.other))
        (rest,) = (np.maximum(column, _SMALLEST) for column in columns.values())
        return np.log(signal) - np.log(self.fraction * other + (1.0 - self.fraction) * rest)

    @property
    def backgrounds(self) -> tuple[str, ...]:
        """The flavours to be rejected, light first."""
        return tuple(name for name in reversed(load_schema().class_names) if name != self.signal)


B_TAG = Tag(
    name="b_tag", symbol="D_b", signal="bjets", other="cjets", fraction=FRACTION_C, points=(0.6, 0.7, 0.8)
)
C_TAG = Tag(
    name="c_tag", symbol="D_c", signal="cjets", other="bjets", fraction=FRACTION_B, points=(0.2, 0.3, 0.5)
)

Tags = tuple[Tag, Tag]
"""The b-tag and the c-tag."""

TAGS: Tags = (B_TAG, C_TAG)


def tags_with(fraction_c: float, fraction_b: float) -> Tags:
    """D_b with the c fraction `fraction_c`, and D_c with the b fraction `fraction_b`.

    **Raises:** `ArgumentError` for a fraction that is not from 0 to 1.
    """
    for name, value in (("fraction_c", fraction_c), ("fraction_b", fraction_b)):
        if not 0 <= value <= 1:
            raise ArgumentError(f"{name} is {value}, allowed: 0 to 1")
    return replace(B_TAG, fraction=fraction_c), replace(C_TAG, fraction=fraction_b)


def b_discriminant(
    probabilities: Float[np.ndarray, "jets 3"], fraction_c: float = FRACTION_C
) -> Float[np.ndarray, " jets"]:
    """D_b with the c fraction `fraction_c`, see `Tag.score`."""
    return replace(B_TAG, fraction=fraction_c).score(probabilities)


def c_discriminant(
    probabilities: Float[np.ndarray, "jets 3"], fraction_b: float = FRACTION_B
) -> Float[np.ndarray, " jets"]:
    """D_c with the b fraction `fraction_b`, see `Tag.score`."""
    return replace(C_TAG, fraction=fraction_b).score(probabilities)
