"""One number a jet from three probabilities."""

import numpy as np
from jaxtyping import Float

FRACTION_C = 0.05
"""The c fraction of arXiv:2310.12804."""

_SMALLEST = float(np.finfo(np.float32).tiny)


def b_discriminant(
    probabilities: Float[np.ndarray, "jets 3"], fraction_c: float = FRACTION_C
) -> Float[np.ndarray, " jets"]:
    """D_b = log(p_b / (f_c p_c + (1 - f_c) p_u)) of arXiv:2310.12804, section 5, in float64.

    `probabilities` `[jets, 3]` in the order b, c, light of the schema. Probabilities below the smallest
    normal float32 count as that, so that D_b is finite.
    """
    p_b, p_c, p_u = np.maximum(np.asarray(probabilities, float), _SMALLEST).T
    return np.log(p_b) - np.log(fraction_c * p_c + (1.0 - fraction_c) * p_u)
