"""The same tasks on local processes or on a Dask cluster, with the results in the order of the tasks."""

import os
import pickle
import re
import signal
import threading
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, NoReturn, TypeVar

from ndive.errors import ArgumentError, MissingExtraError, NdiveError, SimulationError

Task = TypeVar("Task")
Result = TypeVar("Result")

LOOK_AHEAD = 2
"""Tasks begun and not yet taken, for each worker; more are not begun."""

WORKER_ENVIRONMENT = {
    "JAX_PLATFORMS": "cpu",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
"""A worker is one thread on the CPU: the number of workers is what runs in parallel."""


def available_cores() -> int:
    """Cores that this process may use; all of the machine where the system does not say."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, kw_only=True)
class LocalPool:
    """Processes of this machine. A task whose worker was killed goes to a new one, `attempts` times in all.

    **Raises:** `ArgumentError` where there is no worker.
    """

    workers: int
    attempts: int = 3

    def __post_init__(self) -> None:
        """Refuse what is not allowed."""
        if self.workers < 1:
            raise ArgumentError(f"workers is {self.workers}, allowed: 1 or more")

    def started(self, function: Callable[[Any], Any]) -> "_LocalWorkers":
        """The workers, waiting for tasks of `function`."""
        return _LocalWorkers(function, self.workers, self.attempts)


@dataclass(frozen=True, kw_only=True)
class DaskPool:
    """The workers of a Dask cluster whose scheduler has the `address` tcp://HOST:PORT.

    How many workers a task may lose is the cluster's own setting `distributed.scheduler.allowed-failures`.

    **Raises:** `ArgumentError` where the address is none.
    """

    address: str

    def __post_init__(self) -> None:
        """Refuse what is not allowed."""
        if not re.fullmatch(r"\w+://.+", self.address):
            raise ArgumentError(f"scheduler is '{self.address}', allowed: an address like tcp://HOST:PORT")

    def started(self, function: Callable[[Any], Any]) -> "_DaskWorkers":
        """The cluster, waiting for tasks of `function`."""
        return _DaskWorkers(function, self.address)


Pool = LocalPool | DaskPool


def run_tasks(
    function: Callable[[Task], Result], tasks: Iterable[Task], pool: Pool
) -> Generator[Result, None, None]:
    """Yield `function(task)` for each of `tasks`, in their order, computed by the workers of `pool`.

    `tasks` may be endless: two a worker, at most, are ahead of what was taken, and closing the iterator stops
    the workers. `function`, tasks and results must be picklable.

    **Raises:** an `NdiveError` of `function` as it is; `SimulationError` where it raises anything else, which
    is then the cause, where a task lost its worker too often, or where there is no scheduler;
    `MissingExtraError` where Dask is not installed.
    """
    running = pool.started(function)
    numbered = enumerate(tasks)
    done: dict[int, Any] = {}
    begun = taken = 0
    try:
        while True:
            for number, task in islice(numbered, max(0, running.window() - (begun - taken))):
                running.submit(number, task)
                begun += 1
            if taken == begun:
                return
            while taken not in done:
                number, result = running.next_done()
                done[number] = result
            yield done.pop(taken)
            taken += 1
    finally:
        running.close()


@dataclass(eq=False)
class _Worker:
    """A process, our end of its pipe, and the number of the task that it has."""

    process: BaseProcess
    pipe: Connection
    number: int | None = None


class _LocalWorkers:
    """Spawned processes, each with a pipe: a closed pipe is a dead worker, and its task goes to a new one."""

    def __init__(self, function: Callable[[Any], Any], workers: int, attempts: int) -> None:
        self.function = function
        self.attempts = attempts
        self.tasks: dict[int, Any] = {}
        self.losses: dict[int, int] = {}
        self.waiting: deque[int] = deque()
        self.workers = [_started(function) for _ in range(workers)]

    def window(self) -> int:
        return LOOK_AHEAD * len(self.workers)

    def submit(self, number: int, task: Any) -> None:
        self.tasks[number] = task
        self.waiting.append(number)
        self._feed()

    def next_done(self) -> tuple[int, Any]:
        while True:
            busy = [worker for worker in self.workers if worker.number is not None]
            ready = wait([worker.pipe for worker in busy])
            worker = next(worker for worker in busy if worker.pipe in ready)
            number = worker.number
            assert number is not None
            try:
                failed, result = worker.pipe.recv()
            except (EOFError, OSError):
                self._lost(worker, number)
                continue
            worker.number = None
            del self.tasks[number]
            self._feed()
            if failed:
                _reraise(number, result)
            return number, result

    def close(self) -> None:
        for worker in self.workers:
            worker.process.terminate()
        for worker in self.workers:
            worker.process.join()
            worker.pipe.close()

    def _feed(self) -> None:
        """Give the waiting tasks to the free workers, the oldest first."""
        for place, worker in enumerate(self.workers):
            if worker.number is None and self.waiting:
                number = self.waiting.popleft()
                try:
                    worker.pipe.send(self.tasks[number])
                except OSError:
                    worker = self._replaced(place)
                    worker.pipe.send(self.tasks[number])
                worker.number = number

    def _lost(self, worker: _Worker, number: int) -> None:
        """Put the task of a dead worker first in the row, and start another worker."""
        self.losses[number] = self.losses.get(number, 0) + 1
        if self.losses[number] >= self.attempts:
            raise SimulationError(f"task {number} lost its worker process {self.attempts} times")
        self.waiting.appendleft(number)
        self._replaced(self.workers.index(worker))
        self._feed()

    def _replaced(self, place: int) -> _Worker:
        dead = self.workers[place]
        self.workers[place] = _started(self.function)
        dead.process.kill()
        dead.process.join()
        dead.pipe.close()
        return self.workers[place]


class _DaskWorkers:
    """The workers of a Dask cluster; the scheduler itself gives a dead worker's tasks to others."""

    def __init__(self, function: Callable[[Any], Any], address: str) -> None:
        try:
            import distributed  # an optional extra
        except ImportError as error:
            raise MissingExtraError("distributed", "running on a Dask cluster") from error
        try:
            self.client = distributed.Client(address, timeout=10, set_as_default=False)
        except (OSError, ValueError) as error:
            raise SimulationError(f"no Dask scheduler answers at '{address}'") from error
        self.lost = (distributed.KilledWorker, distributed.CancelledError)
        self.function = function
        self.futures: deque[tuple[int, Any]] = deque()

    def window(self) -> int:
        return LOOK_AHEAD * max(1, sum(self.client.nthreads().values()))

    def submit(self, number: int, task: Any) -> None:
        self.futures.append((number, self.client.submit(self.function, task, pure=False)))

    def next_done(self) -> tuple[int, Any]:
        number, future = self.futures.popleft()
        try:
            return number, future.result()
        except self.lost as error:
            raise SimulationError(f"task {number} lost its Dask worker again and again") from error
        except Exception as error:
            _reraise(number, error)

    def close(self) -> None:
        self.client.cancel([future for _, future in self.futures])
        self.client.close()


def _reraise(number: int, error: Exception) -> NoReturn:
    """Raise the `error` of a task: as it is where a user can mend it, else as one line that says where."""
    if isinstance(error, NdiveError):
        raise error
    text = " ".join(f"{type(error).__name__}: {error}".split())
    raise SimulationError(f"task {number} failed on a worker: {text}") from error


def _started(function: Callable[[Any], Any]) -> _Worker:
    """A new worker process that waits for tasks."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(function, theirs), daemon=True)
    with _environment(WORKER_ENVIRONMENT):
        process.start()
    theirs.close()
    return _Worker(process, ours)


def _work(function: Callable[[Any], Any], pipe: Connection) -> None:
    """The life of a worker: tasks in, (failed, result or exception) out, until the parent ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    while True:
        try:
            task = pipe.recv()
        except EOFError:
            return
        try:
            answer = pickle.dumps((False, function(task)))
        except Exception as error:
            error.add_note(traceback.format_exc())
            answer = pickle.dumps((True, _picklable(error)))
        pipe.send_bytes(answer)


def _picklable(error: Exception) -> Exception:
    """The `error` itself where it survives the way through a pipe, else its name and text."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _die_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Set variables that are not set, for the time of the block: processes that start in it inherit them."""
    added = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]
