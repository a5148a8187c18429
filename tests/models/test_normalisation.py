import jax.numpy as jnp
import numpy as np

from ndive.models.normalisation import LIMIT, Normalisation


def test_shift_scale_and_limit() -> None:
    normalisation = Normalisation(
        mean=jnp.full(18, 2.0), scale=jnp.full(18, 4.0), vertex_scale=jnp.array([1.0, 2.0, 5.0])
    )
    rows = jnp.stack([jnp.full(18, 4.0), jnp.full(18, -1e6)])
    np.testing.assert_array_equal(normalisation(rows), np.stack([np.full(18, 0.5), np.full(18, -LIMIT)]))
    np.testing.assert_array_equal(normalisation.vertex(jnp.array([3.0, 4.0, 1e6])), [3, 2, LIMIT])
