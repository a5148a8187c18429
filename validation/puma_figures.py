"""Figures that puma draws of what `ndive predict` writes, and rejections by puma beside ours.

    uv run --isolated --no-dev --with puma-hep==0.5.6 python validation/puma_figures.py OUTPUT SCORES [...]

OUTPUT is a directory that does not exist: puma would draw again what it kept there. SCORES are files by
`ndive predict`, or by Salt, of the same jets; a file tells its tagger by the field `<name>_pb`. The ROC
curves, discriminants, efficiencies against pT and the jets' variables are of all taggers; the secondary
vertices of the taggers that have them.
"""

import sys
from pathlib import Path

import h5py
import numpy as np
from ftag import Flavours
from ftag.utils import calculate_rejection
from puma import Histogram, HistogramPlot
from puma.hlplots import AuxResults, Results, Tagger

from ndive.evaluation import B_TAG, Scores, roc

EFFICIENCIES = np.array([0.6, 0.7, 0.8])
FLAVOURS = ("ujets", "cjets", "bjets")
JETS = 20_000
"""Jets of the figures of vertices, which puma cleans one by one."""

PT_BINS = np.array([20.0, 30, 40, 50, 70, 90, 120, 200])
VARIABLES = {
    "pt": ("$p_T$ [GeV]", 1e-3, np.linspace(20, 200, 37)),
    "eta": (r"$\eta$", 1.0, np.linspace(-2.5, 2.5, 41)),
    "n_tracks": ("number of tracks", 1.0, np.arange(-0.5, 16)),
}
"""Field -> label, what it is multiplied by, and the edges of its bins."""


def tagger_of(scores: Path, *, reference: bool) -> Tagger:
    """The tagger whose probabilities are in a file, with our discriminant; ratios are to a reference."""
    with h5py.File(scores) as file:
        (name,) = (field.removesuffix("_pb") for field in file["jets"].dtype.names if field.endswith("_pb"))
    return Tagger(
        name=name,
        output_flavours=[*FLAVOURS],
        fxs={"fc": B_TAG.fraction},
        sample_path=scores,
        reference=reference,
    )


def has_vertices(tagger: Tagger) -> bool:
    """Whether the file has the vertex index and the origin of each track under puma's names."""
    with h5py.File(tagger.sample_path) as file:
        return {*tagger.aux_variables.values()} <= {*file["tracks"].dtype.names}


def draw_taggers(taggers: list[Tagger], output: Path) -> None:
    """ROC curves, discriminants, and efficiency and rejections against pT at 70 % b efficiency."""
    results = Results(
        signal="bjets", sample="ttbar", output_dir=output, extension="png", atlas_first_tag="Simulation"
    )
    results.backgrounds = [Flavours[flavour] for flavour in FLAVOURS if flavour != "bjets"]  # no tau jets
    for tagger in taggers:
        results.load_taggers_from_file([tagger], tagger.sample_path)
    results.plot_rocs(x_range=(0.6, 1.0), atlas_brand=None)
    results.plot_discs(bins_range=(-12, 16), atlas_brand=None)
    results.plot_var_perf(working_point=0.7, bins=PT_BINS, atlas_brand=None)


def draw_vertices(taggers: list[Tagger], output: Path) -> None:
    """Efficiency, purity and fakes of secondary vertices against pT."""
    results = AuxResults(sample="ttbar", output_dir=output, extension="png", atlas_first_tag="Simulation")
    for tagger in taggers:
        results.load_taggers_from_file([tagger], tagger.sample_path, num_jets=JETS)
    results.plot_var_vtx_perf(vtx_flavours=["bjets", "cjets"], no_vtx_flavours=["ujets"], bins=PT_BINS)


def draw_variables(scores: Path, output: Path) -> None:
    """Distributions of the variables of the jets, which stand beside the scores, by flavour."""
    with h5py.File(scores) as file:
        jets = file["jets"].fields(["HadronConeExclTruthLabelID", *VARIABLES])[:]
    for name, (label, scale, edges) in VARIABLES.items():
        plot = HistogramPlot(
            xlabel=label, ylabel="Normalised number of jets", n_ratio_panels=0, atlas_brand=None
        )
        for flavour in map(Flavours.__getitem__, FLAVOURS):
            values = scale * flavour.cuts(jets).values[name]
            plot.add(Histogram(values, bins=edges, label=flavour.label, colour=flavour.colour))
        plot.draw()
        plot.savefig(output / f"{name}.png")


def compare(tagger: Tagger) -> None:
    """Print the rejections by puma's arithmetic and by ours, and fail where they differ."""
    fields = [f"{tagger.name}_{Flavours[flavour].px}" for flavour in reversed(FLAVOURS)]
    with h5py.File(tagger.sample_path) as file:
        jets = file["jets"].fields(["HadronConeExclTruthLabelID", *fields])[:]
    scores = B_TAG.score(np.stack([jets[field] for field in fields], axis=-1))
    label = {"bjets": 5, "cjets": 4, "ujets": 0}
    flavours = {name: scores[jets["HadronConeExclTruthLabelID"] == value] for name, value in label.items()}
    theirs_all = tagger.discriminant("bjets")
    theirs_b = theirs_all[tagger.is_flav("bjets")]
    for background in B_TAG.backgrounds:
        theirs = calculate_rejection(theirs_b, theirs_all[tagger.is_flav(background)], EFFICIENCIES)
        ours = roc(Scores(signal=flavours["bjets"], background=flavours[background]), EFFICIENCIES).rejection
        np.testing.assert_allclose(theirs, ours, rtol=1e-2)
        print(f"{tagger.name:20} {background}: puma {np.round(theirs, 2)}, ndive {np.round(ours, 2)}")


def taggers_of(files: list[Path]) -> list[Tagger]:
    """One for each file, the first one as the reference; `Results` and `AuxResults` each fill their own."""
    return [tagger_of(file, reference=file is files[0]) for file in files]


def main() -> None:
    """Draw, compare and say how many figures there are."""
    output, files = Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]]
    output.mkdir(parents=True)
    taggers = taggers_of(files)
    draw_taggers(taggers, output)
    draw_variables(files[0], output)
    draw_vertices([tagger for tagger in taggers_of(files) if has_vertices(tagger)], output)
    for tagger in taggers:
        compare(tagger)
    print(f"{len([*output.rglob('*.png')])} figures in {output}")


if __name__ == "__main__":
    main()
