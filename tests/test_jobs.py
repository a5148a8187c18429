import importlib
import itertools
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from ndive.errors import ArgumentError, MissingExtraError, SimulationError
from ndive.jobs import DaskPool, LocalPool, run_tasks

ONE = LocalPool(workers=1)


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


def fail(number):
    raise ZeroDivisionError(f"task {number}\n  divides by zero")


def lack(number):
    raise MissingExtraError("sim", f"task {number}")


class LockedError(Exception):
    """Cannot be unpickled."""

    def __init__(self, first, second):
        super().__init__(f"{first} and {second}")


def lock(number):
    raise LockedError("door", "window")


def give_a_function(number):
    return lambda: number


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
    results = run_tasks(partial(noted, tmp_path), itertools.count(), LocalPool(workers=2))
    assert [next(results) for _ in range(6)] == list(range(6))
    processes = {int(path.name.split("-")[1]) for path in tmp_path.iterdir()}
    assert len(processes) == 2
    assert all(alive(process) for process in processes)
    results.close()
    assert gone(processes)
    assert len(list(tmp_path.iterdir())) <= 6 + 2 * 2


def test_no_task_no_result():
    assert list(run_tasks(square, [], ONE)) == []


def test_the_task_of_a_killed_worker_is_run_again(tmp_path):
    assert list(run_tasks(partial(kill_once, tmp_path), range(5), ONE)) == list(range(5))
    assert (tmp_path / "tried-1").exists()


def test_a_task_that_always_kills_its_worker_is_given_up():
    results = run_tasks(kill_always, range(3), LocalPool(workers=1, attempts=2))
    assert next(results) == 0
    with pytest.raises(SimulationError, match="task 1 lost its worker process 2 times"):
        next(results)


def test_an_error_that_a_user_can_mend_is_raised_as_it_is():
    with pytest.raises(ArgumentError, match="task 0 is not allowed"):
        list(run_tasks(refuse, range(2), ONE))


def test_a_missing_extra_is_told_from_a_worker_too():
    with pytest.raises(MissingExtraError, match=r"^task 0 needs the extra 'sim': pip install 'ndive\[sim\]'"):
        list(run_tasks(lack, range(1), ONE))


def test_any_other_exception_is_one_line_with_its_cause():
    told = "^task 0 failed on a worker: ZeroDivisionError: task 0 divides by zero$"
    with pytest.raises(SimulationError, match=told) as caught:
        list(run_tasks(fail, range(1), ONE))
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert "in fail" in caught.value.__cause__.__notes__[0]


@pytest.mark.parametrize(
    ("function", "told"),
    [(lock, "RuntimeError: LockedError: door and window"), (give_a_function, "give_a_function")],
)
def test_what_cannot_be_pickled_is_one_line(function, told, capfd):
    with pytest.raises(SimulationError, match=f"^task 0 failed on a worker: .*{told}.*$"):
        list(run_tasks(function, range(1), ONE))
    assert capfd.readouterr() == ("", "")


def test_no_worker_is_refused():
    with pytest.raises(ArgumentError, match="workers is 0, allowed: 1 or more"):
        LocalPool(workers=0)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_no_worker_outlives_an_interrupted_parent(end):
    script = (
        "import itertools, sys\n"
        "from ndive.jobs import LocalPool, run_tasks\n"
        "from tests.test_jobs import process_number\n"
        "if __name__ == '__main__':\n"
        "    for number in run_tasks(process_number, itertools.count(), LocalPool(workers=1)):\n"
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


def test_what_is_no_address_is_refused():
    with pytest.raises(ArgumentError, match="scheduler is 'here', allowed: an address like tcp://HOST:PORT"):
        DaskPool(address="here")


def test_a_wrong_scheduler_is_refused():
    pytest.importorskip("distributed")
    with pytest.raises(SimulationError, match="no Dask scheduler answers at 'nonsense://host:1'"):
        next(run_tasks(square, [1], DaskPool(address="nonsense://host:1")))


@pytest.fixture(scope="module")
def cluster():
    """A Dask scheduler with two worker processes."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", silence_logs=50
    ) as made:
        yield DaskPool(address=made.scheduler_address)


def test_dask_runs_the_same_tasks_though_a_worker_is_killed(cluster, tmp_path):
    assert list(run_tasks(partial(kill_once, tmp_path), range(8), cluster)) == list(range(8))
    assert (tmp_path / "tried-1").exists()


def test_a_cluster_without_the_package_is_one_line_with_its_cause(tmp_path, monkeypatch):
    """A module that lies on the path of this process alone, as ndive where it is installed here alone."""
    pytest.importorskip("distributed")
    script = (
        "import sys, distributed\n"
        "settings = {'protocol': 'tcp://', 'processes': False, 'dashboard_address': ':0'}\n"
        "with distributed.LocalCluster(n_workers=1, **settings) as cluster:\n"
        "    print(cluster.scheduler_address, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    (tmp_path / "only_here.py").write_text("def double(number):\n    return 2 * number\n")
    monkeypatch.syspath_prepend(tmp_path)
    function = importlib.import_module("only_here").double
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as bare:
        assert bare.stdout is not None
        pool = DaskPool(address=bare.stdout.readline().strip())
        with pytest.raises(SimulationError, match=r"^task 0 failed on a worker: .+$") as caught:
            list(run_tasks(function, range(2), pool))
        assert bare.stdin is not None
        bare.stdin.close()
    causes = [caught.value.__cause__, getattr(caught.value.__cause__, "__cause__", None)]
    assert any(isinstance(cause, ModuleNotFoundError) for cause in causes)


def test_without_dask_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(
        MissingExtraError,
        match=r"Dask cluster needs the extra 'distributed': .*'ndive\[distributed\]', .*--extra distributed$",
    ):
        list(run_tasks(lack, range(1), DaskPool(address="tcp://127.0.0.1:1")))


def test_an_exception_on_dask_is_told_as_one_of_a_local_worker(cluster):
    with pytest.raises(
        SimulationError, match=r"^task 0 failed on a worker: ZeroDivisionError: task 0 divides"
    ):
        list(run_tasks(fail, range(1), cluster))
    with pytest.raises(MissingExtraError, match=r"^task 0 needs the extra 'sim'"):
        list(run_tasks(lack, range(1), cluster))
