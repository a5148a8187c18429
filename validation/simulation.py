"""The numbers and figures of `docs/simulation.md`, from samples of `ndive simulate`.

    uv run ndive simulate --jets 300000 --no-balance --seed 5 --output inclusive
    uv run ndive simulate --jets 240000 --seed 6 --output balanced
    uv run python validation/simulation.py inclusive balanced

A column of the table is a sample. The table goes to stdout, three PNG files to `docs/figures`.
"""

import sys
from pathlib import Path

import h5py
import hdf5plugin  # noqa: F401
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from ndive.simulation.resolution import atlas_covariance, shlomi_covariance

FIGURES = Path(__file__).parent.parent / "docs" / "figures"
NAMES = ("d0", "z0", "phi", "theta", "qOverP")
SYMBOLS = ("$d_0$", "$z_0$", r"$\phi$", r"$\theta$", "$q/p$")
FLAVOURS = {5: "b", 4: "c", 0: "light"}
ORIGINS = {2: "primary", 3: "from b", 4: "from b then c", 5: "from c", 6: "from tau", 7: "other secondary"}
MASS = {511: 5.27958, 521: 5.27925, 531: 5.36677, 5122: 5.6194, 411: 1.86962, 421: 1.86486, 431: 1.96849}
TAU0 = {511: 0.4587, 521: 0.4911, 531: 0.4390, 5122: 0.4400, 411: 0.3118, 421: 0.1229, 431: 0.1499}
HADRONS = {511: "B0", 521: "B+", 531: "Bs", 5122: "Lambda_b", 421: "D0", 411: "D+", 431: "Ds"}
BLOCK = 10_000
Columns = dict[str, np.ndarray]


def read(folder: str) -> Columns:
    """What the table and the figures need of all jets and all tracks of a sample, block by block."""
    parts = []
    for path in sorted(Path(folder).glob("ndive_*.h5")):
        with h5py.File(path) as file:
            for start in range(0, len(file["jets"]), BLOCK):
                block = slice(start, start + BLOCK)
                parts.append(reduced(file["jets"][block], file["tracks"][block]))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def reduced(jets: np.ndarray, padded: np.ndarray) -> Columns:
    """The columns of one block: those of jets, and of real tracks (names that begin with `track`)."""
    valid = padded["valid"]
    tracks = padded[valid]
    flight = np.stack([jets[f"hadron_{axis}"] for axis in "xyz"], axis=-1).astype(float)
    charm = np.stack([jets[f"chadron_{axis}"] for axis in "xyz"], axis=-1).astype(float)
    made = np.stack([padded[f"truth_prod_{axis}"] for axis in "xyz"], axis=-1).astype(float)
    pdg = np.abs(jets["hadron_pdgId"])
    mass = np.array([MASS.get(number, np.nan) for number in pdg.tolist()])
    labelled = np.maximum(jets["HadronConeExclTruthLabelPt"] / 1e3, 1e-9)
    pulls = pulls_of(tracks)
    origin = np.where(valid, padded["ftagTruthOriginLabel"], -1)
    return {
        "flavour": jets["HadronConeExclTruthLabelID"],
        "pt": jets["pt"] / 1e3,
        "pdg": pdg,
        "length": np.linalg.norm(flight, axis=-1),
        "proper_time": np.hypot(flight[:, 0], flight[:, 1]) * mass / labelled,
        "at_hadron": (valid & (origin != 4) & (np.linalg.norm(made - flight[:, None], axis=-1) < 1e-3)).sum(
            axis=1
        ),
        "at_charm": (valid & (np.linalg.norm(made - charm[:, None], axis=-1) < 1e-3)).sum(axis=1),
        **{f"origin_{value}": (origin == value).sum(axis=1) for value in ORIGINS},
        "track_pt": np.sin(tracks["truth_theta"]) / np.abs(tracks["truth_qOverP"]) / 1e3,
        "track_pulls": pulls,
        "track_chi2": np.einsum(
            "ni,ni->n", pulls, np.linalg.solve(correlations(tracks), pulls[..., None])[..., 0]
        ),
    }


def pulls_of(tracks: np.ndarray) -> np.ndarray:
    """Measured minus true over the error, for the five parameters."""
    delta = np.stack([tracks[name].astype(float) - tracks[f"truth_{name}"] for name in NAMES], axis=-1)
    delta[:, 2] = np.angle(np.exp(1j * delta[:, 2]))
    return delta / np.stack([tracks[f"{name}Uncertainty"] for name in NAMES], axis=-1)


def correlations(tracks: np.ndarray) -> np.ndarray:
    """Correlation matrices of the tracks."""
    matrix = np.tile(np.eye(5), (len(tracks), 1, 1))
    for i in range(5):
        for j in range(i + 1, 5):
            matrix[:, i, j] = matrix[:, j, i] = tracks[f"corr_{NAMES[i]}_{NAMES[j]}"]
    return matrix


def mean(values: np.ndarray, digits: int = 2) -> str:
    """Mean with its statistical error."""
    return f"{values.mean():.{digits}f} ± {values.std() / len(values) ** 0.5:.{digits}f}"


def rows(sample: Columns) -> dict[str, str]:
    """The numbers of one sample."""
    flavour, table = sample["flavour"], {"jets": f"{len(sample['flavour'])}"}
    for label, name in FLAVOURS.items():
        table[f"share of {name} jets"] = f"{(flavour == label).mean():.3f}"
    for label in (5, 4):
        of = FLAVOURS[label]
        table[f"mean pT of {of} jets / GeV"] = mean(sample["pt"][flavour == label], 1)
        table[f"median decay length of {of} jets / mm"] = (
            f"{np.median(sample['length'][flavour == label]):.2f}"
        )
        heavy = sum(sample[f"origin_{value}"] for value in (3, 4, 5))
        table[f"tracks of heavy origin in {of} jets"] = mean(np.asarray(heavy)[flavour == label])
    bottom = sample["at_hadron"][flavour == 5]
    table["tracks from the b hadron at its decay vertex"] = mean(bottom)
    table["b jets with none, with one of them"] = f"{(bottom == 0).mean():.3f}, {(bottom == 1).mean():.3f}"
    table["tracks from the charm vertex behind it"] = mean(sample["at_charm"][flavour == 5])
    hard = sample["track_pt"] > 1
    for index, name in enumerate(NAMES):
        pull = sample["track_pulls"][hard, index]
        table[f"pull of {name}: mean, width"] = (
            f"{pull.mean():+.4f}, {pull.std():.4f} (± {len(pull) ** -0.5:.4f})"
        )
    table["chi2 of 5 parameters"] = mean(sample["track_chi2"], 3)
    for number, name in HADRONS.items():
        time = sample["proper_time"][sample["pdg"] == number] / TAU0[number]
        table[f"lifetime of {name} / table"] = f"{time.mean():.3f} ± {len(time) ** -0.5:.3f}"
    return table


def print_table(samples: dict[str, Columns]) -> None:
    tables = {name: rows(sample) for name, sample in samples.items()}
    lines = ["| | " + " | ".join(tables) + " |", "|---" * (len(tables) + 1) + "|"]
    for name in next(iter(tables.values())):
        lines.append(f"| {name} | " + " | ".join(table[name] for table in tables.values()) + " |")
    print("\n".join(lines))


def draw_pulls(sample: Columns) -> None:
    figure, axes = plt.subplots(2, 3, figsize=(9, 5), layout="constrained")
    grid = np.linspace(-5, 5, 51)
    centre = (grid[1:] + grid[:-1]) / 2
    hard = sample["track_pt"] > 1
    for index, axis in enumerate(axes.flat[:5]):
        pull = sample["track_pulls"][hard, index]
        axis.hist(pull, grid, density=True, histtype="stepfilled", color="C0", alpha=0.4)
        axis.plot(centre, np.exp(-(centre**2) / 2) / (2 * np.pi) ** 0.5, "k-", lw=1)
        axis.set(xlabel=f"pull of {SYMBOLS[index]}", yscale="log", ylim=(1e-6, 1), xlim=(-5, 5))
        axis.text(
            0.04, 0.9, f"{pull.mean():+.4f}\n{pull.std():.4f}", transform=axis.transAxes, va="top", fontsize=9
        )
    grid = np.linspace(0, 30, 61)
    centre = (grid[1:] + grid[:-1]) / 2
    axis = axes.flat[5]
    axis.hist(
        sample["track_chi2"], grid, density=True, histtype="stepfilled", color="C0", alpha=0.4, label="tracks"
    )
    axis.plot(
        centre, centre**1.5 * np.exp(-centre / 2) / (3 * (2 * np.pi) ** 0.5), "k-", lw=1, label="expected"
    )
    axis.set(xlabel=r"$\chi^2$ of 5 parameters", yscale="log", xlim=(0, 30), ylim=(1e-6, 1))
    axis.legend(frameon=False)
    for axis in axes[:, 0]:
        axis.set_ylabel("density")
    figure.savefig(FIGURES / "simulation_pulls.png", dpi=90)


def draw_truth(sample: Columns) -> None:
    figure, axes = plt.subplots(1, 3, figsize=(11, 3.6), layout="constrained")
    flavour = sample["flavour"]
    for label, colour in ((5, "C0"), (4, "C1")):
        axes[0].hist(
            sample["length"][flavour == label],
            np.linspace(0, 40, 81),
            density=True,
            histtype="step",
            color=colour,
            label=f"{FLAVOURS[label]} jets",
        )
    axes[0].set(xlabel="decay length / mm", ylabel="density", yscale="log", xlim=(0, 40))
    axes[0].legend(frameon=False)
    scaled = np.linspace(0, 8, 41)
    for label, colour in ((5, "C0"), (4, "C1")):
        chosen = (flavour == label) & np.isfinite(sample["proper_time"])
        tau0 = np.array([TAU0[number] for number in sample["pdg"][chosen].tolist()])
        axes[1].hist(
            sample["proper_time"][chosen] / tau0, scaled, density=True, histtype="step", color=colour
        )
    axes[1].plot(scaled, np.exp(-scaled), "k-", lw=1, label=r"$e^{-t/\tau}$")
    axes[1].set(xlabel=r"proper time / $\tau_0$ of the table", ylabel="density", yscale="log", xlim=(0, 8))
    axes[1].legend(frameon=False)
    bottom = np.zeros(3)
    for value, name in ORIGINS.items():
        height = np.array([sample[f"origin_{value}"][flavour == label].mean() for label in FLAVOURS])
        axes[2].bar(list(FLAVOURS.values()), height, bottom=bottom, label=name)
        bottom += height
    axes[2].set(ylabel="tracks a jet", xlabel="flavour", xlim=(-0.6, 5.4))
    axes[2].legend(frameon=False, fontsize=8)
    figure.savefig(FIGURES / "simulation_truth.png", dpi=90)


def draw_resolution() -> None:
    figure, axes = plt.subplots(1, 3, figsize=(11, 3.6), layout="constrained")
    pt = np.geomspace(0.5, 100, 80)
    titles = (r"$\sigma(d_0)$ / µm", r"$\sigma(z_0)$ / µm", r"$\sigma(q/p)\,/\,|q/p|$")
    for eta, colour in ((0.2, "C0"), (1.5, "C1"), (2.3, "C2")):
        theta = np.full_like(pt, 2 * np.arctan(np.exp(-eta)))
        parameters = np.stack([0 * pt, 0 * pt, 0 * pt, theta, np.sin(theta) / pt], axis=-1)
        for model, style in ((atlas_covariance, "-"), (shlomi_covariance, "k:")):
            sigma = np.sqrt(np.diagonal(model(parameters, 0 * pt, 2.0), axis1=1, axis2=2))
            curves = (sigma[:, 0] * 1e3, sigma[:, 1] * 1e3, sigma[:, 4] / parameters[:, 4])
            options = {"color": colour, "label": rf"atlas, $\eta$ = {eta}"} if style == "-" else {}
            for axis, curve, title in zip(axes, curves, titles, strict=True):
                if style == "-" or axis is not axes[2]:
                    axis.plot(pt, curve, style, **options)
                axis.set(xlabel="$p_T$ / GeV", ylabel=title, xscale="log", yscale="log")
    axes[0].plot([], [], "k:", label="shlomi")
    axes[0].legend(frameon=False, fontsize=8)
    figure.savefig(FIGURES / "simulation_resolution.png", dpi=90)


def main(folders: list[str]) -> None:
    mpl.use("agg")
    FIGURES.mkdir(parents=True, exist_ok=True)
    draw_resolution()
    samples = {Path(folder).name: read(folder) for folder in folders}
    print_table(samples)
    last = list(samples.values())[-1]
    draw_pulls(last)
    draw_truth(last)


if __name__ == "__main__":
    main(sys.argv[1:])
