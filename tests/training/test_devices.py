"""A run whose batches are shared out is that of one device, but for rounding."""

import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pytest

from ndive.data import open_sample
from ndive.training import BEST, loop, preset, train_model

TINY = ["--num_epochs", "2", "--batch_size", "10", "--num_attention_layers", "0", "--learning_rate", "1e-3"]


def history(directory: Path) -> np.ndarray:
    return np.genfromtxt(directory / "history.csv", delimiter=",", skip_header=1)


def test_two_devices(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick_compilation: None
) -> None:
    """With batches and a validation that two devices cannot share out evenly."""
    monkeypatch.setattr(loop, "VALIDATION_BATCH", 9)
    samples = open_sample(directory, split="train"), open_sample(directory, split="val")
    config = replace(
        preset("final_ftag_base"), num_epochs=2, batch_size=9, learning_rate=1e-3, num_attention_layers=0
    )
    devices = jax.devices("cpu")
    assert len(devices) > 1
    for count in (1, 2):
        train_model(config, *samples, tmp_path / str(count), devices=devices[:count])
    one, two = history(tmp_path / "1"), history(tmp_path / "2")
    assert one[0, 1] != one[1, 1]
    np.testing.assert_allclose(two, one, rtol=1e-4, equal_nan=True)


@pytest.mark.slow
def test_two_processes(directory: Path, tmp_path: Path) -> None:
    """As srun starts them; the first one alone speaks, and writes."""
    train = [
        sys.executable,
        "-m",
        "ndive",
        "train",
        "-s",
        str(directory),
        "-t",
        "final_ndive_only",
        "-n",
        "0",
    ]
    alone = subprocess.run(
        [*train, *TINY, "--models", str(tmp_path / "one")], capture_output=True, check=True
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {
        "JAX_COORDINATOR_ADDRESS": f"127.0.0.1:{port}",
        "SLURM_JOB_ID": "1",
        "SLURM_STEP_NODELIST": "127.0.0.1",
        "SLURM_NTASKS": "2",
        "SLURM_STEP_NUM_TASKS": "2",
        "SLURM_LOCALID": "0",
    }
    processes = [
        subprocess.Popen(
            [*train, *TINY, "--models", str(tmp_path / "two")],
            env=os.environ | shared | {"SLURM_PROCID": str(number)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    told = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], told
    assert "best of 2 epochs" in told[0]
    assert "best" in alone.stderr.decode()
    assert "epoch" not in told[1]
    one, two = (tmp_path / name / "final_ndive_only" for name in ("one", "two"))
    assert (two / BEST).is_file()
    assert {path.name for path in two.iterdir()} == {path.name for path in one.iterdir()}
    np.testing.assert_allclose(history(two), history(one), rtol=1e-4, equal_nan=True)
