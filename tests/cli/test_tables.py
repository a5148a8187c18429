"""Tables on terminals of any width: nothing is cut off."""

import pytest

from ndive.cli.tables import fitting
from ndive.evaluation import Table

TABLE = Table(
    title="Rejection",
    columns=("model", "jets", *(f"light jets at {at}%" for at in (60, 70, 80))),
    rows=(
        ("final_ftag_ndive_no_ghost_clip", "b jets", "533 ± 169", "254 ± 57", "94 ± 13"),
        ("base", "c jets", "1", "2", "3"),
    ),
    note="Errors are one standard deviation.",
    labels=2,
)


@pytest.mark.parametrize("width", [10, 70, 80, 100, 200])
def test_every_cell_is_in_a_part_beside_its_labels(width):
    parts = list(fitting(TABLE, width))
    assert [head for part in parts for head in part.columns[2:]] == list(TABLE.columns[2:])
    for number, row in enumerate(TABLE.rows):
        assert [cell for part in parts for cell in part.rows[number][2:]] == list(row[2:])
        assert all(part.rows[number][:2] == row[:2] for part in parts)
    assert [part.note for part in parts if part.note] == [TABLE.note]


def test_a_part_is_as_wide_as_the_terminal_allows():
    widths = (79, 80, 98, 99)  # labels 40, a column 19, margin 2
    assert [len(list(fitting(TABLE, width))) for width in widths] == [3, 2, 2, 1]
    (whole,) = fitting(TABLE, 200)
    assert whole == TABLE
