import numpy as np

from ndive.schema import load_schema
from ndive.simulation.origins import track_origins, vertex_indices
from tests.simulation.events import DECAYED, events_of, particle

NAMES = {origin.value: origin.name for origin in load_schema().origins}


def test_the_first_origin_that_holds_is_taken():
    away = (3.0, 0.0, 0.0)
    events = events_of(
        particle(511, status=DECAYED),  # 0
        particle(-421, status=DECAYED, mother=0),  # 1
        particle(310, status=DECAYED, mother=0),  # 2
        particle(15, status=DECAYED, mother=0),  # 3
        particle(411, status=DECAYED),  # 4
        particle(15, status=DECAYED),  # 5
        particle(310, status=DECAYED),  # 6
        particle(113, status=DECAYED),  # 7
        particle(211, mother=0),
        particle(211, mother=1),
        particle(211, mother=2, at=away),
        particle(11, mother=3),
        particle(211, mother=4),
        particle(211, mother=5),
        particle(211, mother=6, at=away),
        particle(211, mother=7),
        particle(211),
    )
    found = [NAMES[value] for value in track_origins(events, np.arange(8, 17))]
    assert found == [
        "from_b",
        "from_b_then_c",
        "from_b",
        "from_b",
        "from_c",
        "from_tau",
        "other_secondary",
        "primary",
        "primary",
    ]


def test_the_pion_of_an_excited_charm_hadron_is_from_charm():
    events = events_of(
        particle(511, status=DECAYED),  # 0
        particle(-413, status=DECAYED, mother=0),  # 1
        particle(-421, status=DECAYED, mother=1),  # 2
        particle(413, status=DECAYED),  # 3
        particle(421, status=DECAYED, mother=3),  # 4
        particle(443, status=DECAYED, mother=0),  # 5
        particle(-211, mother=1),
        particle(-211, mother=2),
        particle(211, mother=3),
        particle(13, mother=5),
    )
    found = [NAMES[value] for value in track_origins(events, np.arange(6, 10))]
    assert found == ["from_b_then_c", "from_b_then_c", "from_c", "from_b"]


def test_vertices_are_numbered_in_the_order_of_the_tracks():
    points = np.array([[[0, 0, 5.0], [0, 0, 0], [1, 0, 0], [0, 0, 5.0], [9, 9, 9]]])
    valid = np.array([[True, True, True, True, False]])
    assert vertex_indices(points, valid).tolist() == [[1, 0, 2, 1, -1]]


def test_points_within_a_micrometre_are_one_vertex_and_links_carry_on():
    chain = [[0, 0, 2.0 + 0.0008 * step] for step in (3, 0, 2, 1)]
    near_origin = [[0, 0, 0.0009], [0, 0, 0.0017], [0, 0, 0.004], [0, 0, 0.0011]]
    found = vertex_indices(np.array([chain, near_origin]), np.ones((2, 4), dtype=bool))
    assert found.tolist() == [[1, 1, 1, 1], [0, 0, 1, 0]]


def test_padding_links_nothing():
    points = np.array([[[0, 0, 1.0], [0, 0, 1.0009], [0, 0, 1.0018]]])
    assert vertex_indices(points, np.array([[True, False, True]])).tolist() == [[1, -1, 2]]
