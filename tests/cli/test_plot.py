"""`ndive plot` as a user calls it: what it leaves, and one line for each mistake."""

import pytest

from ndive.cli import main
from ndive.report.catalogue import FIGURES

pytestmark = pytest.mark.usefixtures("quick_compilation", "small_batches")


def arguments(jets, models, *words):
    return ["plot", *words, "-s", str(jets), "--models", str(models)]


def test_it_leaves_the_figure_and_its_numbers(judged, held_out_jets, tmp_path, capsys):
    call = arguments(held_out_jets, judged, "tagger", "other", "calibration")
    assert main([*call, "-o", str(tmp_path / "mine.png")]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.csv", "mine.pdf", "mine.png"]
    assert (tmp_path / "mine.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "mine.pdf").read_bytes().startswith(b"%PDF")
    assert "tagger" in (tmp_path / "mine.csv").read_text(encoding="utf-8")
    assert capsys.readouterr().out.startswith(f"Calibration: {tmp_path / 'mine.png'}")


def test_only_the_ending_of_a_file_that_is_written_is_left_off(judged, held_out_jets, tmp_path):
    for output in ("v1.1", "v1.2", "v1.3.PDF"):
        call = arguments(held_out_jets, judged, "tagger", "calibration")
        assert main([*call, "-o", str(tmp_path / output)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        f"v1.{number}.{kind}" for number in (1, 2, 3) for kind in ("png", "pdf", "csv")
    }


def test_a_figure_of_one_model_is_drawn_for_each(judged, held_out_jets, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments(held_out_jets, judged, "tagger", "other", "flavour_confusion")) == 0
    assert {path.stem for path in tmp_path.iterdir()} == {
        "flavour_confusion_tagger",
        "flavour_confusion_other",
    }


def test_without_a_word_it_lists_the_figures(capsys):
    assert main(["plot"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(FIGURES)
    assert all(len(line.split()) > 2 for line in lines)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tagger", "rock"], "no figure 'rock'; nearest: roc"),
        (["tagger", "display"], "'ndive display JETS --jet I --model NAME' shows jets in 3D"),
        (["tager", "roc"], "nearest: tagger"),
        (["roc"], "no model is named"),
    ],
)
def test_a_wrong_word_is_one_line(words, said, judged, held_out_jets, told):
    assert said in told(arguments(held_out_jets, judged, *words))


def test_a_figure_that_no_model_has_is_said(judged, held_out_jets, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(arguments(held_out_jets, judged, "tagger", "pulls")) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("ndive: tagger fits no vertex")
    assert list(tmp_path.iterdir()) == []


def test_jets_must_be_given_and_fractions_be_possible(judged, held_out_jets, told):
    assert "--samples" in told(["plot", "tagger", "roc", "--models", str(judged)])
    call = arguments(held_out_jets, judged, "tagger", "roc")
    assert "fraction_c is 2.0, allowed: 0 to 1" in told([*call, "--fraction-c", "2"])
