"""The devices of a run, in a row: each has all parameters and a share of the jets of a batch."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec

AXIS = "devices"
ALIKE = PartitionSpec()

Tree = TypeVar("Tree")


def in_a_row(devices: Sequence[jax.Device] = ()) -> Mesh:
    """`devices`, those of other processes too, as a mesh of one axis; without any, that of new arrays."""
    return Mesh(np.array(devices or list(jax.numpy.zeros(()).devices())), (AXIS,))


def over_devices(tree: Tree) -> Tree:
    """Inside of what runs on each device: the sums over all of them."""
    return jax.lax.psum(tree, AXIS)


def alike(tree: Tree, mesh: Mesh) -> Tree:
    """Arrays of this process's first device on all devices; there the buffers stay the same."""
    sharding = NamedSharding(mesh, ALIKE)

    def of(leaf: jax.Array) -> jax.Array:
        copies = [jax.device_put(leaf, device) for device in mesh.local_devices]
        return jax.make_array_from_single_device_arrays(leaf.shape, sharding, copies)

    return jax.tree.map(of, tree)


def shared_out(tree: Tree, mesh: Mesh, spec: PartitionSpec) -> Tree:
    """Arrays that each process has whole, the shares of its devices on them."""
    sharding = NamedSharding(mesh, spec)
    return jax.tree.map(
        lambda leaf: jax.make_array_from_callback(leaf.shape, sharding, leaf.__getitem__), tree
    )


def here(tree: Tree) -> Tree:
    """Arrays that are alike on all devices, on the first of this process."""
    return jax.tree.map(lambda leaf: leaf.addressable_data(0), tree)


def is_first_process() -> bool:
    """Whether this process is the one that writes and speaks; of one process it is."""
    return jax.process_index() == 0


def any_process(asked: Callable[[], bool]) -> Callable[[], bool]:
    """Whether one of all processes is `asked`, to be called by all of them together."""
    if jax.process_count() == 1:
        return asked
    return lambda: bool(np.any(multihost_utils.process_allgather(np.asarray(asked()))))
