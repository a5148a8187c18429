"""The vertex fitter of ACTS beside ours: the same jets, one core, forward only.

    uv run --with pyacts python benchmarks/against_acts.py [--jets 2000] [--slots 15] [--output acts.json]

Needs pyacts, the Python package of ACTS, which is no dependency of ndive. It has no binding of the fitter
itself, so its algorithm `VertexFitterAlgorithm` (`FullBilloirVertexFitter`, five iterations from the origin)
runs in the sequencer of the ACTS examples, an event a jet: tracks come in as CSV files, and what belongs to
one vertex as truth. Its time is that which the sequencer notes for this algorithm alone; ours is the fastest
of several calls with all jets in one batch, after compilation. All weights are one, since ACTS has none.

The distance of a fit is that to the minimum of the same chi2 in standard deviations. The minimum is our
result in double precision, moved by a Newton step of the whole Hessian in vertex and momenta by automatic
differentiation. ACTS fits the time of the vertex too, and its CSV reader gives each track t = 0 at the
perigee with an error of 1 mm / c, which is information about the vertex that we do not have. So ACTS gets all
lengths and momenta a tenth as large: the helices are the same, and that information is a hundred times less.
"""

import argparse
import csv
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import acts
import jax
import jax.numpy as jnp
import numpy as np
from acts import examples
from figures import add_output, write_figures
from hostile import newton_steps, pull
from toys import toy_tracks

from ndive import Tracks, Vertex, fit_vertex

FIELD = 2.0
NAMES = ("d0", "z0", "phi", "theta", "qop")
PAIRS = [(i, j) for i in range(5) for j in range(5) if i != j]
REPEATS = 7
SHRINK = 0.1
UNITS = np.array([SHRINK, SHRINK, 1, 1, 1 / SHRINK])
"""Of the track parameters, as ACTS gets them."""


class Truth(examples.IAlgorithm):
    """Says that all tracks of an event are of one vertex: a hit a track, a particle a hit, one vertex."""

    def __init__(self, tracks: int) -> None:
        super().__init__("Truth", acts.logging.WARNING)
        self.tracks, self.hits = tracks, examples.MeasurementContainer()
        for _ in range(tracks):
            self.hits.emplaceMeasurement(acts.GeometryIdentifier(), [0], [0.0], [1.0])
        kinds = {
            "hits": examples.MeasurementSubset,
            "proto": examples.ProtoTrackContainer,
            "particles": examples.SimParticleContainer,
            "origin": examples.MeasurementParticlesMap,
        }
        self.handles = {key: examples.WriteDataHandle(self, kind, key) for key, kind in kinds.items()}
        for key, handle in self.handles.items():
            handle.initialize(key)

    def execute(self, context: Any) -> Any:
        proto, particles = examples.ProtoTrackContainer(), examples.SimParticleContainer()
        origin = examples.MeasurementParticlesMap()
        for number in range(self.tracks):
            barcode = examples.SimBarcode()
            barcode.vertexPrimary, barcode.particle = 1, number + 1
            proto.append(examples.ProtoTrack([number]))
            particles.insert(examples.SimParticle(barcode, acts.PdgParticle.ePionPlus))
            origin.insert(number, barcode)
        for key, value in zip(
            self.handles,
            (examples.MeasurementSubset(self.hits, list(range(self.tracks))), proto, particles, origin),
            strict=True,
        ):
            self.handles[key](context, value)
        return examples.ProcessCode.SUCCESS


def write_tracks(folder: Path, parameters: np.ndarray, covariance: np.ndarray) -> None:
    """One CSV file for each jet, as the reader of ACTS wants it."""
    columns = [
        "trackId",
        *NAMES,
        *(f"var_{name}" for name in NAMES),
        *(f"cov_{NAMES[i]}{NAMES[j]}" for i, j in PAIRS),
    ]
    diagonal = np.diagonal(covariance, axis1=-2, axis2=-1)
    off_diagonal = np.stack([covariance[..., i, j] for i, j in PAIRS], axis=-1)
    number = np.broadcast_to(np.arange(parameters.shape[1])[:, None], (*parameters.shape[:2], 1))
    rows = np.concatenate([number, parameters, diagonal, off_diagonal], axis=-1)
    for event, jet in enumerate(rows):
        path = folder / f"event{event:09d}-tracks.csv"
        np.savetxt(path, jet, delimiter=",", header=",".join(columns), comments="", fmt="%.17g")


def by_acts(parameters: np.ndarray, covariance: np.ndarray) -> tuple[np.ndarray, float]:
    """Fitted positions `[jets, 3]`, NaN where ACTS gives none, and seconds of the fits alone."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_tracks(folder, parameters * UNITS, covariance * UNITS * UNITS[:, None])
        quiet = acts.logging.ERROR
        sequencer = examples.Sequencer(numThreads=1, logLevel=quiet, outputDir=name, trackFpes=False)
        sequencer.addReader(
            examples.CsvTrackParameterReader(
                level=quiet,
                inputDir=name,
                inputStem="tracks",
                outputTrackParameters="parameters",
                beamspot=[0, 0, 0],
            )
        )
        sequencer.addAlgorithm(Truth(parameters.shape[1]))
        sequencer.addAlgorithm(
            examples.ProtoTracksToTracks(
                level=quiet, inputMeasurements="hits", inputProtoTracks="proto", outputTracks="tracks"
            )
        )
        sequencer.addAlgorithm(
            examples.TrackTruthMatcher(
                level=quiet,
                inputTracks="tracks",
                inputParticles="particles",
                inputMeasurementParticlesMap="origin",
                outputTrackParticleMatching="matching",
                outputParticleTrackMatching="matched",
            )
        )
        sequencer.addAlgorithm(
            examples.TruthVertexFinder(
                level=quiet,
                inputTracks="tracks",
                inputTrackParticleMatching="matching",
                outputProtoVertices="groups",
            )
        )
        sequencer.addAlgorithm(
            examples.VertexFitterAlgorithm(
                level=quiet,
                inputTrackParameters="parameters",
                inputProtoVertices="groups",
                outputVertices="vertices",
                bField=acts.ConstantBField(acts.Vector3(0, 0, FIELD * acts.UnitConstants.T)),
            )
        )
        sequencer.addWriter(
            examples.CsvVertexWriter(
                level=quiet,
                inputVertices="vertices",
                outputDir=name,
                outputStem="vertices",
                outputPrecision=17,
            )
        )
        sequencer.run()
        with (folder / "timing.csv").open() as timing:
            seconds = next(
                float(row["time_total_s"])
                for row in csv.DictReader(timing)
                if row["identifier"] == "Algorithm:VertexFit"
            )
        found = [fitted_by_acts(folder / f"event{i:09d}-vertices.csv") for i in range(len(parameters))]
    return np.array(found) / SHRINK, seconds


def fitted_by_acts(path: Path) -> list[float]:
    """The vertex of one event."""
    with path.open() as file:
        rows = list(csv.DictReader(file))
    return [float(rows[0][axis]) for axis in "xyz"] if rows else [np.nan] * 3


def ours(parameters: np.ndarray, covariance: np.ndarray, precision: str) -> tuple[Vertex, float]:
    """Our vertices, and seconds of the fastest call."""
    with jax.enable_x64(precision == "float64"):
        tracks = Tracks(parameters.astype(precision), covariance.astype(precision), field=FIELD)
        compiled = jax.jit(fit_vertex).lower(tracks).compile()
        seconds = []
        for _ in range(REPEATS):
            begin = time.perf_counter()
            vertex = jax.block_until_ready(compiled(tracks))
            seconds.append(time.perf_counter() - begin)
    return jax.tree.map(np.asarray, vertex), min(seconds)


def minimum_of(vertex: Vertex, parameters: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """The positions after a Newton step in double precision."""
    x = np.concatenate([vertex.position, vertex.momenta.reshape(len(parameters), -1)], axis=1)
    everything = x, parameters, np.linalg.inv(covariance), np.ones(parameters.shape[:2], bool)
    with jax.enable_x64(True):
        step, _ = newton_steps(*map(jnp.asarray, everything), jnp.full(len(x), FIELD))
    return np.asarray(vertex.position) + np.asarray(step)


def row(jets: int, seconds: float, distance: np.ndarray) -> dict[str, float]:
    """Speed, and distances from the minimum in standard deviations."""
    known = distance[np.isfinite(distance)]
    return {
        "jets_per_s": round(jets / seconds),
        "not_fitted": int(jets - len(known)),
        "median_distance": float(f"{np.median(known):.2g}"),
        "distance_of_99_percent": float(f"{np.quantile(known, 0.99):.2g}"),
        "largest_distance": float(f"{known.max():.2g}"),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Our fit beside that of ACTS.")
    parser.add_argument("--jets", type=int, default=2000, help="jets (2000)")
    parser.add_argument("--slots", type=int, default=15, help="tracks a jet (15)")
    parser.add_argument(
        "--flight", type=float, default=5.0, help="mean decay length across the beam in mm (5)"
    )
    add_output(parser)
    options = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # one core, before JAX counts them
    with jax.enable_x64(True):
        toys = toy_tracks(np.random.default_rng(1), options.jets, options.slots, flight=options.flight)
    parameters, covariance = (x.astype("float32").astype(float) for x in toys)
    fits = {name: ours(parameters, covariance, name) for name in ("float64", "float32")}
    best = fits["float64"][0]
    minimum = minimum_of(best, parameters, covariance)

    def distance(position: np.ndarray) -> np.ndarray:
        return np.where(best.valid, pull(position - minimum, np.asarray(best.covariance)), np.nan)

    theirs, seconds = by_acts(parameters, covariance)
    figures: dict[str, Any] = {"acts": acts.__version__, "jets": options.jets, "tracks": options.slots}
    figures["ACTS"] = row(options.jets, seconds, distance(theirs))
    for name, (vertex, fastest) in fits.items():
        figures[f"ndive {name}"] = row(options.jets, fastest, distance(np.asarray(vertex.position, float)))
    write_figures(figures, options.output)


if __name__ == "__main__":
    main()
