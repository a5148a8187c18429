import pytest

from ndive.errors import ConfigError
from ndive.models import ModelConfig


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("model", "GN2", "NDIVE, FTAG"),
        ("vertexer", "avr", "ndive, none, true_vertex"),
        ("activation", "relu", "sigmoid, softmax, perfect, none"),
        ("layers", -1, "takes 0 to 100"),
        ("layers", 10**9, "takes 0 to 100"),
        ("layers", True, "takes a value like 1"),
        ("heads", 3, "takes a divisor of 32"),
    ],
)
def test_wrong_fields_are_named(field: str, value: object, allowed: str) -> None:
    with pytest.raises(ConfigError, match=field) as caught:
        ModelConfig(**{field: value})
    assert str(value) in str(caught.value)
    assert allowed in str(caught.value)
