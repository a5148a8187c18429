"""What `ndive demo` leaves, smaller still: jets and the two taggers, each trained for an epoch."""

import pytest

from ndive.cli import main


@pytest.fixture(scope="session")
def demo_output(tmp_path_factory):
    """A directory with `samples`, 600 jets, and `models`, as the notebooks look for them."""
    pytest.importorskip("pythia8mc", reason="simulates jets: needs the extra 'sim'")
    place = tmp_path_factory.mktemp("line") / "ndive_demo"
    simulate = ["simulate", "--jets", "600", "--output", f"{place}/samples", "--no-underlying-event"]
    assert main([*simulate, "--fractions", "0.6", "0.2", "0.2", "--workers", "1"]) == 0
    for name in ("final_ftag_base", "final_ftag_ndive"):
        train = ["train", "-t", name, "-s", f"{place}/samples", "--models", f"{place}/models"]
        assert main([*train, "-e", "1", "-b", "60", "-l", "1e-3"]) == 0
    return place
