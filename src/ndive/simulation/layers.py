"""The tracker of the `atlas` resolution: cylinders with a resolution and a thickness each."""

from dataclasses import dataclass

HALF_LENGTH = 2710.0
"""Half length of the tracker in mm: a track leaves it there, so that forward tracks see fewer layers."""


@dataclass(frozen=True)
class Layer:
    """A cylinder.

    **Attributes:** `radius` in mm; resolution in mm across (`transverse`) and `along` the beam, None where
    it measures nothing; `thickness` in radiation lengths.
    """

    radius: float
    transverse: float | None
    along: float | None
    thickness: float


LAYERS = (
    Layer(24.0, None, None, 0.0035),  # beam pipe
    Layer(33.3, 0.010, 0.072, 0.019),  # innermost pixels
    Layer(50.5, 0.010, 0.115, 0.027),
    Layer(88.5, 0.010, 0.115, 0.027),
    Layer(122.5, 0.010, 0.115, 0.027),
    Layer(299.0, 0.017, 0.580, 0.028),  # strips
    Layer(371.0, 0.017, 0.580, 0.028),
    Layer(443.0, 0.017, 0.580, 0.028),
    Layer(514.0, 0.017, 0.580, 0.028),
    Layer(645.0, 0.041, None, 0.030),  # straws, ten hits of 130 um each
    Layer(815.0, 0.041, None, 0.030),
    Layer(985.0, 0.041, None, 0.030),
)
