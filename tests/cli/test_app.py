"""The command itself: its verbs, wrong words, and extras that are not installed."""

import importlib
import inspect
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import h5py
import jax
import numpy as np
import pytest

from ndive.cli import main
from ndive.cli.app import VERBS


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_each_verb_explains_its_options(verb, capsys):
    assert main([verb, "--help"]) == 0
    told = capsys.readouterr().out
    assert "Parameters" in told
    assert told.startswith(f"Usage: ndive {verb}")
    text = inspect.getdoc(getattr(importlib.import_module(f"ndive.cli.{verb}"), verb)) or ""
    whole = text.replace("`", "").partition("Parameters\n")[0].split()
    assert " ".join(whole) in " ".join(told.split())


def test_versions_of_what_matters(capsys):
    assert main(["--version"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("ndive ")
    assert told[1].startswith(f"Python {platform.python_version()} ")
    for library in (jax, np, h5py):
        assert f"{library.__name__} {library.__version__}" in told


def test_quiet_leaves_errors_alone(tmp_path, capsys):
    call = ["inspect", str(tmp_path / "none.h5")]
    told = []
    for options in ([], ["--quiet"], ["--log-level", "error"]):
        assert main([*options, *call]) == main([*call, *options]) == 2
        told += capsys.readouterr().err.splitlines()
    assert told == [f"ndive: cannot read '{tmp_path}/none.h5': No such file or directory"] * 6


@pytest.mark.parametrize(("own", "said"), [({}, "3"), ({"TF_CPP_MIN_LOG_LEVEL": "0"}, "0")])
def test_xla_is_told_to_be_quiet_before_it_is_loaded(own, said):
    code = (
        "import os, sys; from ndive.cli import main; assert 'jax' not in sys.modules; main(['--version'])\n"
        "print(os.environ['TF_CPP_MIN_LOG_LEVEL'])"
    )
    there = {name: value for name, value in os.environ.items() if not name.startswith("TF_CPP")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=there | own, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == said


def test_debug_says_where_an_error_comes_from_and_what_libraries_say(tmp_path, capfd):
    call = ["inspect", str(tmp_path / "none.h5")]
    code = f"import sys; from ndive.cli import main; sys.exit(main({call} + ['--log-level', 'debug']))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 2
    told = capfd.readouterr().err
    assert "Traceback" in told
    assert 'ndive/data/hdf5.py", line' in told
    assert told.splitlines()[-1].startswith("ndive: cannot read")
    assert main(call) == 2
    assert capfd.readouterr().err.count("\n") == 1


def test_no_color():
    code = "from ndive.cli import main; main(['--help'])"
    for variables, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        environment = {**os.environ, "FORCE_COLOR": "1", **variables}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment, check=True)
        assert bool(re.search(rb"\x1b\[[\d;]*[34]\dm", done.stdout)) == coloured


def test_bash_completes_verbs_options_and_values(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    script = tmp_path / "completion.bash"
    assert main(["--install-completion", "--shell", "bash", "--output", str(script)]) == 0
    assert str(script) in (tmp_path / ".bashrc").read_text(encoding="utf-8")
    offered = []
    for words in (["simul"], ["fit", "--prec"], ["fit", "--precision", "float3"], ["--qui"]):
        code = f"source {script}; COMP_WORDS=(ndive {' '.join(words)}); COMP_CWORD={len(words)}; _ndive; "
        done = subprocess.run(
            ["bash", "--norc", "-c", code + 'echo "${COMPREPLY[@]}"'], capture_output=True, check=True
        )
        offered.append(done.stdout.decode().strip())
    assert offered == ["simulate", "--precision", "float32", "--quiet"]


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


@pytest.mark.parametrize(
    ("extra", "purpose", "library", "words"),
    [
        ("sim", "the simulation", "fastjet", ["demo", "--output", "nowhere"]),
        ("sim", "the simulation", "pythia8mc", ["simulate", "--output", "nowhere"]),
        ("plots", "drawing", "matplotlib", ["demo", "--output", "nowhere"]),
        ("plots", "drawing", "mplhep", ["plot", "final_ftag_base", "roc"]),
        ("plots", "drawing", "PIL", ["report", "final_ftag_base"]),
        ("plots", "drawing", "plotly", ["display", "jets.h5"]),
        ("onnx", "the format onnx", "onnx_ir", ["export", "fit", "--output", "f.onnx", "--format", "onnx"]),
    ],
)
def test_a_missing_extra_is_one_line_that_says_how_to_get_it(extra, purpose, library, words):
    code = f"""
import sys
sys.modules["{library}"] = None
from ndive.cli import main
sys.exit(main({words}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        f"ndive: {purpose} needs the extra '{extra}': "
        f"pip install 'ndive[{extra}]', in a clone uv sync --inexact --extra {extra}\n"
    )


@pytest.mark.parametrize(
    "place", ["gc.callbacks.append(callback); gc.collect()", "weakref.ref(one, callback); del one"]
)
def test_an_interrupt_in_a_callback_is_not_lost(place):
    """Python ignores what one raises. JAX has one of the garbage collector, imports one of a reference."""
    code = f"""
import gc, signal, sys, time, weakref
from ndive.cli import app

class One:
    pass

sent = []

def callback(*_):
    if not sent:
        sent.append(1)
        signal.raise_signal(signal.SIGINT)

def verb(*_, **__):
    one = One()
    reference = {place}
    gc.callbacks.clear()
    for _ in range(500):  # a signal just before a system call waits until that ends
        time.sleep(0.1)

verb.meta = verb
app.app = verb
sys.exit(app.main([]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50)
    assert done.returncode == 130
    assert done.stderr == "ndive: interrupted; run again, the same command uses what is whole\n"
