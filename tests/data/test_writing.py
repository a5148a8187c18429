import h5py
import hdf5plugin
import numpy as np
import pytest

from ndive.data import write_datasets, write_sample
from ndive.errors import ArgumentError, FileAccessError
from ndive.schema import load_schema
from tests.data.samples import make_rows


def same(one: np.ndarray, other: np.ndarray) -> bool:
    return one.dtype == other.dtype and one.tobytes() == other.tobytes()


@pytest.mark.parametrize("cuts", [[], [1], [7, 7, 30], [0, 39]])
def test_rows_come_back_however_they_were_cut(rows, tmp_path, cuts):
    pieces = [
        {"jets": jets, "tracks": tracks}
        for jets, tracks in zip(np.split(rows["jets"], cuts), np.split(rows["tracks"], cuts), strict=True)
    ]
    write_sample(tmp_path / "a.h5", iter(pieces), {})
    with h5py.File(tmp_path / "a.h5") as file:
        assert same(file["jets"][:], rows["jets"])
        assert same(file["tracks"][:], rows["tracks"])


def test_layout_is_that_of_the_schema(path):
    schema = load_schema()
    with h5py.File(path) as file:
        assert file["jets"].dtype == schema.dtype("jets")
        assert file["tracks"].dtype == schema.dtype("tracks")
        assert file["jets"].attrs["flavour_label"].tolist() == ["bjets", "cjets", "ujets"]
        assert file.attrs["seed"] == 3


def test_chunks_are_lz4_with_a_checksum_of_what_is_on_disk(path):
    with h5py.File(path) as file:
        for name in ("jets", "tracks"):
            filters = file[name].id.get_create_plist()
            found = [filters.get_filter(number)[0] for number in range(filters.get_nfilters())]
            assert found == [hdf5plugin.LZ4.filter_id, h5py.h5z.FILTER_FLETCHER32]


def test_a_failing_stream_leaves_what_was_there(tmp_path):
    def stream():
        yield make_rows(3)
        raise RuntimeError("generator died")

    target = tmp_path / "a.h5"
    target.write_text("before")
    with pytest.raises(RuntimeError, match="generator died"):
        write_sample(target, stream(), {})
    assert target.read_text() == "before"
    assert list(tmp_path.iterdir()) == [target]


def test_no_rows_are_refused(tmp_path):
    with pytest.raises(ArgumentError, match="no chunk of rows"):
        write_sample(tmp_path / "a.h5", [], {})
    assert not list(tmp_path.iterdir())


def test_rows_of_another_kind_are_refused(tmp_path):
    with pytest.raises(ArgumentError, match=r"rows of 'tracks' have .* shape \(5,\), those before .* \(6,\)"):
        write_sample(tmp_path / "a.h5", [make_rows(3, 6), make_rows(3, 5)], {})


def test_an_attribute_that_hdf5_cannot_hold_is_named(rows, tmp_path):
    with pytest.raises(ArgumentError, match="attribute 'settings' has type dict"):
        write_sample(tmp_path / "a.h5", [rows], {"settings": {"a": 1}})


def test_an_unwritable_place_is_named(rows, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileAccessError, match="cannot write"):
        write_sample(tmp_path / "file" / "a.h5", [rows], {})


def test_other_datasets_are_written_too(tmp_path):
    table = np.zeros(5, [("x", "f8")])
    write_datasets(
        tmp_path / "a.h5", [{"vertices": table}, {"vertices": table}], {}, {"vertices": {"unit": "mm"}}
    )
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["vertices"].shape == (10,)
        assert file["vertices"].attrs["unit"] == "mm"
