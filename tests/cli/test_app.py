"""The command itself: its verbs, wrong words, and extras that are not installed."""

import subprocess
import sys
from pathlib import Path

import pytest

from ndive.cli import main
from ndive.cli.app import VERBS


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_each_verb_explains_its_options(verb, capsys):
    assert main([verb, "--help"]) == 0
    told = capsys.readouterr().out
    assert "Parameters" in told
    assert told.startswith(f"Usage: ndive {verb}")


def test_an_unknown_verb_has_its_nearest_name(capsys):
    assert main(["simulat"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith('ndive: Unknown command "simulat". Did you mean "simulate"?')


@pytest.mark.parametrize("words", [["--output", ""], ["--output="], [""]])
def test_an_empty_value_is_refused(words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["simulate", *words]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.endswith("has an empty value; leave it out or name one\n")
    assert said.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_behind_stdout_is_one_line():
    code = "import sys; from ndive.cli import main; sys.exit(main(['--version']))"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    assert done.stderr == "ndive: cannot read or write the output: No space left on device\n"


@pytest.mark.parametrize("library", ["awkward", "fastjet", "pythia8mc"])
@pytest.mark.parametrize("verb", ["demo", "simulate"])
def test_a_missing_extra_is_one_line_that_says_how_to_get_it(verb, library):
    code = f"""
import sys
sys.modules["{library}"] = None
from ndive.cli import main
sys.exit(main(["{verb}", "--output", "nowhere"]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == "ndive: the simulation needs the extra 'sim': pip install 'ndive[sim]'\n"


def test_an_interrupt_in_a_callback_of_the_garbage_collector_is_not_lost():
    """Python ignores what such a callback raises, and JAX has one."""
    code = (
        "import gc, signal, sys, time\n"
        "from ndive.cli import app\n"
        "sent = []\n"
        "def callback(*_):\n"
        "    if not sent: sent.append(1); signal.raise_signal(signal.SIGINT)\n"
        "def verb(*_, **__):\n"
        "    gc.callbacks.append(callback); gc.collect(); gc.callbacks.remove(callback); time.sleep(30)\n"
        "app.app = verb\n"
        "sys.exit(app.main([]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20)
    assert done.returncode == 130
    assert done.stderr == "ndive: interrupted; run again, the same command uses what is whole\n"
