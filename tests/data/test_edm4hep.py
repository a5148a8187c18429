"""Tracks of EDM4hep files: helices worked by hand, in both layouts of podio, with 15 and with 21 terms."""

import numpy as np
import pytest

from ndive.data.edm4hep import read_edm4hep_events, read_edm4hep_jets
from ndive.errors import ArgumentError, NdiveError, SampleError
from tests.data.edm4hep_files import write_edm4hep

PT = 0.599584916
"""GeV: 1000 mm of radius in 2 T, since pT = 0.299792458e-3 B R."""

LAYOUTS = {
    "Spring 2021": {"states": "EFlowTrack_1", "covariance": "covMatrix[15]", "terms": 15},
    "Winter 2023": {"states": "EFlowTrack_1", "covariance": "covMatrix[21]", "terms": 21},
    "EDM4hep 1.0": {"states": "_EFlowTrack_trackStates", "covariance": "covMatrix.values[21]", "terms": 21},
}
IN_ALL_LAYOUTS = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())

ERRORS = np.array([0.01, 2e-3, 3e-6, 0.05, 4e-3, 7.0])
"""Of d0, phi, omega, z0, tan lambda and time; z0 and tan lambda are correlated by a half."""


def state(d0, phi, omega, z0, tangent, *, location=1, point=(0.0, 0.0, 0.0), terms=21):
    correlation = np.eye(6)
    correlation[4, 3] = 0.5
    matrix = correlation * np.outer(ERRORS, ERRORS)
    listed = [matrix[i, j] for i in range(6) for j in range(i + 1)]
    return {
        "state": (d0, phi, omega, z0, tangent),
        "terms": listed[:terms],
        "location": location,
        "point": point,
    }


def events(terms=21, locations=(0,)):
    """Two events of two tracks and one, none between them; other states of a track are somewhere else."""

    def track(*numbers):
        return [
            state(*(numbers if location in (0, 1) else (9, 2, 5e-3, 99, 9)), location=location, terms=terms)
            for location in locations
        ]

    positive, negative = track(1, 0, 1e-3, 5, 0.75), track(-0.5, 3, -2e-3, -7, -0.75)
    return [[positive, negative], [], [track(0, -1, 0, 0, 0)]]


def file_of(path, layout, locations=(0,), **more):
    terms = layout["terms"]
    return write_edm4hep(
        path, events(terms, locations), states=layout["states"], covariance=layout["covariance"], **more
    )


@IN_ALL_LAYOUTS
@pytest.mark.usefixtures("x64")
def test_helices_worked_by_hand(layout, tmp_path):
    """Radii of 1000 and 500 mm at tan lambda = 3/4: p = 5/4 pT, theta by its tangent of 4/3."""
    tracks = read_edm4hep_events(file_of(tmp_path / "fcc.root", layout))
    np.testing.assert_array_equal(tracks.mask, [[True, True], [False, False], [True, False]])
    theta = np.arctan2(4, 3)
    expected = [[1, 5, 0, theta, 0.8 / PT], [-0.5, -7, 3, np.pi - theta, -1.6 / PT]]
    np.testing.assert_allclose(tracks.parameters[0], expected, rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(tracks.parameters[2, 0], [0, 0, -1, np.pi / 2, 0], rtol=1e-7, atol=1e-12)
    np.testing.assert_array_equal(tracks.field, [2, 2, 2])
    np.testing.assert_array_equal(tracks.reference, np.zeros((3, 3)))


@IN_ALL_LAYOUTS
@pytest.mark.usefixtures("x64")
def test_the_covariance_worked_by_hand(layout, tmp_path):
    """sin² theta = 16/25, q/p = omega sin theta / 5.99584916e-4; a change of tan lambda takes 12/25 of it."""
    covariance = read_edm4hep_events(file_of(tmp_path / "fcc.root", layout)).covariance[0, 0]
    theta = 0.64 * 4e-3
    q_over_p = np.hypot(3e-6 * 0.8 / 5.99584916e-4, 0.48 * 0.8 / PT * 4e-3)
    errors = np.array([0.01, 0.05, 2e-3, theta, q_over_p])
    from_tangent = -0.48 * 0.8 / PT * 4e-3 / q_over_p
    correlation = np.eye(5)
    for i, j, value in ((1, 3, -0.5), (1, 4, 0.5 * from_tangent), (3, 4, -from_tangent)):
        correlation[i, j] = correlation[j, i] = value
    np.testing.assert_allclose(covariance / np.outer(errors, errors), correlation, rtol=1e-6, atol=1e-9)


def test_the_state_at_the_interaction_point_is_taken(tmp_path):
    layout = LAYOUTS["EDM4hep 1.0"]
    alone = read_edm4hep_events(file_of(tmp_path / "one.root", layout))
    among = read_edm4hep_events(file_of(tmp_path / "four.root", layout, (2, 1, 3, 4)))
    np.testing.assert_array_equal(alone.parameters, among.parameters)
    np.testing.assert_array_equal(alone.mask, among.mask)


def test_a_track_without_a_state_at_the_interaction_point_is_masked(tmp_path):
    lost = [state(1, 0, 1e-3, 5, 0.75, location=location) for location in (2, 3)]
    path = write_edm4hep(tmp_path / "ilc.root", [[lost, [state(0, 1, 1e-3, 0, 0)]]])
    tracks = read_edm4hep_events(path)
    np.testing.assert_array_equal(tracks.mask, [[False, True]])
    assert np.all(np.isfinite(tracks.parameters))
    with pytest.raises(
        SampleError, match=r"none of the 1 tracks of 'EFlowTrack' has a state at the interaction"
    ):
        read_edm4hep_events(write_edm4hep(tmp_path / "none.root", [[lost]]))


@pytest.mark.parametrize("read", [read_edm4hep_events, read_edm4hep_jets])
@pytest.mark.parametrize("field", [0, np.nan])
def test_without_a_field_there_is_no_momentum(read, field, tmp_path):
    with pytest.raises(ArgumentError, match=rf"^field is {field:g}, allowed is a number of tesla"):
        read(tmp_path / "fcc.root", field=field)


def test_another_reference_point_is_left_for_the_origin(tmp_path):
    """A straight track along y through (3, 0, 1), said about (2, 0, 1): 3 mm right of the beam, d0 = -3."""
    there = state(-1, np.pi / 2, 0, 0, 0, point=(2, 0, 1))
    tracks = read_edm4hep_events(write_edm4hep(tmp_path / "point.root", [[[there]]]))
    np.testing.assert_allclose(tracks.parameters[0, 0], [-3, 1, np.pi / 2, np.pi / 2, 0], atol=1e-6)
    np.testing.assert_array_equal(tracks.reference, [[0, 0, 0]])


def test_a_part_of_the_events(tmp_path):
    path = file_of(tmp_path / "fcc.root", LAYOUTS["Winter 2023"])
    whole, part = read_edm4hep_events(path), read_edm4hep_events(path, start=1, stop=3)
    np.testing.assert_array_equal(part.mask, [[False], [True]])
    np.testing.assert_array_equal(part.parameters[1, 0], whole.parameters[2, 0])
    with pytest.raises(ArgumentError, match=r"events 2 to 4 asked of .*fcc.root', which has 3"):
        read_edm4hep_events(path, start=2, stop=4)


JETS = [
    [{"momentum": (3, 4, 0), "particles": [1]}, {"momentum": (-6, 0, 8), "particles": [0, 1]}],
    [],
    [{"momentum": (0, 2, -1), "particles": []}, {"momentum": (0, 1, 1), "particles": [0]}],
]
"""Particle k of an event is its last but k track, so the first jet has the first track of its event."""


@pytest.mark.parametrize("old", [True, False], ids=["EFlowTrack_1", "_EFlowTrack_trackStates"])
def test_jets_have_the_tracks_of_their_particles(old, tmp_path):
    layout = LAYOUTS["Winter 2023" if old else "EDM4hep 1.0"]
    names = (
        ("Jet#2", "ReconstructedParticles#1") if old else ("_Jet_particles", "_ReconstructedParticles_tracks")
    )
    path = file_of(tmp_path / "fcc.root", layout, jets=JETS, pointers=names)
    jets, of_events = read_edm4hep_jets(path), read_edm4hep_events(path)
    first, second, third = of_events.parameters[0, 0], of_events.parameters[0, 1], of_events.parameters[2, 0]
    np.testing.assert_array_equal(jets.tracks.mask, [[1, 0], [1, 1], [0, 0], [1, 0]])
    np.testing.assert_array_equal(jets.tracks.parameters[0, 0], first)
    np.testing.assert_array_equal(jets.tracks.parameters[1], [second, first])
    np.testing.assert_array_equal(jets.tracks.parameters[3, 0], third)
    np.testing.assert_allclose(jets.pt, [5, 6, 2, 1], rtol=1e-6)
    np.testing.assert_allclose(jets.phi, [np.arctan2(4, 3), np.pi, np.pi / 2, np.pi / 2], rtol=1e-6)
    np.testing.assert_allclose(np.sinh(jets.eta), [0, 4 / 3, -0.5, 1], rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"collection": "Tracks"}, r"no track states of 'Tracks'; it has those of EFlowTrack$"),
        ({"jets": "Jets"}, r"tree 'events' lacks the branches Jets.momentum.x"),
    ],
)
def test_a_collection_that_is_not_there(change, message, tmp_path):
    path = file_of(tmp_path / "fcc.root", LAYOUTS["EDM4hep 1.0"], jets=JETS)
    with pytest.raises(SampleError, match=message):
        read_edm4hep_jets(path, **change)


@pytest.mark.parametrize(
    ("jets", "message"),
    [
        (
            [[{"momentum": (1, 0, 0), "particles": [2]}], [], []],
            "'_Jet_particles', event 0: found index 2, there",
        ),
        (
            [[], [{"momentum": (1, 0, 0), "particles": [0]}], []],
            "'_Jet_particles', event 1: found index 0, there",
        ),
    ],
)
def test_a_pointer_out_of_its_event(jets, message, tmp_path):
    path = file_of(tmp_path / "fcc.root", LAYOUTS["EDM4hep 1.0"], jets=jets)
    with pytest.raises(SampleError, match=message):
        read_edm4hep_jets(path)


def test_pointers_to_several_collections(tmp_path):
    path = file_of(tmp_path / "fcc.root", LAYOUTS["EDM4hep 1.0"], jets=JETS, collections=(7, 11))
    with pytest.raises(SampleError, match="'_Jet_particles' points to 2 collections, of numbers 7, 11"):
        read_edm4hep_jets(path)


def test_ranges_out_of_their_event(tmp_path):
    two = [[[state(1, 0, 1e-3, 5, 0.75)], [state(1, 0, 1e-3, 5, 0.75)]], []]
    path = write_edm4hep(tmp_path / "fcc.root", two)
    content = path.read_bytes()
    ends = np.array([1, 2], ">u4").tobytes()
    at = content.rindex(ends)
    path.write_bytes(content[:at] + np.array([1, 9], ">u4").tobytes() + content[at + len(ends) :])
    with pytest.raises(NdiveError, match=r"'EFlowTrack', event 0: found trackStates 1 to 9, there are 2"):
        read_edm4hep_events(path)
