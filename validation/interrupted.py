"""Kill the quick demo again and again, and compare where it ends with a run that was left alone.

    uv run python validation/interrupted.py DIRECTORY [KILLS]

Runs `ndive demo --quick` undisturbed in DIRECTORY/whole. Starts it in DIRECTORY/killed, KILLS times (10),
kills its whole process group with SIGKILL after a random time (seed 1), and at last lets it finish. Compares
the jets, the models and the loss histories of the two, byte by byte; exits with 1 where they differ, or where
a hidden file is left.
"""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import hdf5plugin  # noqa: F401


def start(place: Path) -> subprocess.Popen[bytes]:
    """The demo in a process group of its own, its words in a file."""
    place.mkdir(parents=True, exist_ok=True)
    with (place / "log.txt").open("ab") as log:
        command = [sys.executable, "-m", "ndive", "demo", "--quick", "--output", str(place)]
        return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)


def killed(place: Path, seconds: float) -> bool:
    """Start the demo and kill it after `seconds`; False if it had ended by then."""
    process = start(place)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True
    return False


def differing(one: Path, other: Path) -> list[str]:
    """What is not the same in the two places."""
    names = [f"models/{name}/{file}" for name in ("final_ftag_base", "final_ftag_ndive") for file in FILES]
    wrong = [name for name in names if (one / name).read_bytes() != (other / name).read_bytes()]
    for split in ("train", "val", "test"):
        name = f"samples/ndive_{split}.h5"
        with h5py.File(one / name) as mine, h5py.File(other / name) as theirs:
            wrong += [
                f"{name}:{key}"
                for key in ("jets", "tracks")
                if mine[key][:].tobytes() != theirs[key][:].tobytes()
            ]
    return wrong


FILES = ("best.eqx", "history.csv")


def main() -> int:
    """Run, kill, compare."""
    place, kills = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10
    begin = time.monotonic()
    if start(place / "whole").wait() != 0:
        sys.exit(f"the undisturbed demo failed: see '{place / 'whole' / 'log.txt'}'")
    whole = time.monotonic() - begin
    draw = random.Random(1)
    done = sum(killed(place / "killed", draw.uniform(0.03, 0.2) * whole) for _ in range(kills))
    if start(place / "killed").wait() != 0:
        sys.exit(f"the killed demo failed: see '{place / 'killed' / 'log.txt'}'")
    wrong = differing(place / "whole" / "quick", place / "killed" / "quick")
    left = [path for path in (place / "killed").rglob(".*") if path.is_file()]
    print(f"undisturbed {whole:.0f} s; killed {done} times")
    print(f"differing: {wrong or 'nothing'}; left behind: {left or 'nothing'}")
    return 1 if wrong or left else 0


if __name__ == "__main__":
    raise SystemExit(main())
