"""The command `ndive`: its verbs, and how an error is told."""

import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError
from rich.console import Console

from ndive import __version__
from ndive.errors import NdiveError

app = App(
    name="ndive",
    help="Differentiable vertex fitting for jet flavour tagging.",
    version=__version__,
    result_action="return_value",
)
# Verbs by name, so that no verb pays for the imports of another.
for verb in ("demo", "simulate", "inspect", "fit", "train", "evaluate", "report"):
    app.command(f"ndive.cli.{verb}:{verb}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 0 where it went well, 2 where the user can mend it, 130 where interrupted."""
    try:
        app(arguments, exit_on_error=False, print_error=False)
    except (NdiveError, CycloptsError, OSError) as error:
        Console(stderr=True, soft_wrap=True).print(f"ndive: {_one_line(error)}", markup=False, highlight=False)
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("ndive: interrupted; the same command goes on from here\n")
        return 130
    return 0


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
