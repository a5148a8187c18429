"""A model, or the fit alone, as one function of named arrays: what every other runtime gets."""

from collections.abc import Callable

import jax
from jaxtyping import Array

from ndive.errors import ArgumentError
from ndive.export.shapes import Axes
from ndive.models import Model, TaggerOutput
from ndive.tracks import Jet, Tracks
from ndive.vertexing import Vertex, fit_vertex

Arrays = dict[str, Array]
Program = Callable[[Arrays], Arrays]

TRACKS: dict[str, Axes] = {
    "parameters": ("b", "n", 5),
    "covariance": ("b", "n", 5, 5),
    "mask": ("b", "n"),
    "field": ("b",),
}
"""Inputs that are the fields of `ndive.Tracks`, b jets of n slots: mm, rad, 1/GeV, tesla."""

MODEL_INPUTS: dict[str, Axes] = {"pt": ("b",), "eta": ("b",), "phi": ("b",), **TRACKS}
"""Those of a model: the jet's axis and pT in GeV, and its tracks about the origin."""

FIT_INPUTS: dict[str, Axes] = {**TRACKS, "weights": ("b", "n")}
"""Those of the fit alone."""

VERTEX = ("position", "covariance", "sandwich_covariance", "track_chi2", "chi2", "ndf", "momenta", "status")
"""The fields of `ndive.Vertex` that are outputs, with `vertex_` before their names."""


def model_program(model: Model) -> Program:
    """The outputs of a model on a batch of jets.

    A tagger gives the probabilities `flavour` `[b, 3]`, `origin` `[b, n, 4]` and `same_vertex` `[b, n, n]`,
    all models with a fit the track weights `weights` `[b, n]` and `vertex_…`.

    **Raises:** `ArgumentError` where the model reads the truth.
    """
    check_reads_no_truth(model)

    def program(inputs: Arrays) -> Arrays:
        tracks = {name: inputs[name] for name in TRACKS}
        output = jax.vmap(model)(Jet(inputs["pt"], inputs["eta"], inputs["phi"], Tracks(**tracks)))
        named: Arrays = {}
        if isinstance(output, TaggerOutput):
            named["flavour"] = jax.nn.softmax(output.flavour_logits)
            named["origin"] = jax.nn.softmax(output.origin_logits)
            named["same_vertex"] = jax.nn.sigmoid(output.pairing_logits)
        if output.vertex is not None and output.weights is not None:
            named["weights"] = output.weights
            named |= _fields(output.vertex)
        return named

    return program


def fit_program(inputs: Arrays) -> Arrays:
    """The fit alone, of tracks with given weights: `vertex_…`, the fields of `VERTEX`."""
    return _fields(fit_vertex(Tracks(**{name: inputs[name] for name in TRACKS}), inputs["weights"]))


def check_reads_no_truth(model: Model) -> None:
    """Refuse a model that only runs where the truth is known.

    **Raises:** `ArgumentError`.
    """
    name = getattr(model, "vertexer_name", "none")
    vertexer = getattr(model, "vertexer", model)
    if name == "true_vertex":
        raise ArgumentError(
            "the vertexer 'true_vertex' reads the truth, which jets of a detector do not have"
        )
    if getattr(vertexer, "activation", "none") == "perfect":
        raise ArgumentError("the activation 'perfect' reads the truth, which jets of a detector do not have")


def _fields(vertex: Vertex) -> Arrays:
    return {f"vertex_{name}": getattr(vertex, name) for name in VERTEX}
