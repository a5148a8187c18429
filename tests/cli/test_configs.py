"""`ndive configs`: the list, one whole, and as JSON."""

import json
from dataclasses import asdict

from ndive.cli import main
from ndive.training import GROUPS, TrainConfig, preset, read_config
from ndive.training.presets import DIFFERENCES


def test_the_list_has_every_name_in_its_group(capsys):
    assert main(["configs"]) == 0
    said = capsys.readouterr().out
    assert len(DIFFERENCES) == 6 + 24 + 1
    for title, rows in GROUPS.items():
        place = said.index(title)
        assert all(said.index(f"  {name} ", place) > place for name in rows)
    assert "learning_rate 0.0001" in said
    assert "model_name FTAG, batch_size 500, vertexer none" in said


def test_each_has_a_line_of_its_own_for_grep(capsys):
    assert main(["configs"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(line == line.rstrip() for line in lines)
    for name in DIFFERENCES:
        (line,) = (line for line in lines if line.startswith(f"  {name} "))
        assert ("vertexer none" in line) == (preset(name).vertexer == "none")


def test_one_is_printed_as_yaml_that_trains_it(tmp_path, capsys):
    assert main(["configs", "final_ftag_ndive"]) == 0
    path = tmp_path / "it.yaml"
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    assert read_config(str(path)) == preset("final_ftag_ndive")
    assert main(["configs", str(path)]) == 0
    assert capsys.readouterr().out == path.read_text(encoding="utf-8")


def test_json(capsys):
    assert main(["configs", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert list(listed) == list(DIFFERENCES)
    one = listed["ftag_base_one"]
    assert one["group"] == "studies: the tagger without a vertex fit"
    assert asdict(preset("ftag_base_one")) == asdict(
        TrainConfig(config_name="ftag_base_one", **one["differs"])
    )
    assert main(["configs", "test_three", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == asdict(preset("test_three"))


def test_an_unknown_one_has_its_nearest(told):
    assert "nearest: final_ftag_base" in told(["configs", "final_ftag_bas"])
