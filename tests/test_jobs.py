import itertools
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from ndive.errors import ArgumentError, SimulationError
from ndive.jobs import run_tasks


def square(number):
    return number**2


def noted(folder, number):
    """Leave the number and the process in the folder; the first task is the slowest."""
    (folder / f"{number}-{os.getpid()}").touch()
    time.sleep(0.4 if number == 0 else 0.0)
    return number


def kill_once(folder, number):
    """The first process that gets task 1 kills itself; the next one finds its mark."""
    mark = folder / f"tried-{number}"
    if number == 1 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def kill_always(number):
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def refuse(number):
    raise ArgumentError(f"task {number} is not allowed")


def process_number(_):
    return os.getpid()


def alive(process):
    """Whether a process runs (and is no zombie)."""
    try:
        return Path(f"/proc/{process}/stat").read_text().split(") ")[1][0] != "Z"
    except FileNotFoundError:
        return False


def gone(processes, within=5.0):
    end = time.monotonic() + within
    while time.monotonic() < end:
        if not any(alive(process) for process in processes):
            return True
        time.sleep(0.05)
    return False


def test_results_come_in_order_a_little_ahead_and_closing_ends_the_workers(tmp_path):
    results = run_tasks(partial(noted, tmp_path), itertools.count(), workers=2)
    assert [next(results) for _ in range(6)] == list(range(6))
    processes = {int(path.name.split("-")[1]) for path in tmp_path.iterdir()}
    assert len(processes) == 2
    assert all(alive(process) for process in processes)
    results.close()
    assert gone(processes)
    assert len(list(tmp_path.iterdir())) <= 6 + 2 * 2


def test_no_task_no_result():
    assert list(run_tasks(square, [], workers=1)) == []


def test_the_task_of_a_killed_worker_is_run_again(tmp_path):
    assert list(run_tasks(partial(kill_once, tmp_path), range(5), workers=1)) == list(range(5))
    assert (tmp_path / "tried-1").exists()


def test_a_task_that_always_kills_its_worker_is_given_up():
    results = run_tasks(kill_always, range(3), workers=1, attempts=2)
    assert next(results) == 0
    with pytest.raises(SimulationError, match="task 1 lost its worker process 2 times"):
        next(results)


def test_an_exception_of_the_function_is_raised_here():
    with pytest.raises(ArgumentError, match="task 0 is not allowed"):
        list(run_tasks(refuse, range(2), workers=1))


def test_no_worker_is_refused():
    with pytest.raises(ArgumentError, match="workers is 0, allowed: 1 or more"):
        next(run_tasks(square, [1], workers=0))


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_no_worker_outlives_an_interrupted_parent(end):
    script = (
        "import itertools, sys\n"
        "from ndive.jobs import run_tasks\n"
        "from tests.test_jobs import process_number\n"
        "if __name__ == '__main__':\n"
        "    for number in run_tasks(process_number, itertools.count(), workers=1):\n"
        "        print(number, flush=True)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert parent.stdout is not None
    processes = {int(parent.stdout.readline()) for _ in range(2)}
    parent.send_signal(end)
    parent.stdout.close()
    parent.wait(timeout=10)
    assert gone(processes)


def test_a_wrong_scheduler_is_refused():
    pytest.importorskip("distributed")
    with pytest.raises(SimulationError, match="no Dask scheduler answers at 'nonsense://host:1'"):
        next(run_tasks(square, [1], workers=1, scheduler="nonsense://host:1"))


def test_dask_runs_the_same_tasks_though_a_worker_is_killed(tmp_path):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        address = cluster.scheduler_address
        assert list(run_tasks(partial(kill_once, tmp_path), range(8), workers=1, scheduler=address)) == list(
            range(8)
        )
    assert (tmp_path / "tried-1").exists()
