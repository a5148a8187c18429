"""What a model says of jets, computed in blocks of jets with like numbers of tracks as in training."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PyTree, Shaped
from scipy.special import softmax

from ndive.data import Batch, packed, padded
from ndive.data.batch import taken
from ndive.evaluation.grouping import NO_TRACK, vertex_indices
from ndive.evaluation.predictions import FittedVertices, Predictions
from ndive.models import NDIVE, Model, TaggerOutput, VertexerOutput
from ndive.training.forward import fitted, tagged, weighed
from ndive.training.stacking import JETS_A_BLOCK, Blocks, with_slots_needed

Rows = Int[np.ndarray, "blocks size"]

NO_JET = -1
"""The row of a jet that fills up a block: the one put behind the last of its batch."""


class Arranged(NamedTuple):
    """Jets of a batch in blocks, those in use first; `rows` of the batch that they are, -1 for padding.

    The tracks of each are in its first slots; `real` says in which slots of the batch they are.
    """

    blocks: Blocks
    rows: Rows
    real: Bool[np.ndarray, "jets slots"]


def arranged(batch: Batch, most: int, slots: tuple[int, ...]) -> Arranged:
    """Blocks of jets that need equally many of `slots`, in rising order, the last of them all that there are.

    There are as many blocks as `most` jets can fill, so that all batches have one shape; none may have more.
    Of `slots` a jet gets as many as its own tracks need: its neighbours change nothing but the last digit.
    """
    real = np.asarray(batch.jet.tracks.mask)
    needs = np.searchsorted(slots, real.sum(axis=-1))
    kinds = [_in_rows(np.flatnonzero(needs == kind)) for kind in range(len(slots))]
    used = [len(kind) for kind in kinds]
    unused = -(-most // JETS_A_BLOCK) + len(slots) - 1 - sum(used)
    rows = np.concatenate([*kinds, np.full((unused, JETS_A_BLOCK), NO_JET)])
    blocks = Blocks(
        jets=taken(packed(padded(batch, len(real) + 1)), rows),
        needs=np.pad(np.repeat(np.arange(len(slots), dtype=np.int32), used), (0, unused)),
        slots=slots,
    )
    return Arranged(blocks=blocks, rows=rows, real=real)


def computed(model: Model, jets: Arranged) -> VertexerOutput | TaggerOutput:
    """What `model` gives for each jet, with leading axes blocks and jets; zeros in blocks without a jet.

    What belongs to tracks has all slots, zeros behind those that a block needs.
    """
    used = (jets.rows != NO_JET).any(axis=-1)
    return _computed(model, jets.blocks, jnp.asarray(used.sum(), jnp.int32))


def predictions(output: VertexerOutput | TaggerOutput, jets: Arranged) -> Predictions:
    """What was `computed`, as NumPy arrays in the order of the batch, tracks in the slots that they had."""
    real = jets.real
    order = np.argsort(jets.rows, axis=None, kind="stable")[jets.rows.size - len(real) :]

    def ordered(leaf: Shaped[Array, "blocks size ..."]) -> Shaped[np.ndarray, "jets ..."]:
        return np.asarray(leaf).reshape(-1, *leaf.shape[2:])[order]

    vertices = _vertices(output, ordered, real)
    if isinstance(output, VertexerOutput):
        return Predictions(flavour=None, origin=None, vertex_index=None, vertices=vertices)
    joined = vertex_indices(ordered(output.pairing_logits), _first(real))
    return Predictions(
        flavour=softmax(ordered(output.flavour_logits), axis=-1),
        origin=_unpacked(softmax(ordered(output.origin_logits), axis=-1), real, 0),
        vertex_index=_unpacked(joined, real, NO_TRACK),
        vertices=vertices,
    )


def _in_rows(jets: Int[np.ndarray, " jets"]) -> Rows:
    filled = np.pad(jets, (0, -len(jets) % JETS_A_BLOCK), constant_values=NO_JET)
    return filled.reshape(-1, JETS_A_BLOCK)


@eqx.filter_jit
def _computed(model: Model, blocks: Blocks, count: Int[Array, ""]) -> VertexerOutput | TaggerOutput:
    """The outputs of the first `count` blocks, one after the other."""
    blocks = jax.tree.map(jnp.asarray, blocks)

    def of(k: Int[Array, ""]) -> VertexerOutput | TaggerOutput:
        return _of_block(model, jax.tree.map(lambda leaf: leaf[k], blocks))

    def one(k: Int[Array, ""], outputs: PyTree) -> PyTree:
        return jax.tree.map(lambda whole, leaf: whole.at[k].set(leaf), outputs, of(k))

    shapes = jax.eval_shape(of, jnp.zeros((), jnp.int32))
    nothing = jax.tree.map(lambda leaf: jnp.zeros((len(blocks.needs), *leaf.shape), leaf.dtype), shapes)
    return jax.lax.fori_loop(0, count, one, nothing)


def _of_block(model: Model, block: Blocks) -> VertexerOutput | TaggerOutput:
    """The outputs of one block: its networks see the slots that it needs, its fit all of them."""
    if isinstance(model, NDIVE):
        return _fits(model, block)
    found = None if model.vertexer is None else _fits(model.vertexer, block)
    n_slots = block.jets.jet.tracks.mask.shape[-1]

    def tag(jets: Batch, position: Float[Array, "jets 3"] | None) -> TaggerOutput:
        return _filled(tagged(model, jets, position), n_slots)

    position = model.position(found, jnp.asarray(block.jets.truth.hadron_vertex))
    output = with_slots_needed(tag, block, position)
    return output if found is None else output.with_fit(found)


def _fits(vertexer: NDIVE, block: Blocks) -> VertexerOutput:
    return fitted(vertexer, block.jets, weighed(vertexer, block))


def _filled(output: TaggerOutput, n_slots: int) -> TaggerOutput:
    """The same with rows of zeros up to `n_slots` slots."""
    missing = 0, n_slots - output.origin_logits.shape[-2]
    return replace(
        output,
        origin_logits=jnp.pad(output.origin_logits, ((0, 0), missing, (0, 0))),
        pairing_logits=jnp.pad(output.pairing_logits, ((0, 0), missing, missing)),
    )


def _vertices(
    output: VertexerOutput | TaggerOutput,
    ordered: Callable[[Array], np.ndarray],
    real: Bool[np.ndarray, "jets slots"],
) -> FittedVertices | None:
    vertex, weights, ghost = output.vertex, output.weights, output.ghost_weight
    if vertex is None or weights is None:
        return None
    return FittedVertices(
        position=ordered(vertex.position),
        covariance=ordered(vertex.covariance),
        sandwich_covariance=ordered(vertex.sandwich_covariance),
        chi2=ordered(vertex.chi2),
        ndf=ordered(vertex.ndf),
        iterations=ordered(vertex.iterations),
        status=ordered(vertex.status),
        valid=ordered(vertex.valid),
        track_weights=_unpacked(ordered(weights), real, 0),
        ghost_weight=None if ghost is None else ordered(ghost),
    )


def _first(real: Bool[np.ndarray, "jets slots"]) -> Bool[np.ndarray, "jets slots"]:
    """The slots of the tracks of each jet once they are packed."""
    return np.arange(real.shape[-1]) < real.sum(axis=-1, keepdims=True)


def _unpacked(
    packed: Shaped[np.ndarray, "jets slots ..."], real: Bool[np.ndarray, "jets slots"], empty: float
) -> Shaped[np.ndarray, "jets slots ..."]:
    """What belongs to the tracks of each jet, put from its first slots into those that are `real`."""
    there = np.full(packed.shape, empty, packed.dtype)
    there[real] = packed[_first(real)]
    return there
