"""What a model says of every jet of a sample, in file order, with the truth beside it."""

import equinox as eqx
import numpy as np
from jaxtyping import Bool, Float, Int, Integer, Num

from ndive.schema import load_schema

MINIMUM_TRACKS = 2
"""Vertex figures use jets with at least so many tracks from the hadron's vertex (arXiv:2310.12804)."""


class JetTable(eqx.Module):
    """Kinematics and truth of the jets. Lengths in mm, momenta in GeV.

    `flavour` indexes the schema's flavours. `origin` indexes its origin classes and is -1 in empty slots.
    `hadron_vertex` is the decay vertex of the labelling hadron, (0, 0, 0) for light jets.
    `vertex_index` is equal for tracks of one true vertex; negative values match nothing.
    `perfect_weights` are 1 for the tracks from that vertex (light jets: from the primary vertex), else 0.
    """

    flavour: Integer[np.ndarray, " jets"]
    pt: Float[np.ndarray, " jets"]
    eta: Float[np.ndarray, " jets"]
    hadron_vertex: Float[np.ndarray, "jets 3"]
    origin: Integer[np.ndarray, "jets slots"]
    vertex_index: Integer[np.ndarray, "jets slots"]
    perfect_weights: Float[np.ndarray, "jets slots"]

    @property
    def real(self) -> Bool[np.ndarray, "jets slots"]:
        """The slots that hold a track."""
        return self.origin >= 0

    @property
    def decay(self) -> Bool[np.ndarray, "jets slots"]:
        """The tracks from the decay of a b or c hadron."""
        names = [origin_class.name for origin_class in load_schema().origin_classes]
        return (self.origin == names.index("from_b")) | (self.origin == names.index("from_c"))

    @property
    def n_tracks(self) -> Int[np.ndarray, " jets"]:
        """Tracks of each jet."""
        return self.real.sum(axis=-1)

    @property
    def n_decay_tracks(self) -> Int[np.ndarray, " jets"]:
        """Tracks of each jet from the decay of a b or c hadron."""
        return self.decay.sum(axis=-1)

    @property
    def decay_length(self) -> Float[np.ndarray, " jets"]:
        """Distance of the hadron's decay vertex from the primary vertex, mm."""
        return np.linalg.norm(self.hadron_vertex, axis=-1)

    @property
    def abs_eta(self) -> Float[np.ndarray, " jets"]:
        """Absolute pseudorapidity of each jet."""
        return np.abs(self.eta)

    @property
    def flight(self) -> Float[np.ndarray, "jets 3"]:
        """Unit vector from the primary vertex to the decay vertex; zero where they are one."""
        length = self.decay_length[:, None]
        return np.divide(self.hadron_vertex, length, where=length > 0, out=np.zeros_like(self.hadron_vertex))

    @property
    def has_vertex(self) -> Bool[np.ndarray, " jets"]:
        """Jets with at least two tracks from the hadron's vertex."""
        return self.perfect_weights.sum(axis=-1) >= MINIMUM_TRACKS


class FittedVertices(eqx.Module):
    """One fitted vertex a jet; the fields of `ndive.Vertex` that figures need, in mm.

    `track_weights` are those of the fit in the slots of the jet, zero in empty ones; `ghost_weight` that of
    the ghost track, `None` where the fit has none.
    """

    position: Float[np.ndarray, "jets 3"]
    covariance: Float[np.ndarray, "jets 3 3"]
    sandwich_covariance: Float[np.ndarray, "jets 3 3"]
    chi2: Float[np.ndarray, " jets"]
    ndf: Num[np.ndarray, " jets"]
    iterations: Integer[np.ndarray, " jets"]
    status: Integer[np.ndarray, " jets"]
    valid: Bool[np.ndarray, " jets"]
    track_weights: Float[np.ndarray, "jets slots"]
    ghost_weight: Float[np.ndarray, " jets"] | None


class Predictions(eqx.Module):
    """All outputs of one model on one sample; `None` where the model has no such output.

    `flavour` `[jets, 3]` and `origin` `[jets, slots, 4]` are probabilities, zeros in empty slots.
    `vertex_index` `[jets, slots]` is equal for the tracks that the pairing head joins to one vertex, -1 in
    empty slots.
    """

    flavour: Float[np.ndarray, "jets 3"] | None
    origin: Float[np.ndarray, "jets slots 4"] | None
    vertex_index: Integer[np.ndarray, "jets slots"] | None
    vertices: FittedVertices | None
