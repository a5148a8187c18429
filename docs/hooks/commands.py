"""The page of the command line shows what `ndive VERB --help` says, not the line of the list of verbs."""

from typing import Literal

from ndive.cli.app import VERBS, explain


def on_startup(command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:
    """Import every verb, and let its docstring be its help."""
    for verb in VERBS:
        explain(verb)
