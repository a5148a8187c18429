"""Secondary vertices matched by the rules of puma, on jets worked out by hand."""

import numpy as np
import pytest

from ndive.evaluation.vertexing import vertex_counts

B, P = True, False


def counted(truth, heavy, found, found_heavy=None, found_primary=None):
    """True, found, matched of one jet."""
    heavy = np.array([heavy], bool)
    found_heavy = heavy if found_heavy is None else np.array([found_heavy], bool)
    found_primary = ~found_heavy if found_primary is None else np.array([found_primary], bool)
    result = vertex_counts(np.array([truth]), heavy, np.array([found]), found_heavy, found_primary)
    return tuple(int(count[0]) for count in result)


@pytest.mark.parametrize(
    ("truth", "heavy", "found", "expected"),
    [
        ([0, 0, 1, 1], [P, P, B, B], [0, 0, 1, 1], (1, 1, 1)),
        ([0, 0, 1, 1], [P, P, B, B], [0, 1, 2, 2], (1, 1, 1)),
        ([0, 0, 1, 1], [P, P, B, B], [0, 0, 0, 0], (1, 0, 0)),  # all in the vertex with primary tracks
        ([0, 0, 1, 1], [P, P, B, B], [0, 0, 1, 2], (1, 0, 0)),  # vertices of one track
        ([0, 0, 1, 2], [P, P, B, B], [0, 0, 1, 1], (0, 1, 0)),  # true vertices of one track
        ([0, 0, 1, 1], [P, P, B, P], [0, 0, 1, 1], (0, 1, 0)),  # a true vertex that is not purely heavy
        ([0, 1, 1, 1], [P, B, B, B], [0, 1, 1, 2], (1, 1, 1)),  # recall 2/3
        ([0, 1, 1, 1, 1, 1], [P, B, B, B, B, B], [0, 1, 1, 1, 2, 2], (1, 2, 0)),  # recall 3/5
        ([1, 1, 2, 2], [B, B, B, B], [1, 1, 1, 1], (2, 1, 1)),  # purity one half
        ([1, 1, -2, -2, -2], [B, B, P, P, P], [3, 3, 3, 3, 3], (1, 0, 0)),
        ([1, 1, 2, 2, 0], [B, B, B, B, P], [5, 5, 9, 9, 1], (2, 2, 2)),
    ],
)
def test_by_hand(truth, heavy, found, expected):
    assert counted(truth, heavy, found) == expected


def test_a_vertex_without_a_track_told_heavy_is_none():
    told = {"found_heavy": [0, 0, 0, 0], "found_primary": [1, 0, 0, 0]}
    assert counted([0, 0, 1, 1], [P, P, B, B], [0, 0, 1, 1], **told) == (1, 0, 0)


def test_only_one_vertex_is_taken_for_the_primary():
    told = {"found_heavy": [0, 1, 0, 1], "found_primary": [1, 0, 1, 0]}
    assert counted([1, 1, 2, 2], [B, B, B, B], [0, 0, 1, 1], **told) == (2, 1, 1)


def test_of_two_found_in_one_true_vertex_the_larger_matches():
    found = [1, 1, 1, 2, 2]
    assert counted([1, 1, 1, 1, 1], [B] * 5, found) == (1, 2, 0)
    assert counted([1, 1, 1, 1, 0], [B] * 5, [1, 1, 1, 2, 2]) == (1, 2, 1)
