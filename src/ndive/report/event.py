"""A page that shows many jets in three dimensions, one at a time, with a choice of fits."""

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from string import Template
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from plotly.offline import get_plotlyjs

from ndive.evaluation import Example, Predictions, relative_weights, two_digits
from ndive.report.display import (
    AXIS_TITLES,
    ORIGIN_LINES,
    aspect,
    ellipsoid,
    fit_colours,
    helices,
    jet_frame,
    jet_title,
    scene_ranges,
)
from ndive.schema import load_schema

WIDTHS = (2.0, 9.0)
"""Pixels of the best and of the worst measured track."""

ERRORS = (0.01, 0.3)
"""mm of the error of d0 that have these widths; between them the width grows with its logarithm."""

DIGITS = 4

CAPTION = (
    "The first axis lies along the jet; all have one scale, in mm. Tracks are helices: the wider, the "
    "larger the error of d0; the fainter, the smaller the weight in the chosen fit, over the largest. "
    "Dashed tracks are of other origin. The ellipsoid is one standard deviation of the fitted vertex, by "
    "its sandwich covariance. Go on with the menus or the arrow keys, turn with the mouse or a finger."
)


@dataclass(frozen=True, kw_only=True)
class EventJet:
    """One jet, and for each fit by name the predictions for it as arrays of one row."""

    example: Example
    fits: Mapping[str, Predictions]


def event_page(jets: Sequence[EventJet], title: str) -> str:
    """The page as HTML that needs no other file and no network; at least one jet, all with the same fits."""
    room = resources.files("ndive.report")
    event = {
        "jets": [_jet(jet) for jet in jets],
        "axes": AXIS_TITLES,
        "aspect": aspect(),
        "origins": [
            {
                "title": origin.title,
                "colour": ORIGIN_LINES[origin.name][0],
                "dash": ORIGIN_LINES[origin.name][1],
            }
            for origin in load_schema().origin_classes
        ],
    }
    return Template(room.joinpath("event.html").read_text(encoding="utf-8")).substitute(
        title=html.escape(title),
        plotly=get_plotlyjs(),
        caption=html.escape(CAPTION),
        event=json.dumps(event, allow_nan=False).replace("</", "<\\/"),
        script=room.joinpath("event.js").read_text(encoding="utf-8"),
    )


def _jet(jet: EventJet) -> dict[str, Any]:
    example = jet.example
    frame = jet_frame(float(example.batch.jet.eta), float(example.batch.jet.phi))
    decay = frame @ example.truth.hadron_vertex[0]
    points = [{"name": "primary vertex", "at": [0, 0, 0], "colour": "black", "symbol": "circle"}]
    if decay.any():
        points.append({"name": "true decay", "at": _plain(decay), "colour": "black", "symbol": "diamond"})
    real = np.flatnonzero(example.truth.real[0])
    return {
        "row": example.row,
        "title": jet_title(example),
        "ranges": scene_ranges(example),
        "points": points,
        "tracks": [
            _track(example, int(slot), points)
            for slot, points in zip(real, _lines(example, frame), strict=True)
        ],
        "fits": [
            _fit(name, colour, predictions, example.truth.real, decay, frame)
            for (name, predictions), colour in zip(jet.fits.items(), fit_colours(len(jet.fits)), strict=True)
        ],
    }


def _lines(example: Example, frame: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "tracks points 3"]:
    return helices(example)[example.truth.real[0]] @ frame.T


def _track(example: Example, slot: int, points: Float[np.ndarray, "points 3"]) -> dict[str, Any]:
    tracks = example.batch.jet.tracks
    error = float(np.sqrt(tracks.covariance[slot, 0, 0]))
    _, _, _, theta, q_over_p = (float(value) for value in tracks.parameters[slot])
    pt = np.sin(theta) / max(abs(q_over_p), 1e-6)
    origin = int(example.truth.origin[0, slot])
    title = load_schema().origin_classes[origin].title
    x, y, z = (_plain(column) for column in points.T)
    return {
        "x": x,
        "y": y,
        "z": z,
        "origin": origin,
        "width": round(float(np.interp(np.log(error), np.log(ERRORS), WIDTHS)), 2),
        "text": f"truly {title}<br>pT {pt:.2g} GeV<br>error of d0 {1000 * error:.0f} µm",
    }


def _fit(
    name: str,
    colour: str,
    predictions: Predictions,
    real: Bool[np.ndarray, "1 slots"],
    decay: Float[np.ndarray, "3"],
    frame: Float[np.ndarray, "3 3"],
) -> dict[str, Any]:
    """What one model or selection says of a jet; weights are parts of the largest, all one if it has none."""
    fit: dict[str, Any] = {"name": name, "colour": colour, "weights": [1.0] * int(real.sum())}
    if predictions.origin is not None:
        fit["predicted"] = predictions.origin[real].argmax(axis=-1).tolist()
    vertices = predictions.vertices
    if vertices is None:
        return fit | {"lacks": "fits no vertex"}
    fit["weights"] = _plain(relative_weights(vertices.track_weights, real)[real])
    if not vertices.valid[0]:
        fit["lacks"] = "no valid fit"
    else:
        position = frame @ vertices.position[0]
        surface = ellipsoid(position, frame @ vertices.sandwich_covariance[0] @ frame.T, n_angles=16)
        fit["vertex"] = _plain(position)
        fit["distance"] = two_digits(float(np.linalg.norm(position - decay)))
        fit["ellipsoid"] = dict(
            zip("xyz", (_plain(grid) for grid in np.moveaxis(surface, -1, 0)), strict=True)
        )
    return fit


def _plain(values: np.ndarray) -> list[Any]:
    return np.round(np.asarray(values, float), DIGITS).tolist()
