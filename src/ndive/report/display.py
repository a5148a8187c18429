"""Jets in three dimensions: tracks as helices, vertices with their one-sigma ellipsoids, the jet axis.

The frame is turned so that the first axis is that of the jet; all three have the same scale.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float

from ndive.evaluation import Example, FittedVertices, flavour_title, relative_weights
from ndive.schema import load_schema
from ndive.tracks import point_at_arc_length

BEHIND = -0.2
"""Where tracks begin, before their perigee, in units of the extent of the scene."""

HALF_WIDTH = 0.3
"""How far the scene reaches to each side of the jet axis, in the same units."""

N_POINTS = 60
"""Points on each helix."""

ORIGIN_LINES = {
    "from_b": ("#0072b2", "solid"),
    "from_c": ("#d55e00", "solid"),
    "primary": ("#6f6f6f", "solid"),
    "other": ("#cc79a7", "dash"),
}
FIT_COLOURS = ("#009e73", "#e69f00", "#7a21dd", "#56b4e9", "#a0522d")
FAINTEST = 0.15
AXIS_TITLES = {"x": "along the jet [mm]", "y": "across [mm]", "z": "across [mm]"}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One jet to be drawn, and the fits of each model for it as tables of one row."""

    example: Example
    fits: Mapping[str, FittedVertices]


def display(jets: Sequence[Shown]) -> go.Figure:
    """One scene with a menu of `jets`, at least one.

    Tracks fade with the weight that the first of the fits gives them, over the largest.
    """
    figure = go.Figure()
    owners: list[int] = []
    for number, shown in enumerate(jets):
        traces = _traces(shown)
        figure.add_traces(traces)
        owners += [number] * len(traces)
    for trace, owner in zip(figure.data, owners, strict=True):
        trace.visible = owner == 0
    buttons = [
        {
            "label": jet_title(shown.example),
            "method": "update",
            "args": [
                {"visible": [owner == number for owner in owners]},
                {f"scene.{axis}axis.range": limits for axis, limits in scene_ranges(shown.example).items()},
            ],
        }
        for number, shown in enumerate(jets)
    ]
    figure.update_layout(
        updatemenus=[{"buttons": buttons, "x": 0, "xanchor": "left", "y": 1.0, "yanchor": "bottom"}],
        margin={"l": 0, "r": 0, "t": 48, "b": 0},
        legend={"orientation": "h", "y": 0, "yanchor": "top", "itemsizing": "constant"},
        font={"family": "system-ui, sans-serif", "size": 13},
        scene={
            "aspectmode": "manual",
            "aspectratio": aspect(),
            "camera": {"eye": {"x": 0.1, "y": -2.0, "z": 0.75}, "center": {"x": 0, "y": 0, "z": -0.2}},
        },
        paper_bgcolor="white",
        height=500,
    )
    for axis, limits in scene_ranges(jets[0].example).items():
        look = {"title": {"text": AXIS_TITLES[axis]}, "backgroundcolor": "#f7f7f7", "range": limits}
        figure.update_scenes({f"{axis}axis": look})
    return figure


def jet_title(example: Example) -> str:
    """What a jet is called: its true flavour, its row and its pT."""
    flavour = load_schema().class_names[int(example.truth.flavour[0])]
    one = flavour_title(flavour).removesuffix("s")
    return f"{one} in row {example.row}, pT {float(example.batch.jet.pt):.0f} GeV"


def fit_colours(count: int) -> list[str]:
    """A colour for each of so many fits; they begin again where there are none left."""
    return [FIT_COLOURS[number % len(FIT_COLOURS)] for number in range(count)]


def extent(example: Example) -> float:
    """How far from the primary vertex the scene reaches, mm."""
    return float(np.clip(1.3 * example.truth.decay_length[0], 3.0, 300.0))


def scene_ranges(example: Example) -> dict[str, list[float]]:
    """A box twice as long as wide, from a little behind the primary vertex."""
    reach = extent(example)
    across = [-HALF_WIDTH * reach, HALF_WIDTH * reach]
    return {"x": [BEHIND * reach, reach], "y": across, "z": across}


def aspect() -> dict[str, float]:
    """The sides of that box, over its width."""
    return {"x": (1 - BEHIND) / (2 * HALF_WIDTH), "y": 1.0, "z": 1.0}


def jet_frame(eta: float, phi: float) -> Float[np.ndarray, "3 3"]:
    """Rows: the unit vectors of the jet axis, of growing phi, and of the third right-handed direction."""
    along = np.array([np.cos(phi), np.sin(phi), np.sinh(eta)]) / np.cosh(eta)
    across = np.array([-np.sin(phi), np.cos(phi), 0.0])
    return np.stack([along, across, np.cross(along, across)])


def _traces(shown: Shown) -> list[go.Scatter3d | go.Surface]:
    jet = shown.example.batch.jet
    frame = jet_frame(float(jet.eta), float(jet.phi))
    decay = frame @ shown.example.truth.hadron_vertex[0]
    traces = [*_track_traces(shown, frame), _axis_trace(shown), *_true_vertices(decay)]
    for (name, fit), colour in zip(shown.fits.items(), fit_colours(len(shown.fits)), strict=True):
        traces += _fit_traces(name, fit, decay, frame, colour)
    return traces


def _track_traces(shown: Shown, frame: Float[np.ndarray, "3 3"]) -> list[go.Scatter3d]:
    truth = shown.example.truth
    classes = load_schema().origin_classes
    real = np.flatnonzero(truth.real[0])
    points = helices(shown.example) @ frame.T
    weights = next(iter(shown.fits.values())).track_weights if shown.fits else truth.real
    shares = relative_weights(weights, truth.real)[0]
    weight = ", {:.2f} of the largest weight" if shown.fits else ""
    named: set[str] = set()
    traces = []
    for slot in real:
        origin = classes[int(truth.origin[0, slot])]
        colour, dash = ORIGIN_LINES[origin.name]
        x, y, z = points[slot].T
        traces.append(
            go.Scatter3d(
                x=x,
                y=y,
                z=z,
                mode="lines",
                name=f"track {origin.title}",
                legendgroup=origin.name,
                showlegend=origin.name not in named,
                opacity=FAINTEST + (1 - FAINTEST) * float(shares[slot]),
                line={"color": colour, "width": 5, "dash": dash},
                hovertemplate=f"{origin.title}{weight.format(shares[slot])}<extra></extra>",
            )
        )
        named.add(origin.name)
    return traces


def helices(example: Example) -> Float[np.ndarray, "tracks points 3"]:
    """Points along each track from a little before its perigee out to the end of the scene, mm."""
    tracks = example.batch.jet.tracks
    parameters = np.asarray(tracks.parameters)[:, None]
    arcs = np.sin(parameters[..., 3]) * np.linspace(BEHIND, 1.0, N_POINTS) * extent(example)
    parameters = np.broadcast_to(parameters, (*arcs.shape, 5))
    points = point_at_arc_length(jnp.asarray(parameters), jnp.asarray(arcs), tracks.field, tracks.reference)
    return np.asarray(points)


def _axis_trace(shown: Shown) -> go.Scatter3d:
    return go.Scatter3d(
        x=[0, extent(shown.example)],
        y=[0, 0],
        z=[0, 0],
        mode="lines",
        name="jet axis",
        line={"color": "black", "width": 3, "dash": "dot"},
        hoverinfo="name",
    )


def _true_vertices(decay: Float[np.ndarray, "3"]) -> list[go.Scatter3d]:
    vertices = [_point("primary vertex", np.zeros(3), "black", "circle")]
    if decay.any():
        vertices.append(_point("hadron's decay", decay, "black", "diamond"))
    return vertices


def _fit_traces(
    name: str,
    fit: FittedVertices,
    decay: Float[np.ndarray, "3"],
    frame: Float[np.ndarray, "3 3"],
    colour: str,
) -> list[go.Scatter3d | go.Surface]:
    """The fitted vertex and its ellipsoid; a fit that is not valid is named, with no place."""
    if not fit.valid[0]:
        return [_point(f"{name}: no valid fit", np.full(3, np.nan), colour, "x")]
    position = frame @ fit.position[0]
    distance = float(np.linalg.norm(position - decay))
    covariance = frame @ fit.sandwich_covariance[0] @ frame.T
    x, y, z = np.moveaxis(ellipsoid(position, covariance), -1, 0)
    label = f"{name}, {distance:.2g} mm off"
    surface = go.Surface(
        x=x,
        y=y,
        z=z,
        surfacecolor=np.zeros_like(x),
        colorscale=[[0, colour], [1, colour]],
        showscale=False,
        opacity=0.3,
        name=label,
        legendgroup=name,
        hoverinfo="skip",
    )
    return [_point(label, position, colour, "square", group=name), surface]


def ellipsoid(
    centre: Float[np.ndarray, "3"], covariance: Float[np.ndarray, "3 3"], n_angles: int = 24
) -> Float[np.ndarray, "angles angles 3"]:
    """Points r with (r - centre)ᵀ C⁻¹ (r - centre) = 1, on a grid of angles; lengths in mm."""
    polar, azimuth = np.meshgrid(np.linspace(0, np.pi, n_angles), np.linspace(0, 2 * np.pi, n_angles))
    sphere = np.stack(
        [np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth), np.cos(polar)], axis=-1
    )
    variances, directions = np.linalg.eigh(np.asarray(covariance, float))
    return centre + (sphere * np.sqrt(np.maximum(variances, 0))) @ directions.T


def _point(
    name: str, position: Float[np.ndarray, "3"], colour: str, symbol: str, group: str | None = None
) -> go.Scatter3d:
    x, y, z = (float(value) for value in position)
    return go.Scatter3d(
        x=[x],
        y=[y],
        z=[z],
        mode="markers",
        name=name,
        legendgroup=group,
        marker={"color": colour, "size": 5, "symbol": symbol},
        hovertemplate=f"{name}<br>%{{x:.3f}}, %{{y:.3f}}, %{{z:.3f}} mm<extra></extra>",
    )
