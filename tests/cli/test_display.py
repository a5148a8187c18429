"""`ndive display` as a user calls it: what it leaves, and one line for each mistake."""

import json
import re

import pytest

from ndive.cli import main

pytestmark = pytest.mark.usefixtures("quick_compilation", "small_batches")


def test_it_leaves_a_page_with_the_jets_that_were_asked_for(judged, held_out_jets, tmp_path, capsys):
    output = tmp_path / "new" / "page.html"
    call = [
        "display",
        str(held_out_jets),
        "--jet",
        "40",
        "--jets",
        "3",
        "--model",
        "tagger",
        "-o",
        str(output),
    ]
    assert main([*call, "--models", str(judged)]) == 0
    assert capsys.readouterr().out == f"3 jets in '{output}'\n"
    event = json.loads(re.search(r'id="event">(.*?)</script>', output.read_text(encoding="utf-8"))[1])
    assert [jet["row"] for jet in event["jets"]] == [40, 41, 42]
    names = [fit["name"] for fit in event["jets"][0]["fits"]]
    assert names == ["no selection", "perfect selection", "tagger"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--jet", "45"], "jet is 45, allowed: 0 to 44"),
        (["--jets", "0"], "jets is 0, allowed: 1 to 1000"),
        (["--model", "tager"], "nearest: tagger"),
    ],
)
def test_a_wrong_option_is_one_line(wrong, said, judged, held_out_jets, told):
    assert said in told(["display", str(held_out_jets), "--models", str(judged), *wrong])


def test_a_missing_file_is_one_line(told):
    assert "nowhere.h5" in told(["display", "nowhere.h5"])
