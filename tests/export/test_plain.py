"""What is said in other words says the same."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from ndive.export.plain import plain

X = np.array([1.0, -2.0, 0.3, -1e-3, 0.0, 5.0, -1.0, 1e4])
Y = np.array([0.5, 1.0, -2.0, -1e-9, 0.0, 0.0, 0.0, 1e-4])


def said_plainly(function, *arguments):
    shapes = [jax.ShapeDtypeStruct(argument.shape, argument.dtype) for argument in arguments]
    (found,) = plain(function, *shapes)(*map(jnp.asarray, arguments))
    return found


@pytest.mark.usefixtures("x64")
def test_tangents():
    np.testing.assert_allclose(said_plainly(jnp.tan, X), np.tan(X), rtol=1e-14)


@pytest.mark.usefixtures("x64")
def test_half_of_the_digits_of_an_angle_lead_to_all(monkeypatch):
    of_all = lax.atan2
    monkeypatch.setattr(
        lax, "atan2", lambda y, x: of_all(*map(jnp.float32, (y, x))).astype(jnp.float64) + 1e-7
    )
    np.testing.assert_allclose(said_plainly(jnp.arctan2, Y, X)[X != 0], np.arctan2(Y, X)[X != 0], atol=1e-15)
    np.testing.assert_allclose(said_plainly(jnp.arctan, X), np.arctan(X), atol=1e-15)
    assert np.isfinite(said_plainly(jnp.arctan2, Y, X)).all()
