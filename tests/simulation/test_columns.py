import numpy as np
import pytest

from ndive.schema import in_slots, load_schema, structured
from ndive.simulation.columns import jet_columns, track_columns
from ndive.simulation.jets import Jets
from ndive.simulation.labels import label_jets
from ndive.simulation.tracking import JetTracks
from tests.simulation.events import events_of, particle

EVENTS = events_of(
    particle(511, 40.0, 0.5, 3.0, status=-1, decay=(-3.0, 0.4, 2.0)),
    particle(-421, 20.0, 0.5, 3.0, status=-1, mother=0, at=(-3.0, 0.4, 2.0), decay=(-4.0, 0.5, 2.7)),
    particle(211, 5.0, 0.6, -3.1, mother=1, at=(-4.0, 0.5, 2.7)),
)
JETS = Jets(
    n_events=1,
    event=np.array([0, 0]),
    pt=np.array([50.0, 60.0]),
    eta=np.array([0.5, -1.0]),
    phi=np.array([3.1, 0.0]),
    mass=np.array([8.0, 9.0]),
)


def one_track(d0, z0, phi=-3.1, theta=1.0, covariance=None):
    parameters = np.array([[d0, z0, phi, theta, 0.2]])
    covariance = np.diag([4e-4, 1e-2, 1e-6, 1e-6, 1e-6])[None] if covariance is None else covariance[None]
    return JetTracks(
        particle=np.array([2]), jet=np.array([0]), true=parameters, measured=parameters, covariance=covariance
    )


def columns(tracks):
    return track_columns(EVENTS, JETS, tracks, np.array([4]), np.array([1]))


def test_every_field_of_the_schema_is_filled_in_its_unit():
    tracks = structured("tracks", columns(one_track(0.1, 0.5)))
    assert tracks.dtype == load_schema().dtype("tracks")
    assert tracks["qOverP"] == pytest.approx([0.2e-3])
    assert tracks["qOverPUncertainty"] == pytest.approx([1e-6])
    assert tracks["pt"] == pytest.approx([5e3 * np.sin(1.0)])
    assert tracks["d0"] == pytest.approx([0.1])
    assert tracks["dphi"] == pytest.approx([2 * np.pi - 6.2])
    assert tracks["truth_prod_z"] == pytest.approx([2.7])
    assert tracks["pdgId"].tolist() == [211]


def test_jets_have_their_labels_and_hadrons():
    labels = label_jets(EVENTS, JETS)
    jets = structured("jets", jet_columns(EVENTS, JETS, labels, np.array([1, 0]), np.array([1, 0]), 700))
    assert jets.dtype == load_schema().dtype("jets")
    assert jets["pt"].tolist() == [50e3, 60e3]
    assert jets["HadronConeExclTruthLabelID"].tolist() == [5, 0]
    assert jets["flavour_label"].tolist() == [0, 2]
    assert jets["eventNumber"].tolist() == [700, 700]
    assert jets["hadron_pdgId"].tolist() == [511, 0]
    assert jets["chadron_pdgId"].tolist() == [-421, 0]
    assert jets["HadronConeExclTruthLabelPt"] == pytest.approx([40e3, 0])
    np.testing.assert_allclose([jets[f"hadron_{axis}"][0] for axis in "xyz"], [-3.0, 0.4, 2.0], rtol=1e-6)
    np.testing.assert_allclose([jets[f"chadron_{axis}"][0] for axis in "xyz"], [-4.0, 0.5, 2.7], rtol=1e-6)
    assert [jets[f"hadron_{axis}"][1] for axis in "xyz"] == [0, 0, 0]


@pytest.mark.parametrize("d0", [0.3, -0.3])
def test_the_lifetime_sign_is_that_of_the_crossing_with_the_jet(d0):
    """Positive where the perigee lies ahead along the jet axis, worked out from the points."""
    phi = 3.0
    perigee = np.array([-d0 * np.sin(phi), d0 * np.cos(phi)])
    ahead = perigee @ [np.cos(3.1), np.sin(3.1)]
    found = columns(one_track(d0, 0.5, phi=phi))["lifetimeSignedD0Significance"]
    assert found == pytest.approx([np.sign(ahead) * 0.3 / 0.02])


def test_the_lifetime_sign_of_z0_is_positive_for_a_track_that_leaves_ahead():
    """A decay at z = +0.5 mm on a jet of eta 0.5: the track of smaller eta cuts the beam line at z > 0."""
    slower, faster = (2 * np.arctan(np.exp(-eta)) for eta in (0.4, 0.6))
    assert columns(one_track(0.1, 0.5, theta=slower))["lifetimeSignedZ0SinThetaSignificance"] > 0
    assert columns(one_track(0.1, 0.5, theta=faster))["lifetimeSignedZ0SinThetaSignificance"] < 0


def test_the_error_of_z0_sin_theta_is_that_of_toys():
    covariance = np.diag([1e-4, 4e-2, 1e-6, 1e-2, 1e-6])
    covariance[1, 3] = covariance[3, 1] = 0.8 * 0.2 * 0.1
    z0, theta = (
        np.random.default_rng(0)
        .multivariate_normal([3.0, 1.0], covariance[np.ix_([1, 3], [1, 3])], size=200_000)
        .T
    )
    error = columns(one_track(0.1, 3.0, covariance=covariance))["z0SinThetaUncertainty"]
    assert error == pytest.approx((z0 * np.sin(theta)).std(), rel=0.02)


def test_correlations_are_those_of_the_covariance():
    covariance = np.diag([4e-4, 1e-2, 1e-6, 1e-6, 1e-6])
    covariance[0, 2] = covariance[2, 0] = -0.9 * 0.02 * 1e-3
    found = columns(one_track(0.1, 0.5, covariance=covariance))
    assert found["corr_d0_phi"] == pytest.approx([-0.9])
    assert found["corr_z0_theta"] == pytest.approx([0.0])


def test_padding_follows_the_real_tracks():
    tracks = np.concatenate([structured("tracks", columns(one_track(d0, 0.5))) for d0 in (1.0, 2.0, 3.0)])
    table = in_slots(tracks, np.array([2, 0, 1]), 2)
    assert table["valid"].tolist() == [[True, True], [False, False], [True, False]]
    np.testing.assert_array_equal(table["d0"], [[1, 2], [np.nan, np.nan], [3, np.nan]])
    assert table["ftagTruthVertexIndex"].tolist() == [[1, 1], [-1, -1], [1, -1]]
