"""Global heaps of HDF5, where attributes have their texts: looked at before HDF5 walks through them."""

import io
import os
from typing import Any

SIGNATURE, HEADER = b"GCOL", 16
"""How a heap begins, and the bytes of its header and of that of each object in it."""


class CheckedHeaps(io.FileIO):
    """A file to read HDF5 from, which fails where a heap is damaged so that it has no end for HDF5 2.0."""

    def readinto(self, buffer: Any, /) -> int:
        """Fill the buffer with the next bytes; HDF5 asks for a heap from its first byte on."""
        start = self.tell()
        found = super().readinto(buffer)
        if bytes(memoryview(buffer)[:4]) == SIGNATURE and not _ends(self._heap(start)):
            raise OSError("a global heap has an object of impossible size")
        self.seek(start + found)
        return found

    def _heap(self, start: int) -> bytes:
        self.seek(start)
        size = int.from_bytes(self.read(HEADER)[8:], "little")
        self.seek(start)
        return self.read(min(size, os.fstat(self.fileno()).st_size))


def _ends(heap: bytes) -> bool:
    """Whether the objects of a heap lead to its end, one behind another, in steps that HDF5 can take."""
    place = HEADER
    while place + HEADER <= len(heap):
        number = int.from_bytes(heap[place : place + 2], "little")
        size = int.from_bytes(heap[place + 8 : place + HEADER], "little")
        step = HEADER + size + -size % 8 if number else size  # number 0, what is free, counts its header
        if not HEADER <= step <= len(heap) - place:
            return False
        place += step
    return True
