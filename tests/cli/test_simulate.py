import re
import signal
import subprocess
import sys
import time

import h5py
import hdf5plugin  # noqa: F401
import numpy as np
import pytest

from ndive.cli import main
from ndive.data import open_sample

FAST = ["--no-balance", "--no-underlying-event", "--workers", "1"]
SMALL = ["--jets", "60", *FAST]
FILES = ["class_dict.yaml", "ndive_test.h5", "ndive_train.h5", "ndive_val.h5", "norm_dict.yaml"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    assert main(["simulate", "--output", str(folder), *SMALL]) == 0
    return folder


def contents(folder):
    result = {}
    for split in ("train", "val", "test"):
        with h5py.File(folder / f"ndive_{split}.h5") as file:
            result[split] = (file["jets"][:].tobytes(), file["tracks"][:].tobytes(), dict(file.attrs))
    return result


def test_three_files_serve_every_job(made):
    assert sorted(path.name for path in made.iterdir()) == FILES
    for split, jets in (("train", 48), ("val", 6), ("test", 6)):
        for job in ("fit", "predict", "train", "evaluate"):
            sample = open_sample(made, job=job, split=split)
            assert sample.n_jets == jets
        batch = sample.read(0, jets)
        assert np.isfinite(batch.jet.tracks.parameters).all()
    assert sample.class_names == ("bjets", "cjets", "ujets")


def test_made_again_it_is_reused(made, capsys):
    before = (made / "ndive_train.h5").stat().st_mtime_ns
    assert main(["simulate", "--output", str(made), *SMALL]) == 0
    assert (made / "ndive_train.h5").stat().st_mtime_ns == before
    assert capsys.readouterr().err == f"reusing the 60 jets in '{made}'\n"


def test_files_of_other_settings_are_not_overwritten(made, capsys):
    assert main(["simulate", "--output", str(made), *SMALL, "--seed", "2"]) == 2
    error = capsys.readouterr().err
    assert (
        error == f"ndive: '{made}' holds jets of other settings: choose another directory, or --overwrite\n"
    )


def test_files_of_other_settings_are_overwritten_when_told(made, tmp_path):
    for path in made.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert main(["simulate", "--output", str(tmp_path), *SMALL, "--seed", "2", "--overwrite"]) == 0
    assert contents(tmp_path)["val"][2]["seed"] == 2
    assert contents(tmp_path)["val"][0] != contents(made)["val"][0]


def test_a_damaged_file_is_named_and_made_anew_when_told(made, tmp_path, capsys):
    for path in made.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    damaged = tmp_path / "ndive_train.h5"
    damaged.write_bytes(damaged.read_bytes()[:-1000])
    assert main(["simulate", "--output", str(tmp_path), *SMALL]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"ndive: a file is damaged, --overwrite makes it anew: '{damaged}' is truncated")
    assert error.count("\n") == 1
    assert main(["simulate", "--output", str(tmp_path), *SMALL, "--overwrite"]) == 0
    assert contents(tmp_path)["train"][:2] == contents(made)["train"][:2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--jets", "3"], "jets is 3, allowed: at least 10"),
        (["--seed", "9000"], "seed is 9000, allowed: 0 to 8999"),
        (["--fractions", "0.5", "0.5", "0.5"], "fractions are 0.5 0.5 0.5, allowed"),
        (["--resolution", "perfect"], "resolution"),
        (["--jets", "many"], "jets"),
        (["--jetz", "10"], "--jetz"),
        (["--workers", "0"], "workers is 0, allowed: 1 or more"),
    ],
)
def test_a_wrong_argument_is_one_line_and_status_two(arguments, message, tmp_path, capsys):
    output = tmp_path / "new"
    assert main(["simulate", "--output", str(output), *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not output.exists()


def test_an_output_that_is_a_file_is_one_line(tmp_path, capsys):
    (tmp_path / "taken").write_text("a file")
    assert main(["simulate", "--output", str(tmp_path / "taken"), *SMALL]) == 2
    error = capsys.readouterr().err
    assert re.fullmatch(r"ndive: cannot write '(.*/taken)': '\1' is not a directory\n", error)


def ended_after_a_task(folder, end):
    """Run the command, send it the signal when its first task is kept, and return status and stderr."""
    command = [sys.executable, "-m", "ndive", "simulate", "--output", str(folder), "--jets", "500", *FAST]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not list(folder.glob(".ndive_simulate-*/task_000000.npz")):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(end)
    error = process.communicate(timeout=60)[1]
    return process.returncode, error


def test_ctrl_c_ends_without_traceback_and_leaves_no_file(tmp_path):
    status, error = ended_after_a_task(tmp_path, signal.SIGINT)
    assert status == 130
    assert "Traceback" not in error
    assert error.count("\n") <= 1
    assert not list(tmp_path.glob("*.h5"))


def test_a_killed_command_goes_on_where_it_was(tmp_path):
    status, _ = ended_after_a_task(tmp_path, signal.SIGKILL)
    assert status == -signal.SIGKILL
    assert not list(tmp_path.glob("*.h5"))
    assert main(["simulate", "--output", str(tmp_path), "--jets", "500", *FAST]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES
    assert open_sample(tmp_path, split="train").n_jets == 400


def test_help_gives_the_default_and_unit_of_each_option(capsys):
    assert main(["simulate", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.replace("│", " ").split())
    for piece in (
        "--jets",
        "100000",
        "tesla",
        "14 TeV",
        "0 to 8999",
        "tcp://HOST:PORT",
        "--no-balance",
        "(0.8, 0.1, 0.1)",
    ):
        assert piece in text
