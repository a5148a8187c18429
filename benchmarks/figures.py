"""Where the figures of a benchmark go."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any


def add_output(parser: argparse.ArgumentParser) -> None:
    """The option `--output`."""
    parser.add_argument("--output", type=Path, help="file for the JSON (stdout)")


def write_figures(figures: dict[str, Any], output: Path | None) -> None:
    """One JSON object, in the file `output` or on stdout."""
    text = json.dumps(figures, indent=1) + "\n"
    if output:
        output.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
