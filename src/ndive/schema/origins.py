"""The origin label of a track, from what is true of it."""

import numpy as np
from jaxtyping import Bool, Int

from ndive.schema.loading import load_schema

Flags = Bool[np.ndarray, "*tracks"]

VERTEX_TOLERANCE = 1e-3
"""Points closer than this, in mm, are one vertex."""


def origin_labels(*, bottom: Flags, charm: Flags, tau: Flags, away: Flags) -> Int[np.ndarray, "*tracks"]:
    """`ftagTruthOriginLabel` of tracks behind a b hadron, a c hadron, a tau, or made `away` from the primary.

    The first that holds of from b then c, from b, from c, from tau, other secondary, primary.
    """
    value = load_schema().origin_value
    return np.select(
        [bottom & charm, bottom, charm, tau, away],
        [value(name) for name in ("from_b_then_c", "from_b", "from_c", "from_tau", "other_secondary")],
        value("primary"),
    )
