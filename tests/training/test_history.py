"""Which epoch is the best."""

from math import inf, nan

import pytest

from ndive.training import LOSS_NAMES, Epoch, best_epoch


@pytest.mark.parametrize(
    ("totals", "best"),
    [
        ((0.5, 0.4, 0.4), 2),
        ((0.5, 0.5 - 1e-12), 2),
        ((nan, 0.5, 0.6), 2),
        ((0.5, nan, 0.4), 3),
        ((nan, nan), 1),
        ((inf, 0.1, nan), 2),
    ],
)
def test_it_is_the_first_of_the_lowest_numbers(totals: tuple[float, ...], best: int) -> None:
    epochs = [
        Epoch(epoch=number, train={}, val=dict.fromkeys(("total", *LOSS_NAMES), total))
        for number, total in enumerate(totals, start=1)
    ]
    assert best_epoch(epochs).epoch == best
