import dataclasses

import pytest

from ndive.errors import ArgumentError
from ndive.simulation.settings import SimulationSettings


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("jets", 9, "jets is 9, allowed: at least 10"),
        ("seed", -1, "seed is -1, allowed: 0 to 8999"),
        ("seed", 9000, "seed is 9000, allowed: 0 to 8999"),
        ("resolution", "perfect", "resolution is perfect, allowed: atlas or shlomi"),
        ("process", "higgs", "process is higgs, allowed: ttbar"),
        ("slots", 1, "slots is 1, allowed: 2 to 100"),
        ("field", 0.0, "field is 0.0, allowed: above 0 and up to 10 tesla"),
        (
            "fractions",
            (0.5, 0.2, 0.2),
            "fractions are 0.5 0.2 0.2, allowed: three numbers above 0 with sum 1",
        ),
        ("fractions", (1.0, 0.0, 0.0), "fractions are 1 0 0, allowed: three numbers above 0 with sum 1"),
    ],
)
def test_a_value_that_is_not_allowed_is_refused(field, value, message):
    with pytest.raises(ArgumentError) as caught:
        SimulationSettings(**{field: value})
    assert str(caught.value) == message


def test_a_file_without_jets_is_refused():
    with pytest.raises(ArgumentError, match="10 jets make 10 in train, 0 in val and 0 in test"):
        SimulationSettings(jets=10, fractions=(0.98, 0.01, 0.01))


def test_balancing_in_tracks_needs_balancing():
    with pytest.raises(ArgumentError, match="balance_tracks is on"):
        SimulationSettings(balance=False, balance_tracks=True)


@pytest.mark.parametrize("jets", [10, 999, 100_001])
def test_quotas_sum_to_the_jets(jets):
    quotas = SimulationSettings(jets=jets, fractions=(0.7, 0.2, 0.1)).quotas
    assert sum(quotas) == jets
    assert quotas[1] == pytest.approx(0.2 * jets, abs=0.5)


def test_every_setting_and_the_version_change_the_identity():
    base = SimulationSettings()
    others = {
        "jets": 20,
        "fractions": (0.6, 0.2, 0.2),
        "seed": 2,
        "resolution": "shlomi",
        "balance": False,
        "balance_tracks": True,
        "slots": 20,
        "field": 3.8,
        "underlying_event": False,
    }
    names = {field.name for field in dataclasses.fields(base)} - {"process"}
    assert set(others) == names
    changed = {dataclasses.replace(base, **{name: value}).identity("1") for name, value in others.items()}
    assert len(changed | {base.identity("1"), base.identity("2")}) == len(others) + 2
    assert base.identity("1") == SimulationSettings().identity("1")
