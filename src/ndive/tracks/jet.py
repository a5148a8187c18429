"""A jet: its axis and its tracks."""

import equinox as eqx
from jaxtyping import Array, Float

from ndive.tracks.tracks import Tracks


class Jet(eqx.Module):
    """What a model sees of a jet; with leading axes, of a batch of jets.

    **Attributes:** `pt` in GeV, `eta` and `phi` in rad of the jet axis, each `[...]`; `tracks` with
    parameters `[..., n, 5]`.
    """

    pt: Float[Array, "*batch"]
    eta: Float[Array, "*batch"]
    phi: Float[Array, "*batch"]
    tracks: Tracks
