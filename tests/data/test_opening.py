from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.lib.recfunctions import rename_fields

from ndive.data import open_sample, write_sample
from ndive.errors import ArgumentError, FileAccessError, SampleError
from tests.data.samples import Rows, make_rows, without


def message(source, job="train", split=None):
    with pytest.raises((SampleError, FileAccessError, ArgumentError)) as caught:
        open_sample(source, job, split)
    text = str(caught.value)
    assert "\n" not in text
    return text


def written(path: Path, rows: Rows, **kwargs) -> Path:
    write_sample(path, [rows], {}, **kwargs)
    return path


def test_a_missing_file(tmp_path):
    assert message(tmp_path / "a.h5") == f"cannot read '{tmp_path / 'a.h5'}': No such file or directory"


def test_an_empty_file(tmp_path):
    (tmp_path / "a.h5").touch()
    assert message(tmp_path / "a.h5") == f"'{tmp_path / 'a.h5'}' is empty: 0 bytes"


def test_no_hdf5(tmp_path):
    (tmp_path / "a.h5").write_text("pt,eta,phi\n" * 100)
    assert message(tmp_path / "a.h5") == f"'{tmp_path / 'a.h5'}' is not an HDF5 file"


@pytest.mark.parametrize("share", [0.2, 0.9, 0.999])
def test_a_truncated_file(path, tmp_path, share):
    content = path.read_bytes()
    (tmp_path / "a.h5").write_bytes(content[: int(share * len(content))])
    assert message(tmp_path / "a.h5").startswith(f"'{tmp_path / 'a.h5'}' is truncated")


def test_damaged_bytes_name_the_rows(path, tmp_path):
    copy = tmp_path / "a.h5"
    copy.write_bytes(path.read_bytes())
    with h5py.File(copy) as file:
        chunk = file["tracks"].id.get_chunk_info(0)
    with copy.open("r+b") as stream:
        stream.seek(chunk.byte_offset)
        stream.write(b"\xff" * chunk.size)
    sample = open_sample(copy)
    with pytest.raises(SampleError, match=r"a.h5': dataset 'tracks', rows 3 to 7 cannot be decoded"):
        sample.read(3, 8)


@pytest.mark.parametrize("place", [0, 11, 0.5, -1])
def test_one_flipped_bit_names_the_rows_and_nothing_else_is_printed(tmp_path, capfd, place):
    path = written(tmp_path / "a.h5", make_rows(600))
    with h5py.File(path) as file:
        chunk = file["tracks"].id.get_chunk_info(1)
    offset = int(place * chunk.size) if isinstance(place, float) else place % chunk.size
    with path.open("r+b") as stream:
        stream.seek(chunk.byte_offset + offset)
        byte = stream.read(1)[0]
        stream.seek(chunk.byte_offset + offset)
        stream.write(bytes([byte ^ 0x10]))
    sample = open_sample(path)
    with pytest.raises(SampleError, match=r"a.h5': dataset 'tracks', rows 250 to 299 cannot be decoded"):
        sample.read(250, 300)
    assert capfd.readouterr() == ("", "")


def test_no_track_slots(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name, values in make_rows(3).items():
            file[name] = values if name == "jets" else values[:, :0]
    for job in ("fit", "train"):
        assert message(tmp_path / "a.h5", job) == (
            f"'{tmp_path / 'a.h5'}': dataset 'tracks' has 0 track slots a jet, allowed is 1 or more"
        )


def test_no_jets(tmp_path):
    assert message(written(tmp_path / "a.h5", make_rows(0))).endswith("a.h5' has no jets")


def test_a_missing_dataset(tmp_path):
    path = written(tmp_path / "a.h5", {"jets": make_rows(3)["jets"]})
    assert message(path) == f"'{path}': no dataset 'tracks'; found 'jets'"


def test_a_dataset_without_named_fields(tmp_path):
    path = written(tmp_path / "a.h5", {"jets": make_rows(3)["jets"], "tracks": np.zeros((3, 5))})
    assert (
        "dataset 'tracks' has shape (3, 5) and dtype float64; allowed are 2 axes and named fields"
        in message(path)
    )


def test_datasets_of_different_length(tmp_path):
    path = written(tmp_path / "a.h5", {"jets": make_rows(3)["jets"], "tracks": make_rows(4)["tracks"]})
    assert "dataset 'tracks' has 4 rows, dataset 'jets' has 3" in message(path)


def test_missing_fields_are_all_named_with_what_is_near(tmp_path):
    rows = make_rows(3)
    names = {"z0": "z_null", "z0Uncertainty": "z0_Uncertainty"}
    rows["tracks"] = rename_fields(rows["tracks"], names)
    path = written(tmp_path / "a.h5", rows)
    assert message(path, "fit") == (
        f"'{path}' can't be used to fit one vertex a jet: dataset 'tracks' lacks 'z0', 'z0Uncertainty' "
        "(it has 'z0_Uncertainty')"
    )


def test_a_job_asks_for_its_own_fields_only(tmp_path):
    rows = without(make_rows(3), "jets", "flavour_label", "pt")
    path = written(tmp_path / "a.h5", rows)
    assert open_sample(path, "fit").n_jets == 3
    assert "dataset 'jets' lacks 'pt'" in message(path, "predict")
    assert "dataset 'jets' lacks 'pt', 'flavour_label'" in message(path, "train")


@pytest.mark.parametrize(
    ("dataset", "field", "dtype", "allowed"),
    [
        ("tracks", "d0", "i4", "float"),
        ("tracks", "valid", "i1", "bool"),
        ("tracks", "corr_d0_phi", "S4", "float"),
        ("jets", "flavour_label", "f4", "integer"),
    ],
)
def test_a_wrong_dtype(tmp_path, dataset, field, dtype, allowed):
    rows = make_rows(3)
    old = rows[dataset]
    kinds = [(name, dtype if name == field else old.dtype[name]) for name in old.dtype.names]
    new = np.zeros(old.shape, kinds)
    path = written(tmp_path / "a.h5", rows | {dataset: new})
    found = np.dtype(dtype)
    assert f"dataset '{dataset}', field '{field}' has dtype {found}, allowed is {allowed}" in message(path)


@pytest.mark.parametrize(("dataset", "field", "dtype"), [("jets", "pt", "f8"), ("tracks", "d0", "f2")])
def test_another_width_is_no_wrong_dtype(tmp_path, dataset, field, dtype):
    rows = make_rows(3)
    old = rows[dataset]
    new = old.astype([(name, dtype if name == field else old.dtype[name]) for name in old.dtype.names])
    sample = open_sample(written(tmp_path / "a.h5", rows | {dataset: new}))
    assert sample.read(0, 3).jet.tracks.parameters.dtype == np.float32


def test_mixed_class_lists(tmp_path):
    first = written(tmp_path / "a.h5", make_rows(3))
    second = written(tmp_path / "b.h5", make_rows(3), class_names=("cjets", "bjets", "ujets"))
    assert message([first, second]) == (
        f"'{second}' has the class list (cjets, bjets, ujets), '{first}' has (bjets, cjets, ujets); "
        "files of one sample share it"
    )


def test_no_class_list(tmp_path, rows):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name, values in rows.items():
            file.create_dataset(name, data=values)
    text = message(tmp_path / "a.h5")
    assert "dataset 'jets', attribute 'flavour_label' (the class list) is ()" in text
    assert "allowed are lists of bjets, cjets, ujets" in text


def test_mixed_numbers_of_slots_and_correlations(tmp_path):
    first = written(tmp_path / "a.h5", make_rows(3, 5))
    second = written(tmp_path / "b.h5", make_rows(3, 6))
    third = written(tmp_path / "c.h5", without(make_rows(3, 5), "tracks", "corr_d0_phi"))
    assert f"'{second}' has the number of track slots 6, '{first}' has 5" in message([first, second])
    assert f"'{third}' has the correlations (corr_d0_z0, corr_d0_theta" in message([first, third])


@pytest.mark.parametrize("field", [0.0, np.nan, -np.inf, "two"])
def test_a_wrong_field(tmp_path, rows, field):
    write_sample(tmp_path / "a.h5", [rows], {"field": field})
    assert "attribute 'field' is " in message(tmp_path / "a.h5")


def test_an_unknown_job(path):
    assert message(path, "dance") == "job 'dance' is unknown; allowed are fit, predict, train, evaluate"


def test_a_group_in_the_place_of_a_dataset(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_group("jets")
    assert message(tmp_path / "a.h5").endswith("'jets' is a group; allowed is a dataset with named fields")


def test_any_damaged_byte_is_one_line(tmp_path):
    written(tmp_path / "a.h5", make_rows(5))
    content = (tmp_path / "a.h5").read_bytes()
    random = np.random.default_rng(4)
    refused = []
    for _ in range(100):
        damaged = bytearray(content)
        for place in random.integers(0, len(content), 20):
            damaged[place] = random.integers(256)
        (tmp_path / "a.h5").write_bytes(damaged)
        try:
            _ = open_sample(tmp_path / "a.h5", "train").identity
        except SampleError as error:
            refused.append(str(error))
    assert len(refused) > 50
    assert not any("\n" in text for text in refused)
