"""Texts of attributes in damaged heaps, which HDF5 would walk through for ever."""

import struct

import h5py
import pytest

from ndive.data.hdf5 import attributes_of
from ndive.errors import SampleError

TEXTS = ["bjets", "cjets", "ujets", "longer than eight"]


@pytest.fixture
def path(tmp_path):
    """A file whose heap begins with the texts, each padded to eight bytes, then what is free."""
    path = tmp_path / "jets.h5"
    with h5py.File(path, "w") as file:
        file.attrs["flavour_label"] = TEXTS
    return path


def objects(content):
    """Where the objects of the heap are, with their numbers and sizes, from the format of HDF5."""
    heap = content.index(b"GCOL")
    place, end = heap + 16, heap + struct.unpack_from("<Q", content, heap + 8)[0]
    while place < end:
        number, size = (
            struct.unpack_from("<H", content, place)[0],
            struct.unpack_from("<Q", content, place + 8)[0],
        )
        yield place, number, size
        place += (16 + (size + 7) // 8 * 8) if number else size


def resized(path, number, size):
    content = bytearray(path.read_bytes())
    (place,) = (place for place, found, _ in objects(content) if found == number)
    struct.pack_into("<Q", content, place + 8, size)
    path.write_bytes(content)


def test_a_sound_heap_is_read(path):
    content = path.read_bytes()
    sizes = sorted(size for _, number, size in objects(content) if number)
    assert sizes == sorted(len(text) for text in TEXTS)
    with attributes_of(path) as file:
        assert list(file.attrs["flavour_label"]) == TEXTS


@pytest.mark.parametrize(("number", "size"), [(0, 0), (0, 8), (0, 15)])
def test_free_bytes_without_a_size_are_refused(number, size, path):
    resized(path, number, size)
    message = r"^'.*jets.h5' is damaged: a global heap has an object of impossible size$"
    with pytest.raises(SampleError, match=message), attributes_of(path) as file:
        file.attrs["flavour_label"]


@pytest.mark.parametrize("size", [2**63, 2**64 - 16, 5000])
def test_a_text_that_leaves_the_heap_is_refused(size, path):
    resized(path, 2, size)
    with pytest.raises(SampleError, match="is damaged"), attributes_of(path) as file:
        file.attrs["flavour_label"]


def test_a_heap_that_is_longer_than_the_file(path):
    content = bytearray(path.read_bytes())
    struct.pack_into("<Q", content, content.index(b"GCOL") + 8, 2**62)
    path.write_bytes(content)
    with pytest.raises(SampleError, match="is damaged"), attributes_of(path) as file:
        file.attrs["flavour_label"]
