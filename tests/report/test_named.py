"""Figures by name from Python: shown in a notebook, saved, or refused with what there is."""

import pytest

from ndive.errors import ArgumentError
from ndive.report import draw


def test_a_cell_shows_each_drawing_with_its_caption(evaluations, held_out, tmp_path):
    drawings = draw("flavour_confusion", evaluations, held_out)
    page = drawings._repr_html_()
    assert page.count("<figure") == len(drawings) == 2
    assert page.count('src="data:image/') == 2
    assert all(drawing.caption in page for drawing in drawings)
    saved = {path.name for path in drawings.save(tmp_path)}
    assert saved == {path.name for path in tmp_path.iterdir()}
    assert "flavour_confusion_base.png" in saved


def test_what_cannot_be_drawn_is_said(evaluations, held_out):
    with pytest.raises(ArgumentError, match="no figure 'rock'; nearest: roc"):
        draw("rock", evaluations, held_out)
    with pytest.raises(ArgumentError, match="base fits no vertex"):
        draw("pulls", evaluations[:1], held_out)
