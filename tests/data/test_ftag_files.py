"""Files as the tools of the field write them: UPP's writer and compressions, virtual datasets, mock files."""

import h5py
import numpy as np
import pytest
from ftag import get_mock_file
from ftag.hdf5 import H5Reader, H5Writer
from ftag.vds import create_virtual_file
from numpy.lib.recfunctions import rename_fields

from ndive.data import open_sample, write_sample
from ndive.data.inspection import inspect_files
from ndive.schema import load_schema
from tests.data.samples import Rows, make_rows, without

CLASSES = ["bjets", "cjets", "ujets"]
CORRELATIONS = [name for name in load_schema().datasets["tracks"] if name.startswith("corr_")]


def write_as_upp(path, rows: Rows, **options):
    """What UPP's resampling ends with: the writer of atlas-ftag-tools, and the class list."""
    writer = H5Writer(
        path,
        dtypes={name: values.dtype for name, values in rows.items()},
        shapes={name: values.shape for name, values in rows.items()},
        shuffle=False,
        **options,
    )
    writer.write(rows)
    writer.add_attr("flavour_label", CLASSES, "jets")
    writer.close()
    return path


def tracks_of(source, **options):
    sample = open_sample(source, job="fit", **options)
    return sample.read_tracks(0, sample.n_jets)


@pytest.mark.parametrize("compression", ["lz4", "gzip", "lzf", "zstd", "none"])
def test_each_compression_reads_as_our_own_file(path, rows, tmp_path, compression):
    written = write_as_upp(tmp_path / "upp.h5", rows, compression=compression)
    ours, theirs = tracks_of(path), tracks_of(written)
    np.testing.assert_array_equal(theirs.parameters, ours.parameters)
    np.testing.assert_array_equal(theirs.covariance, ours.covariance)
    np.testing.assert_array_equal(
        open_sample(written).read(0, 40).truth.flavour, open_sample(path).read(0, 40).truth.flavour
    )


def test_half_precision(rows, tmp_path):
    """UPP's `precision: half`: values to three digits, and q/p in 1/MeV kept whole."""
    whole = [name for name in rows["tracks"].dtype.names if name.startswith("qOverP")]
    written = write_as_upp(tmp_path / "upp.h5", rows, precision="half", full_precision_vars=[*whole, "pt"])
    mask = rows["tracks"]["valid"]
    found = tracks_of(written).parameters[mask]
    np.testing.assert_allclose(found[:, 0], rows["tracks"]["d0"][mask], rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(found[:, 4], 1e3 * rows["tracks"]["qOverP"][mask], rtol=1e-6)


def test_a_virtual_file_a_wildcard_and_a_list_are_the_same_jets(rows, tmp_path):
    parts = [{name: values[part] for name, values in rows.items()} for part in (slice(15), slice(15, 40))]
    for number, part in enumerate(parts):
        write_as_upp(tmp_path / f"part_{number}.h5", part)
    create_virtual_file(tmp_path / "part_*.h5", tmp_path / "virtual.h5")
    with h5py.File(tmp_path / "virtual.h5", "r+") as file:
        assert file["tracks"].is_virtual
        file["jets"].attrs["flavour_label"] = CLASSES
    expected = tracks_of([tmp_path / "part_0.h5", tmp_path / "part_1.h5"]).parameters
    for source in ("part_*.h5", "virtual.h5"):
        np.testing.assert_array_equal(tracks_of(tmp_path / source).parameters, expected)


def test_without_correlations_the_covariance_is_diagonal(rows, tmp_path):
    written = write_as_upp(tmp_path / "upp.h5", without(rows, "tracks", *CORRELATIONS))
    covariance, mask = tracks_of(written).covariance, rows["tracks"]["valid"]
    errors = np.stack(
        [rows["tracks"][f"{name}Uncertainty"][mask] for name in ("d0", "z0", "phi", "theta")], axis=-1
    )
    np.testing.assert_allclose(covariance[mask][:, range(4), range(4)], errors**2, rtol=1e-6)
    assert (covariance[mask][:, ~np.eye(5, dtype=bool)] == 0).all()


def test_without_truth_it_serves_to_fit_and_predict_only(rows, tmp_path):
    truth = [name for name in rows["tracks"].dtype.names if "ruth" in name]
    bare = without(rows, "jets", "flavour_label", "hadron_x", "hadron_y", "hadron_z")
    bare = without(bare, "tracks", *truth)
    (contents,) = inspect_files(write_as_upp(tmp_path / "data.h5", bare))
    assert [name for name, troubles in contents.jobs.items() if not troubles] == ["fit", "predict"]
    assert "'flavour_label'" in contents.jobs["train"][0]


def test_legacy_names_are_read(rows, tmp_path):
    old = {"ftagTruthOriginLabel": "truthOriginLabel", "ftagTruthVertexIndex": "truthVertexIndex"}
    tracks = rename_fields(rows["tracks"], old)
    written = write_as_upp(tmp_path / "old.h5", {"jets": rows["jets"], "tracks": tracks})
    write_sample(tmp_path / "new.h5", [rows], {})
    for name in ("origin", "vertex_index"):
        one, other = (
            getattr(open_sample(path).read(0, 40).truth, name) for path in (written, tmp_path / "new.h5")
        )
        np.testing.assert_array_equal(one, other)


def test_a_schema_of_another_sample(rows, tmp_path):
    """GeV on file, another name of d0, classes in another order, origins with other numbers."""
    own = tmp_path / "own.yaml"
    own.write_text(
        """
        units: {1/GeV: {program: 1/GeV, factor: 1}}
        aliases: {tracks: {impact: d0}}
        datasets:
          jets: {pt: {unit: GeV}}
          tracks: {qOverP: {unit: 1/GeV}, qOverPUncertainty: {unit: 1/GeV}}
        flavours:
        - {name: ujets, truth_label: 0, title: light}
        - {name: cjets, truth_label: 4, title: c}
        - {name: bjets, truth_label: 5, title: b}
        origins:
        - {value: 10, name: all_of_them, class: primary}
        """,
        encoding="utf-8",
    )
    jets, tracks = rows["jets"].copy(), rows["tracks"].copy()
    jets["pt"] /= 1e3
    tracks["ftagTruthOriginLabel"] = 10
    for name in ("qOverP", "qOverPUncertainty"):
        tracks[name] *= 1e3
    tracks = rename_fields(tracks, {"d0": "impact"})
    written = write_as_upp(tmp_path / "other.h5", {"jets": jets, "tracks": tracks})
    write_sample(tmp_path / "usual.h5", [rows], {})
    other = open_sample(written, schema=load_schema(own)).read(0, 40)
    usual = open_sample(tmp_path / "usual.h5").read(0, 40)
    np.testing.assert_allclose(other.jet.pt, usual.jet.pt, rtol=1e-6)
    np.testing.assert_allclose(other.jet.tracks.parameters, usual.jet.tracks.parameters, rtol=1e-6)
    np.testing.assert_array_equal(other.truth.flavour, 2 - usual.truth.flavour)
    assert (other.truth.origin[rows["tracks"]["valid"]] == 2).all()


def test_a_mock_file_is_described_and_serves_no_job(tmp_path):
    """It has neither phi nor theta nor errors of d0, and its tracks stand behind padding."""
    path, file = get_mock_file(num_jets=50, fname=str(tmp_path / "mock.h5"), num_tracks=7)
    file.close()
    (contents,) = inspect_files(path)
    assert (contents.header.n_jets, contents.header.n_slots) == (50, 7)
    assert all(troubles for troubles in contents.jobs.values())
    assert contents.jobs["fit"][0].startswith("dataset 'tracks' lacks 'phi', 'theta', 'z0'")
    ranges = {one.name: one for one in contents.ranges}
    assert 0 <= ranges["d0"].minimum < ranges["d0"].maximum <= 5


def test_their_reader_reads_our_file(path, rows):
    reader = H5Reader(path, batch_size=13, shuffle=False)
    assert reader.num_global_objects == 40
    loaded = reader.load({"jets": ["pt", "flavour_label"], "tracks": ["d0", "valid"]}, num_global_objects=40)
    for dataset, name in (("jets", "pt"), ("jets", "flavour_label"), ("tracks", "d0"), ("tracks", "valid")):
        np.testing.assert_array_equal(loaded[dataset][name], rows[dataset][name])


def test_the_rows_of_these_tests_have_correlations():
    assert set(CORRELATIONS) <= set(make_rows(1)["tracks"].dtype.names)
    assert len(CORRELATIONS) == 10
