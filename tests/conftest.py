"""What all tests share: toy jets with known truth, by formulas of their own, and a compiler in a hurry."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import jax
import numpy as np
import pytest

FIELD = 2.0
BEND = -0.299792458e-3 * FIELD


@dataclass(frozen=True)
class ToyJets:
    """True vertices `[B, 3]`, measured parameters `[B, n, 5]` and covariances `[B, n, 5, 5]`."""

    vertex: np.ndarray
    parameters: np.ndarray
    covariance: np.ndarray
    truth: np.ndarray


def perigee(vertex: np.ndarray, phi: np.ndarray, theta: np.ndarray, q_over_p: np.ndarray) -> np.ndarray:
    """Perigee about the origin of a curved track at `vertex`, from the centre of its circle."""
    rho = BEND * q_over_p / np.sin(theta)
    centre_x = vertex[..., 0] - np.sin(phi) / rho
    centre_y = vertex[..., 1] + np.cos(phi) / rho
    distance = np.hypot(centre_x, centre_y)
    phi0 = np.arctan2(centre_x * np.sign(rho), -centre_y * np.sign(rho)) + np.pi
    phi0 = (phi0 + np.pi) % (2 * np.pi) - np.pi
    d0 = np.sign(rho) * distance - 1 / rho
    turned = (phi - phi0 + np.pi) % (2 * np.pi) - np.pi
    z0 = vertex[..., 2] - turned / rho / np.tan(theta)
    return np.stack([d0, z0, phi0, theta, q_over_p], axis=-1)


def make_toy_jets(
    *, jets: int, tracks: int, seed: int, flight: float = 5.0, pt: float = 3.0, prompt: float = 0.0
) -> ToyJets:
    """Jets whose tracks come from a vertex `flight` mm away, a part `prompt` of them from the origin."""
    rng = np.random.default_rng(seed)
    axis, eta = rng.uniform(-np.pi, np.pi, jets), rng.uniform(-2, 2, jets)
    far = rng.exponential(flight, jets) + 0.1
    vertex = np.stack([far * np.cos(axis), far * np.sin(axis), far * np.sinh(eta)], -1)
    shape = (jets, tracks)
    phi = axis[:, None] + rng.normal(0, 0.15, shape)
    pseudo = eta[:, None] + rng.normal(0, 0.15, shape)
    transverse = np.exp(rng.normal(np.log(pt), 0.6, shape)) + 0.4
    theta = 2 * np.arctan(np.exp(-pseudo))
    q_over_p = rng.choice([-1.0, 1.0], shape) * np.sin(theta) / transverse
    origin = np.where(rng.random(shape)[..., None] < prompt, 0, vertex[:, None])
    truth = perigee(origin, phi, theta, q_over_p)
    sigma = np.stack(
        [
            0.01 + 0.06 / transverse,
            0.07 + 0.1 / transverse,
            2e-4 + 1.5e-3 / transverse,
            3e-4 + 1e-3 / transverse,
            0.012 / transverse,
        ],
        -1,
    )
    mixing = np.eye(5) + 0.25 * rng.normal(size=(*shape, 5, 5))
    correlation = mixing @ np.swapaxes(mixing, -1, -2) + 0.05 * np.eye(5)
    norm = np.sqrt(np.diagonal(correlation, axis1=-2, axis2=-1))
    correlation = correlation / norm[..., :, None] / norm[..., None, :]
    covariance = correlation * sigma[..., :, None] * sigma[..., None, :]
    noise = np.linalg.cholesky(covariance) @ rng.normal(size=(*shape, 5, 1))
    return ToyJets(vertex, truth + noise[..., 0], covariance, truth)


HURRY = "--xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1"
"""The tests' arrays are tiny and most of their time is the compiler's: with these it takes half of it."""


def pytest_configure() -> None:
    """Set the flags for this process and its children, where XLA knows them: it aborts where it does not.

    This process gets a second device, to share out the jets of a batch.
    """
    if "XLA_FLAGS" not in os.environ:
        hurried = {**os.environ, "XLA_FLAGS": HURRY}
        probe = [sys.executable, "-c", "import jax; jax.numpy.zeros(1)"]
        known = subprocess.run(probe, env=hurried, capture_output=True, check=False).returncode == 0
        os.environ["XLA_FLAGS"] = HURRY if known else ""
    jax.config.update("jax_num_cpu_devices", 2)


@pytest.fixture(scope="session")
def toy_jets() -> Callable[..., ToyJets]:
    return make_toy_jets


@pytest.fixture(scope="session")
def toy_perigee() -> Callable[..., np.ndarray]:
    return perigee


@pytest.fixture(scope="module")
def quick_compilation() -> Iterator[None]:
    """Programs compiled without much care: the arrays are tiny, the compiler's time is the tests' time."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


@pytest.fixture
def x64() -> Iterator[None]:
    with jax.enable_x64(True):
        yield
