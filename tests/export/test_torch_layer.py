"""The fit inside PyTorch: its gradients, its memory, its processes, and what it refuses."""

import pickle
import subprocess
import sys
from functools import cache

import jax
import numpy as np
import pytest

from ndive.errors import ArgumentError, ShapeError
from tests.conftest import make_toy_jets, perigee
from tests.vertexing.reference import fit_by_scipy

torch = pytest.importorskip("torch")

from ndive.export.torch_arrays import check_device, to_jax, to_torch  # noqa: E402
from ndive.export.torch_layer import _fit  # noqa: E402
from ndive.torch import Constraint, Vertex, VertexFit, fit_vertex  # noqa: E402

pytestmark = pytest.mark.usefixtures("quick_compilation")

JETS = make_toy_jets(jets=2, tracks=3, seed=4)
PARAMETERS, COVARIANCE = torch.from_numpy(JETS.parameters), torch.from_numpy(JETS.covariance)
WEIGHTS = torch.tensor([[0.9, 0.6, 0.3], [0.2, 1.0, 0.7]], dtype=torch.float64)
SPOT = Constraint(torch.zeros(3, dtype=torch.float64), torch.eye(3, dtype=torch.float64) / 400)
SMOOTH = Vertex._fields[:6]


def moved(weights, moves, spread, mean, information):
    """The fit of inputs that have moved, the tracks in units of their errors."""
    sigma = COVARIANCE.diagonal(dim1=-2, dim2=-1).sqrt()
    both = (spread + spread.mT) / 2
    return fit_vertex(
        PARAMETERS + moves * sigma,
        COVARIANCE + both * sigma[..., :, None] * sigma[..., None, :],
        weights,
        constraint=Constraint(mean, information + information.mT),
    )


def inputs():
    """Where the derivatives are checked."""
    zeros = torch.zeros_like
    given = (WEIGHTS, zeros(PARAMETERS), zeros(COVARIANCE), SPOT.mean, SPOT.information / 2)
    return tuple(x.clone().requires_grad_() for x in given)


@cache
def by_scipy():
    """The fits of the two jets by other means."""
    jets = zip(JETS.parameters, JETS.covariance, WEIGHTS.numpy(), JETS.vertex, strict=True)
    return [fit_by_scipy(perigee, *jet) for jet in jets]


class OfWorkers(torch.utils.data.Dataset):
    """Jets whose vertex is fitted where they are read."""

    def __len__(self):
        return 2

    def __getitem__(self, jet):
        return fit_vertex(PARAMETERS[jet], COVARIANCE[jet], WEIGHTS[jet]).position


def test_gradcheck_in_double_precision_while_jax_stays_in_single():
    def all_outputs(*moving):
        return torch.cat([getattr(moved(*moving), name).flatten() for name in SMOOTH])

    assert torch.autograd.gradcheck(all_outputs, inputs(), eps=1e-3, atol=1e-6, rtol=1e-4)
    assert jax.numpy.zeros(1).dtype == np.float32


def test_the_vertex_is_that_of_scipy_and_single_precision_stays_single():
    vertex = fit_vertex(PARAMETERS.float(), COVARIANCE.float(), WEIGHTS)
    for jet, expected in enumerate(by_scipy()):
        error = np.sqrt(np.diagonal(expected.covariance))
        assert np.all(np.abs(vertex.position[jet].numpy() - expected.position) < 0.01 * error)
        np.testing.assert_allclose(vertex.covariance[jet], expected.covariance, rtol=1e-2)
    assert all(getattr(vertex, name).dtype == torch.float32 for name in SMOOTH)
    assert vertex.valid.all()
    assert vertex.ndf.tolist() == [3, 3]


def test_nothing_is_recorded_without_gradients():
    single = (PARAMETERS.float(), COVARIANCE.float(), WEIGHTS.clone().requires_grad_())
    with torch.no_grad():
        assert fit_vertex(*single).position.grad_fn is None
    vertex = moved(*inputs())
    assert vertex.position.requires_grad
    assert not vertex.status.requires_grad


def test_a_tensor_changed_in_place_is_refused_before_it_spoils_the_gradient():
    weights, *others = inputs()
    scaled = weights * 1.0
    vertex = moved(scaled, *others)
    scaled.detach().mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        vertex.position.sum().backward()


def test_outputs_may_be_changed_in_place():
    given = inputs()
    (expected,) = torch.autograd.grad(moved(*given).position[1].sum(), given[:1])
    position = moved(*given).position
    position[0] = 0.0
    (found,) = torch.autograd.grad(position.sum(), given[:1])
    assert torch.equal(found, expected)
    assert found[1].abs().max() > 0


def test_memory_is_shared_where_it_can_be():
    tensor = torch.arange(32.0)
    array = to_jax(tensor)
    assert array.unsafe_buffer_pointer() == tensor.data_ptr() == to_torch(array).data_ptr()
    for odd in (tensor[1:], tensor.reshape(4, 8).mT, tensor[:4, None].expand(4, 3), tensor[:0], tensor > 3):
        np.testing.assert_array_equal(to_jax(odd), odd.numpy())


def test_padded_batches_share_one_program():
    fit = VertexFit(pad=True)
    three = fit(PARAMETERS[[0, 1, 0]], COVARIANCE[[0, 1, 0]], WEIGHTS[[0, 1, 0]])
    programs = _fit._cache_size()
    again = [0, 1, 2, 2]
    unused = torch.nn.functional.pad(WEIGHTS[[0, 1, 0, 1]], (0, 1))
    four = fit(PARAMETERS[[0, 1, 0, 1]][:, again], COVARIANCE[[0, 1, 0, 1]][:, again], unused)
    assert _fit._cache_size() == programs
    assert three.momenta.shape == (3, 3, 3)
    assert four.track_chi2.shape == (4, 4)
    torch.testing.assert_close(three.chi2, four.chi2[:3], rtol=1e-9, atol=1e-9)
    for jet, expected in enumerate(by_scipy()):
        error = np.sqrt(np.diagonal(expected.covariance))
        assert np.all(np.abs(three.position[jet].numpy() - expected.position) < 1e-6 * error)
        np.testing.assert_allclose(three.covariance[jet], expected.covariance, rtol=1e-5)


def test_the_module_can_be_pickled_and_printed():
    fit = pickle.loads(pickle.dumps(VertexFit(field=3.8, max_steps=20)))
    assert repr(fit) == "VertexFit(field=3.8, max_steps=20, pad=False)"
    assert not list(fit.parameters())
    with pytest.raises(ArgumentError, match="max_steps is 0, allowed: 1 or more"):
        VertexFit(max_steps=0)


def test_spawned_workers_fit(monkeypatch):
    monkeypatch.setenv("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
    loader = torch.utils.data.DataLoader(
        OfWorkers(), batch_size=2, num_workers=1, multiprocessing_context="spawn"
    )
    (positions,) = list(loader)
    for found, expected in zip(positions.numpy(), by_scipy(), strict=True):
        error = np.sqrt(np.diagonal(expected.covariance))
        assert np.all(np.abs(found - expected.position) < 1e-6 * error)


def test_forked_workers_are_refused_in_one_line():
    code = """
import torch
from ndive.torch import fit_vertex
class Jets(torch.utils.data.Dataset):
    __len__ = lambda self: 1
    __getitem__ = lambda self, jet: fit_vertex(torch.zeros(2, 5), torch.zeros(2, 5, 5))
list(torch.utils.data.DataLoader(Jets(), num_workers=1, multiprocessing_context="fork"))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    said = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 1
    assert said.startswith("ndive.errors.ArgumentError: the fit was called in a forked process")
    assert "multiprocessing_context='spawn'" in said


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"parameters": PARAMETERS.half()},
            r"parameters have dtype torch\.float16; they take torch\.float32",
        ),
        ({"weights": WEIGHTS.to("meta")}, "weights is on meta, parameters are on cpu; they take one device"),
        ({"parameters": PARAMETERS.to("meta")}, "tensors on meta; the fit takes them on cpu or cuda"),
        ({"weights": WEIGHTS[:, :2]}, r"weights have shape \(2, 2\); they take \[\.\.\., 3\]"),
        ({"mask": WEIGHTS}, "mask has dtype float64; it takes bool"),
    ],
)
def test_what_it_refuses(change, message):
    given = {"parameters": PARAMETERS, "covariance": COVARIANCE, **change}
    with pytest.raises((ArgumentError, ShapeError), match=message):
        fit_vertex(**given)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is CUDA")
def test_cuda_without_jax_for_it_is_refused_with_the_way_out():
    with pytest.raises(ArgumentError, match=r"JAX has no CUDA here: pip install 'jax\[cuda12\]'"):
        check_device(torch.device("cuda"))
