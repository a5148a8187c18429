"""Distributions of the inputs of the networks."""

import numpy as np
from jaxtyping import Float
from matplotlib.ticker import MaxNLocator

from ndive.evaluation import INPUTS, HeldOut, flavour_masks, flavour_title, read_inputs, width_of
from ndive.report.figure import Drawing
from ndive.report.histogram import draw_shares
from ndive.report.style import FLAVOUR_LINES, name_above, new_figure, without_minor_ticks

MOST_JETS = 20_000
COLUMNS = 6
N_BINS = 50
CONTENT = (0.005, 0.995)
"""The part of the tracks that the range of a panel holds at most."""

REACH = 6.0
"""Half widths (of the central 68 %) on either side of the median that it has at most."""

TITLES = {
    "pt": "Track $p_T$ [GeV]",
    "d0": "$d_0$ [mm]",
    "z0": "$z_0$ [mm]",
    "phi": r"$\phi$ [rad]",
    "theta": r"$\theta$ [rad]",
    "rho": r"Curvature $\rho$ [1/mm]",
    "log_pt_fraction": r"log($p_T$ / jet $p_T$)",
    "dr": r"$\Delta R$(track, jet)",
    "pt_error": r"$\sigma(p_T)$ [GeV]",
    "d0_error": r"$\sigma(d_0)$ [mm]",
    "z0_error": r"$\sigma(z_0)$ [mm]",
    "phi_error": r"$\sigma(\phi)$ [rad]",
    "theta_error": r"$\sigma(\theta)$ [rad]",
    "rho_error": r"$\sigma(\rho)$ [1/mm]",
    "d0_significance": "$d_0$ significance",
    "z0_significance": "$z_0$ significance",
    "log_jet_pt": r"log(jet $p_T$ / GeV)",
    "jet_eta": r"Jet $\eta$",
}


def input_drawing(held_out: HeldOut) -> Drawing:
    """The 18 inputs of the tracks of b, c and light jets, each normalised to one."""
    n_jets = min(held_out.sample.n_jets, MOST_JETS)
    features = read_inputs(held_out.sample, 0, n_jets)
    real, masks = held_out.jets.real[:n_jets], flavour_masks(held_out.jets)
    rows = -(-len(INPUTS) // COLUMNS)
    figure = new_figure(2.3 * COLUMNS, 2.3 * rows + 0.4)
    panels = figure.subplots(rows, COLUMNS)
    for column, (name, axes) in enumerate(zip(INPUTS, panels.flat, strict=True)):
        values = features[..., column].astype(float)
        edges = bin_edges(values[real])
        for flavour, chosen in masks.items():
            line = FLAVOUR_LINES[flavour]
            draw_shares(axes, values[real & chosen[:n_jets, None]], edges, line, flavour_title(flavour))
        axes.set_yscale("log")
        axes.set_ylim(1e-4, 1)
        axes.set_xlim(edges[0], edges[-1])
        axes.set_xlabel(TITLES[name], fontsize="small")
        axes.xaxis.set_major_locator(MaxNLocator(nbins=3))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.tick_params(labelsize="small")
    for row in panels:
        row[0].set_ylabel("Fraction of tracks", fontsize="small")
    without_minor_ticks(figure)
    name_above(figure, panels[0, 0])
    return Drawing(
        name="inputs",
        title="Inputs of the networks",
        caption=f"Inputs of the tracks of the first {n_jets:,} jets, each curve normalised to one. A panel "
        f"spans 99 % of the tracks, or, where tails are long, {REACH:g} half widths of the central 68 % on "
        "either side of the median; the outer bins hold what lies beyond.",
        figure=figure,
    )


def bin_edges(values: Float[np.ndarray, " tracks"]) -> Float[np.ndarray, " edges"]:
    """Bins of one width, in which the core is seen however long the tails."""
    if len(values) < 2:
        return np.linspace(0, 1, N_BINS + 1)
    median, reach = np.median(values), REACH * width_of(values).value or np.inf
    low, high = np.clip(np.quantile(values, CONTENT), median - reach, median + reach)
    return np.linspace(low, max(high, low + 1e-6), N_BINS + 1)
