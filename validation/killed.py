"""Kill a training run again and again, also while it writes, and compare it with one that was left alone.

    uv run python validation/killed.py SAMPLE DIRECTORY [KILLS]

Trains a small tagger in DIRECTORY/whole, undisturbed, and in DIRECTORY/killed, where the run is killed with
SIGKILL KILLS times (20) and goes on each time with -c; it writes a checkpoint after each step. Each kill
comes after a random number of steps (seed 1), the even ones a random time later, the odd ones as soon as a
file is seen that is being written. Compares the parameters, the history, the last checkpoints and the
predictions on the test jets of SAMPLE, byte by byte; exits with 1 where they differ, or where a temporary
file is left. SAMPLE needs some 15 000 training jets, so that an epoch has several steps, of 4000 jets each.
"""

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

NAME = "final_ftag_base"
OPTIONS = [
    *("-t", NAME, "-n", "0", "--seed", "3", "--save_every", "0"),
    *("-e", "12", "-b", "500", "-l", "3e-3", "--num_attention_layers", "0", "--use_adam", "true"),
    *("--use_early_stopping", "true", "--use_learning_rate_decay_when_stalled", "true"),
]
MOST_STEPS = 4
"""Steps that a run is let take, at most, before it is killed."""

COMPARED = ("best.eqx", "history.csv", "checkpoint_*.eqx", "predictions/*.h5")
INSIDE = re.compile(r"checkpoint_\d+_\d+\.eqx")


def ndive(arguments: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """The command in a process group of its own, its words in a file."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as words:
        command = [sys.executable, "-m", "ndive", *arguments]
        return subprocess.Popen(command, stdout=words, stderr=words, start_new_session=True)


def finished(process: subprocess.Popen[bytes], log: Path) -> None:
    if process.wait() != 0:
        sys.exit(f"a command that was left alone failed: see '{log}'")


def training(sample: Path, models: Path, *more: str) -> subprocess.Popen[bytes]:
    arguments = ["train", *OPTIONS, "-s", str(sample), "--models", str(models), *more]
    return ndive(arguments, models / "log.txt")


def waited(process: subprocess.Popen[bytes], ready: Callable[[], bool]) -> None:
    """Wait until it is `ready` or has ended."""
    while process.poll() is None and not ready():
        time.sleep(0.0005)


def killed(process: subprocess.Popen[bytes], place: Path, steps: int, seconds: float | None) -> str:
    """Kill the run after so many steps and `seconds`, or when it is seen writing; say where it was."""
    stale = parts(place)
    for _ in range(steps):
        waited(process, partial(has_gone_on, place, newest(place)))
    if seconds is None:
        waited(process, lambda: bool(parts(place) - stale))
    else:
        time.sleep(seconds)
    if process.poll() is not None:
        return "not at all, it had ended"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if parts(place) - stale:
        return "while writing a file"
    if not newest(place):
        return "before the first checkpoint"
    return "inside an epoch" if INSIDE.fullmatch(newest(place)) else "before the first step of an epoch"


def newest(place: Path) -> str:
    """The name of the newest checkpoint."""
    return max((path.name for path in place.glob("checkpoint_*.eqx")), key=order, default="")


def has_gone_on(place: Path, before: str) -> bool:
    return newest(place) != before


def order(name: str) -> list[int]:
    """Epochs, then batches of the next."""
    return [int(number) for number in re.findall(r"\d+", name)]


def parts(place: Path) -> set[Path]:
    """The files that are, or were, being written."""
    return set(place.glob(".*.part"))


def differing(one: Path, other: Path) -> list[str]:
    """The files that are not the same in the two places."""
    mine, theirs = (
        {path.name: path.read_bytes() for pattern in COMPARED for path in place.glob(pattern)}
        for place in (one, other)
    )
    return sorted(name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name))


def main() -> int:
    """Train, kill, compare."""
    sample, directory = Path(sys.argv[1]), Path(sys.argv[2])
    kills = int(sys.argv[3]) if len(sys.argv) > 3 else 20
    whole, cut = directory / "whole", directory / "killed"
    begin = time.monotonic()
    process = training(sample, whole)
    waited(process, lambda: bool(newest(whole / NAME)))
    startup = time.monotonic() - begin
    finished(process, whole / "log.txt")
    alone = time.monotonic() - begin
    draw, struck = random.Random(1), Counter[str]()
    for number in range(kills):
        steps = draw.randrange(MOST_STEPS)
        seconds = draw.uniform(0, 1 if steps else startup) if number % 2 == 0 else None
        struck[killed(training(sample, cut, "-c"), cut / NAME, steps, seconds)] += 1
    finished(training(sample, cut, "-c"), cut / "log.txt")
    left = parts(cut / NAME)
    for models in (whole, cut):
        judge = ["evaluate", NAME, "-s", str(sample), "--models", str(models)]
        finished(ndive(judge, models / "log.txt"), models / "log.txt")
    wrong = differing(whole / NAME, cut / NAME)
    places = ", ".join(f"{count} {where}" for where, count in struck.most_common())
    print(f"undisturbed {alone:.0f} s, the first checkpoint after {startup:.0f} s")
    print(f"killed {kills} times: {places}")
    compared = sum(len(list((whole / NAME).glob(pattern))) for pattern in COMPARED)
    print(f"of {compared} files differing: {wrong or 'none'}; left behind: {left or 'nothing'}")
    return 1 if wrong or left else 0


if __name__ == "__main__":
    raise SystemExit(main())
