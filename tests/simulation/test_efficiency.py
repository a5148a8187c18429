import numpy as np

from ndive.simulation.efficiency import track_efficiency


def test_efficiencies_of_the_card():
    """Of a pion, a kaon, an electron and a muon: soft and hard in the centre, soft and hard outside."""
    pt, eta = np.array([0.7, 4.0, 0.7, 4.0]), np.array([0.3, -1.4, 1.6, -2.4])
    for pdg, expected in (
        (211, [0.70, 0.95, 0.60, 0.85]),
        (-321, [0.70, 0.95, 0.60, 0.85]),
        (-11, [0.73, 0.95, 0.50, 0.83]),
        (13, [0.75, 0.99, 0.70, 0.98]),
    ):
        assert track_efficiency(np.full(4, pdg), pt, eta).tolist() == expected
