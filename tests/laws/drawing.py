"""What Hypothesis draws for the laws: few examples, the same in every run, and the bad places on purpose."""

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

law = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

angles = st.sampled_from([0.0, np.pi, -np.pi, np.pi / 2]) | st.floats(-np.pi, np.pi)
"""Turns about the beam."""

seeds = st.integers(0, 2**32 - 1)


def lengths(largest: float) -> st.SearchStrategy[float]:
    """mm, zero and nearly zero among them."""
    return st.sampled_from([0.0, 1e-9]) | st.floats(-largest, largest)


@st.composite
def points(draw: DrawFn, largest: float = 60.0) -> np.ndarray:
    """Points in mm."""
    return np.array([draw(lengths(largest)) for _ in range(3)])


@st.composite
def perigees(draw: DrawFn) -> np.ndarray:
    """Perigees whose helices turn by less than a quarter over 200 mm in four tesla."""
    phi = st.sampled_from([np.pi, -np.pi, np.pi - 1e-12, 0.0, -np.pi / 2]) | st.floats(-np.pi, np.pi)
    q_over_p = st.sampled_from([0.0, 1e-12, -1e-12, 1e-7]) | st.floats(-1, 1)
    return np.array(
        [draw(lengths(50)), draw(lengths(200)), draw(phi), draw(st.floats(0.2, np.pi - 0.2)), draw(q_over_p)]
    )
