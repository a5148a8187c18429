import h5py
import jax
import numpy as np
import pytest
from numpy.lib.recfunctions import rename_fields

from ndive.data import open_sample, write_sample
from ndive.errors import ArgumentError, SampleError
from tests.data.samples import make_rows


@pytest.fixture(scope="module")
def sample(path):
    return open_sample(path)


def test_what_it_says_of_itself(sample, path):
    assert (sample.n_jets, sample.n_slots, sample.paths) == (40, 6, (path,))
    assert sample.class_names == ("bjets", "cjets", "ujets")


def test_units_of_the_program(sample, rows):
    batch = sample.read(0, 40)
    np.testing.assert_allclose(batch.jet.pt, rows["jets"]["pt"] / 1000, rtol=1e-6)
    np.testing.assert_array_equal(batch.jet.eta, rows["jets"]["eta"])
    valid = rows["tracks"]["valid"]
    q_over_p, error = rows["tracks"]["qOverP"][valid], rows["tracks"]["qOverPUncertainty"][valid]
    np.testing.assert_allclose(batch.jet.tracks.parameters[valid][:, 4], 1000 * q_over_p, rtol=1e-6)
    np.testing.assert_allclose(batch.jet.tracks.covariance[valid][:, 4, 4], (1000 * error) ** 2, rtol=1e-5)


def test_truth(sample, rows):
    truth = sample.read(0, 40).truth
    valid = rows["tracks"]["valid"]
    np.testing.assert_array_equal(truth.flavour, rows["jets"]["flavour_label"])
    np.testing.assert_array_equal(truth.vertex_index, rows["tracks"]["ftagTruthVertexIndex"])
    np.testing.assert_array_equal(truth.hadron_vertex[:, 1], rows["jets"]["hadron_y"])
    assert set(truth.origin[valid].tolist()) == {0, 1, 2, 3}
    assert (truth.origin[~valid] == -1).all()
    assert not truth.perfect_weights[~valid].any()


def test_leaves_are_finite_numpy_in_float32_with_the_jets_in_front(sample):
    for leaf in jax.tree.leaves(sample.read(5, 17)):
        assert isinstance(leaf, np.ndarray)
        assert len(leaf) == 12
        assert np.isfinite(leaf).all()
        assert leaf.dtype in (np.float32, np.int32, bool)


def test_float64_keeps_the_digits_of_the_file(sample, rows):
    tracks = sample.read_tracks(0, 40, np.float64)
    valid = rows["tracks"]["valid"]
    exact = 1000 * rows["tracks"]["qOverP"][valid].astype(np.float64)
    np.testing.assert_allclose(tracks.parameters[valid][:, 4], exact, rtol=1e-15)
    assert tracks.covariance.dtype == np.float64


def test_a_job_without_targets(path):
    sample = open_sample(path, job="predict")
    assert sample.read_tracks(3, 5).mask.shape == (2, 6)
    with pytest.raises(ArgumentError, match="job='train'"):
        sample.read(3, 5)


def test_several_files_read_as_one(sample, rows, tmp_path):
    cut = 13
    for name, part in (("a", slice(None, cut)), ("b", slice(cut, None))):
        write_sample(tmp_path / f"{name}.h5", [{key: value[part] for key, value in rows.items()}], {})
    both = open_sample(tmp_path / "*.h5")
    assert both.n_jets == 40
    for start, stop in ((0, 40), (5, 20), (13, 14), (12, 13), (20, 40)):
        one, other = sample.read(start, stop), both.read(start, stop)
        jax.tree.map(np.testing.assert_array_equal, one, other)
    ranges = [(30, 35), (2, 15), (0, 1)]
    jax.tree.map(np.testing.assert_array_equal, sample.read_ranges(ranges), both.read_ranges(ranges))
    numbers = both.columns("jets", ["eventNumber"], 10, 16)["eventNumber"]
    assert numbers.tolist() == [10, 11, 12, 13, 14, 15]


def test_columns_keep_the_paddings_of_the_file(sample, rows):
    columns = sample.columns("tracks", ["pt", "pdgId", "valid"], 0, 40)
    valid = rows["tracks"]["valid"]
    np.testing.assert_array_equal(columns["valid"], valid)
    np.testing.assert_allclose(columns["pt"], rows["tracks"]["pt"] / 1000, rtol=1e-6)
    assert (columns["pdgId"][~valid] == -1).all()


def test_an_unknown_column_is_named(sample):
    with pytest.raises(SampleError, match=r"dataset 'jets' has no field 'ptt'; it has pt, eta"):
        sample.columns("jets", ["ptt"], 0, 1)


@pytest.mark.parametrize(("start", "stop"), [(-1, 3), (3, 3), (0, 41), (5, 2)])
def test_jets_beyond_the_sample(sample, start, stop):
    with pytest.raises(ArgumentError, match="of a sample of 40"):
        sample.read(start, stop)


def test_another_order_of_classes_is_translated_by_name(rows, tmp_path):
    """The file calls light jets 0 and b jets 1, and has a class that no jet is of."""
    names = ("ujets", "bjets", "taujets", "cjets")
    jets = rows["jets"].copy()
    jets["flavour_label"] = np.array([1, 3, 0])[jets["flavour_label"]]
    write_sample(tmp_path / "a.h5", [{"jets": jets, "tracks": rows["tracks"]}], {}, class_names=names)
    sample = open_sample(tmp_path / "a.h5")
    np.testing.assert_array_equal(sample.read(0, 40).truth.flavour, rows["jets"]["flavour_label"])
    label = sample.columns("jets", ["flavour_label"], 0, 40)["flavour_label"]
    np.testing.assert_array_equal(label, rows["jets"]["flavour_label"])


def test_aliases(rows, path, tmp_path):
    legacy = {"ftagTruthOriginLabel": "truthOriginLabel", "ftagTruthVertexIndex": "truthVertexIndex"}
    tracks = rename_fields(rows["tracks"], legacy)
    write_sample(tmp_path / "a.h5", [{"jets": rows["jets"], "tracks": tracks}], {})
    one, other = open_sample(path).read(0, 40), open_sample(tmp_path / "a.h5").read(0, 40)
    jax.tree.map(np.testing.assert_array_equal, one, other)


def test_correlations_that_are_absent_count_as_zero(rows, tmp_path):
    kept = [name for name in rows["tracks"].dtype.names if not name.startswith("corr_")]
    tracks = np.zeros(rows["tracks"].shape, [(name, rows["tracks"].dtype[name]) for name in kept])
    for name in kept:
        tracks[name] = rows["tracks"][name]
    write_sample(tmp_path / "a.h5", [{"jets": rows["jets"], "tracks": tracks}], {})
    covariance = open_sample(tmp_path / "a.h5").read(0, 40).jet.tracks.covariance
    diagonal = covariance * np.eye(5, dtype=np.float32)
    np.testing.assert_array_equal(covariance, diagonal)


@pytest.mark.parametrize("field", [3.8, -2.0])
def test_the_field_of_the_file(rows, tmp_path, field):
    write_sample(tmp_path / "a.h5", [rows], {"field": field})
    assert set(open_sample(tmp_path / "a.h5").read(0, 40).jet.tracks.field.tolist()) == {np.float32(field)}


def test_identity_follows_the_content_and_not_the_place(sample, rows, path, tmp_path):
    copy = tmp_path / "copy.h5"
    copy.write_bytes(path.read_bytes())
    assert open_sample(copy).identity == sample.identity
    identities = {sample.identity}
    for name, changed, attrs in (
        ("a.h5", rows, {"seed": 4}),
        ("b.h5", {key: value[:39] for key, value in rows.items()}, {"seed": 3}),
        ("c.h5", make_rows(40, seed=1), {"seed": 3}),
    ):
        write_sample(tmp_path / name, [changed], attrs)
        identities.add(open_sample(tmp_path / name).identity)
    assert len(identities) == 4


def test_the_rows_are_read_for_the_identity_and_not_to_open(rows, tmp_path):
    write_sample(tmp_path / "a.h5", [rows], {})
    with h5py.File(tmp_path / "a.h5") as file:
        chunk = file["jets"].id.get_chunk_info(0)
    with (tmp_path / "a.h5").open("r+b") as stream:
        stream.seek(chunk.byte_offset)
        stream.write(b"\xff" * chunk.size)
    sample = open_sample(tmp_path / "a.h5")
    with pytest.raises(SampleError, match="dataset 'jets', rows 0 to 39 cannot be decoded"):
        _ = sample.identity


def test_files_of_others_without_compression(rows, sample, tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name, values in rows.items():
            file.create_dataset(name, data=values)
        file["jets"].attrs["flavour_label"] = np.array([b"bjets", b"cjets", b"ujets"])
    jax.tree.map(
        np.testing.assert_array_equal, sample.read(0, 40), open_sample(tmp_path / "a.h5").read(0, 40)
    )


def test_one_track_in_the_middle_changed_in_place_changes_the_identity(tmp_path):
    rows, path = make_rows(2500), tmp_path / "a.h5"
    row = 1100 + np.argmax(rows["tracks"]["valid"][1100:, 0])
    with h5py.File(path, "w") as file:
        for name in ("jets", "tracks"):
            file[name] = rows[name]
        file["jets"].attrs["flavour_label"] = ["bjets", "cjets", "ujets"]
    before, size = open_sample(path).identity, path.stat().st_size
    with h5py.File(path, "r+") as file:
        jet = file["tracks"][row]
        jet["d0"][0] += 1
        file["tracks"][row] = jet
    assert path.stat().st_size == size
    assert open_sample(path).identity != before


def test_jets_alone_are_read_from_a_sample_opened_to_predict(path, sample):
    blind = open_sample(path, job="predict")
    assert sample.has_truth
    assert not blind.has_truth
    one, other = blind.read_jets(3, 12), sample.read(3, 12).jet
    for leaf, expected in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_array_equal(leaf, expected)
    with pytest.raises(ArgumentError, match="open it with job='train'"):
        blind.read(3, 12)
