"""The files of `deploy/`: linters read them, and the scripts start commands that the command line takes.

There is no SLURM here: scripts that do what they are told, or note it, stand in for `srun` and `scontrol`.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from ndive.cli.app import app
from ndive.data import write_sample
from tests.data.samples import make_rows

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
SCRIPTS = sorted([*DEPLOY.rglob("*.sbatch"), *DEPLOY.rglob("*.sh"), *ROOT.glob("validation/*.sh")])
BIN = Path(sys.executable).parent


def linter(name: str) -> str:
    found = shutil.which(name, path=f"{BIN}{os.pathsep}{os.environ['PATH']}")
    return found or pytest.skip(f"no {name} to be had")


@pytest.fixture
def cluster(tmp_path):
    """Run a script as a job of SLURM would, in an empty directory; what it started, and its exit status."""
    stand_ins = {
        "srun": 'while [ "${1#-}" != "$1" ]; do echo "$1" >>options; shift; done; exec "$@"',
        "scontrol": 'echo "scontrol $*" >>started',
        "ndive": f'{sys.executable} -c "import json, sys; print(json.dumps(sys.argv[1:]))" "$@" >>started\n'
        'exit "${STATUS:-0}"',
    }
    (tmp_path / "bin").mkdir()
    for name, body in stand_ins.items():
        path = tmp_path / "bin" / name
        path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        path.chmod(0o755)

    def run(script: str, *words: str, **environment: str) -> tuple[list[str], int]:
        path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", DEPLOY / "slurm" / script, *words],
            env={**os.environ, "PATH": path, "SLURM_CPUS_PER_TASK": "4", "SLURM_JOB_ID": "7", **environment},
            cwd=tmp_path,
            check=False,
        )
        return (tmp_path / "started").read_text(encoding="utf-8").splitlines(), done.returncode

    return run


def taken(line: str) -> dict[str, object]:
    """What the command line makes of a command: the arguments of its verb."""
    _, bound, _ = app.parse_args(json.loads(line), exit_on_error=False, print_error=False)
    return dict(bound.arguments)


def assert_srun_has_the_cores(directory: Path, *, calls: int) -> None:
    """`srun` does not take the number of cores of a task from `sbatch` since SLURM 22.05."""
    options = (directory / "options").read_text(encoding="utf-8").split()
    assert options == ["--ntasks=1", "--cpus-per-task=4"] * calls


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_pass_shellcheck(script):
    done = subprocess.run([linter("shellcheck"), script], capture_output=True, text=True, check=False)
    assert done.stdout == ""
    assert done.returncode == 0


def test_the_dockerfile_passes_hadolint():
    command = [linter("hadolint"), "--no-color", DEPLOY / "Dockerfile"]
    assert subprocess.run(command, capture_output=True, text=True, check=False).stdout == ""


def test_both_images_are_made_alike_of_what_is_there():
    docker = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    apptainer = (DEPLOY / "ndive.def").read_text(encoding="utf-8")
    base, extras = re.findall(r"^FROM (.*)$|EXTRAS=(.*)$", docker, re.MULTILINE)
    assert f"\nFrom: {base[0]}\n" in apptainer
    assert f"EXTRAS={extras[1]}\n" in apptainer
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {*extras[1].split(","), "torch", "all"} == set(project["optional-dependencies"])
    copied = [word for line in re.findall(r"^COPY (.*) \S+$", docker, re.MULTILINE) for word in line.split()]
    assert copied == re.findall(r"^ {4}(\S+) /opt/ndive/\S+$", apptainer, re.MULTILINE)
    assert all((ROOT / name).exists() for name in copied)
    assert {project["readme"], *project["license-files"], "pyproject.toml", "src"} == set(copied)


def test_the_sections_of_the_apptainer_definition():
    """Those of its documentation, each once; commands of `%test` are ones that there are."""
    text = (DEPLOY / "ndive.def").read_text(encoding="utf-8")
    sections = re.findall(r"^%(\w+)$", text, re.MULTILINE)
    assert sections == ["arguments", "help", "files", "post", "environment", "runscript", "test"]
    for command in re.findall(r"^ {4}ndive (.*)$", text.partition("%test")[2], re.MULTILINE):
        taken(json.dumps(command.split()))


def test_an_array_of_simulation_jobs_has_seeds_of_its_own_and_is_read_as_one(cluster, tmp_path):
    for part in ("0", "1"):
        for split in ("train", "val", "test"):
            write_sample(tmp_path / f"jets/parts/{part}/ndive_{split}.h5", [make_rows(5)], {})
        started, status = cluster("simulate.sbatch", SLURM_ARRAY_TASK_ID=part, SEED="100", JETS="1000")
        assert status == 0
    assert_srun_has_the_cores(tmp_path, calls=2)
    calls = [taken(line) for line in started]
    assert [call["seed"] for call in calls] == [100, 101]
    assert [str(call["output"]) for call in calls] == ["jets/parts/0", "jets/parts/1"]
    assert {(call["jets"], call["workers"]) for call in calls} == {(1000, 4)}
    names = sorted(path.name for path in (tmp_path / "jets").glob("*_train.h5"))
    assert names == ["part0_train.h5", "part1_train.h5"]
    assert all(path.resolve().is_file() for path in (tmp_path / "jets").glob("*.h5"))


def test_a_training_job_goes_on_and_is_queued_again_when_it_was_stopped(cluster, tmp_path):
    words = ["-b", "250", "--train_count", "5"]
    (first,), status = cluster("train.sbatch", *words, SAMPLES="jets", CONFIG="final_ftag_base")
    assert status == 0
    call = taken(first)
    assert (call["train_config"], str(call["samples"]), call["num_gpus"]) == ("final_ftag_base", "jets", 1)
    assert (call["cont"], call["train_count"]) == (True, 5)
    assert_srun_has_the_cores(tmp_path, calls=1)
    (_, again, queued), status = cluster("train.sbatch", *words, SAMPLES="jets", STATUS="130")
    assert taken(again)["train_config"] == "final_ftag_ndive"
    assert (queued, status) == ("scontrol requeue 7", 130)


def test_a_kernel_for_jupyter(tmp_path):
    image = tmp_path / "my image.sif"
    image.touch()
    environment = {**os.environ, "JUPYTER_DATA_DIR": str(tmp_path / "jupyter"), "APPTAINER_OPTIONS": "--nv"}
    subprocess.run([DEPLOY / "jupyter-kernel.sh", image], env=environment, check=True)
    kernel = json.loads((tmp_path / "jupyter/kernels/ndive/kernel.json").read_text(encoding="utf-8"))
    assert kernel["language"] == "python"
    assert kernel["argv"][:4] == ["apptainer", "exec", "--nv", str(image)]
    assert kernel["argv"][-2:] == ["-f", "{connection_file}"]


def test_without_a_scheduler_of_dask_nothing_is_started(cluster, tmp_path):
    (tmp_path / "started").touch()
    assert cluster("dask.sbatch", "simulate", DASK="false") == ([], 1)
    assert not (tmp_path / "options").exists()


@pytest.mark.slow
def test_a_cluster_of_dask_for_one_command(cluster, tmp_path):
    """The scheduler and the workers are real ones; a worker here is what a task of SLURM would start."""
    words = ["simulate", "--jets", "60", "--output", "jets", "--no-underlying-event"]
    (tmp_path / "started").touch()
    ends = {"NDIVE": f"{BIN / 'ndive'}", "DASK": f"{BIN / 'dask'}"}
    assert cluster("dask.sbatch", *words, **ends)[1] == 0
    assert not list(tmp_path.glob("*.json"))
    assert sorted(path.name for path in (tmp_path / "jets").glob("*.h5")) == [
        "ndive_test.h5",
        "ndive_train.h5",
        "ndive_val.h5",
    ]
