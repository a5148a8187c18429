import pytest

from ndive.data import find_files
from ndive.errors import ArgumentError, FileAccessError


@pytest.fixture
def folder(tmp_path):
    for name in ("b_train.h5", "a_train.h5", "a_val.h5", ".a_train.h5", "a_train.txt", ".x.h5.y.part"):
        (tmp_path / name).touch()
    return tmp_path


def names(files):
    return [path.name for path in files]


def test_a_directory_with_a_split(folder):
    assert names(find_files(folder, "train")) == ["a_train.h5", "b_train.h5"]
    assert names(find_files(folder, "val")) == ["a_val.h5"]


def test_a_directory_without_a_split(folder):
    assert names(find_files(str(folder))) == ["a_train.h5", "a_val.h5", "b_train.h5"]


def test_a_wildcard(folder):
    assert names(find_files(folder / "a_*.h5")) == ["a_train.h5", "a_val.h5"]


def test_a_list_keeps_its_order(folder):
    assert names(find_files([folder / "b_train.h5", folder / "a_*.h5"])) == [
        "b_train.h5",
        "a_train.h5",
        "a_val.h5",
    ]


def test_a_file_named_outright_needs_no_split_in_its_name(folder):
    assert names(find_files(folder / "a_val.h5", "train")) == ["a_val.h5"]


def test_a_file_with_signs_of_a_wildcard_in_its_name(tmp_path):
    (tmp_path / "a[1].h5").touch()
    assert names(find_files(tmp_path / "a[1].h5")) == ["a[1].h5"]


def test_nothing_found_names_place_and_pattern(folder):
    with pytest.raises(FileAccessError, match=r"no file in it matches '\*_test.h5'"):
        find_files(folder, "test")
    with pytest.raises(FileAccessError, match=r"matches 'z\*.h5'"):
        find_files(folder / "z*.h5")


def test_an_empty_list_and_an_unknown_split(folder):
    with pytest.raises(ArgumentError, match="list of files is empty"):
        find_files([])
    with pytest.raises(ArgumentError, match="allowed are train, val, test"):
        find_files(folder, "dev")
