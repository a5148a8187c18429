"""The command `ndive`: its verbs, and how an error is told."""

import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from types import FrameType
from typing import Annotated

from cyclopts import App, CycloptsError, Group, Parameter

from ndive.cli.console import Level, error_console, said, say
from ndive.cli.switches import joined
from ndive.cli.versions import versions
from ndive.errors import ArgumentError, NdiveError

app = App(
    name="ndive",
    help="Differentiable vertex fitting for jet flavour tagging.",
    version=versions,
    version_format="plaintext",
    result_action="return_value",
    suppress_keyboard_interrupt=False,
)

VERBS = {
    "demo": "Simulate jets, train a tagger without and with a vertex fit, compare them in a report.",
    "simulate": "Make a sample of jets with Pythia 8 and FastJet.",
    "convert": "Convert ROOT files of the public sample to jets files.",
    "inspect": "Print what is in a file of jets, and for which jobs it serves.",
    "fit": "Fit one vertex a jet of a file, without any network.",
    "configs": "List the named configurations, or print one as YAML.",
    "train": "Train a configuration on a sample.",
    "predict": "Write scores and auxiliary outputs of a trained model for every jet of some files.",
    "evaluate": "Print the numbers of trained models on held-out jets.",
    "plot": "Draw one figure of trained models, or list the figures.",
    "display": "Show jets of a file in three dimensions, in one page.",
    "report": "Draw the figures of trained models in one page.",
    "export": "Write a trained model, or the fit alone, for other runtimes.",
}
"""What each verb does; its file is imported when it is called, so that none pays for the others."""

EVERY = Group("Every verb", sort_key=20)

QUIET_XLA = ("TF_CPP_MIN_LOG_LEVEL", "3")
"""Without it XLA writes on stderr where a compilation takes long. Its errors are exceptions, too."""

RETRY = 0.01
"""Seconds until an interrupt that could not be raised is sent again."""

for verb, text in VERBS.items():
    app.command(f"ndive.cli.{verb}:{verb}", help=text)
app.register_install_completion_command(
    help="Install completion of verbs and options for bash, zsh, fish or powershell."
)


@app.meta.default
def run(
    *words: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    log_level: Annotated[Level, Parameter(group=EVERY)] = "info",
    quiet: Annotated[bool, Parameter(group=EVERY, negative=())] = False,
) -> None:
    """Differentiable vertex fitting for jet flavour tagging.

    Parameters
    ----------
    log_level
        What is said on stderr: 'error', errors alone; 'info', also what is done and how far it is; 'debug',
        also what libraries say, and where in the code an error comes from.
    quiet
        The same as --log-level error.
    """
    say("error" if quiet else log_level)
    app(joined(words) if words[:1] == ("train",) else words, exit_on_error=False, print_error=False)


def explain(verb: str) -> None:
    """Let the help of a verb be its docstring, which says more than its line in the list."""
    app[verb].help = None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 0 where it went well, 2 where the user can mend it, 130 where interrupted."""
    say("info")
    os.environ.setdefault(*QUIET_XLA)
    interrupted = threading.Event()
    try:
        with _interruptible(interrupted):
            given = _given(arguments)
            for verb in [word for word in given if word in VERBS][:1]:
                explain(verb)  # which imports it
            app.meta(given, exit_on_error=False, print_error=False)
            sys.stdout.flush()
    except (NdiveError, CycloptsError, OSError) as error:
        return _told(error)
    except ImportError as error:
        if isinstance(error.__cause__, NdiveError):  # an extra of the verb is missing
            return _told(error.__cause__)
        if not interrupted.is_set():  # libraries make an import error of an interrupt
            raise
        return _stopped()
    except KeyboardInterrupt:
        return _stopped()
    return 0


def _given(arguments: Sequence[str] | None) -> list[str]:
    """The arguments, none of them empty."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for option, value in pairwise(["ndive", *given]):
        if value == "" or (value.startswith("--") and value.endswith("=")):
            raise ArgumentError(f"'{value or option}' has an empty value; leave it out or name one")
    return given


@contextmanager
def _interruptible(interrupted: threading.Event) -> Iterator[None]:
    """Let Ctrl-C raise `KeyboardInterrupt`, again where a callback or a destructor could not pass it on."""
    tell = sys.unraisablehook

    def send_again() -> None:
        threading.Timer(RETRY, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT)).start()

    def unraisable(lost: "sys.UnraisableHookArgs") -> None:
        if issubclass(lost.exc_type, KeyboardInterrupt):
            send_again()
        else:
            tell(lost)

    def interrupt(number: int, frame: FrameType | None) -> None:
        while frame is not None:
            if frame.f_code is unraisable.__code__:  # nor can that
                send_again()
                return
            frame = frame.f_back
        interrupted.set()
        raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, interrupt)
    sys.unraisablehook = unraisable
    try:
        yield
    finally:
        sys.unraisablehook = tell


def _stopped() -> int:
    error_console().print("ndive: interrupted; run again, the same command uses what is whole")
    return 130


def _told(error: Exception) -> int:
    if said("debug"):
        traceback.print_exception(error)
    text = str(error)
    if isinstance(error, OSError) and not isinstance(error, NdiveError):
        place = "the output" if error.filename is None else f"'{error.filename}'"
        text = f"cannot read or write {place}: {error.strerror or text}"
    error_console().print(f"ndive: {' '.join(text.split())}")
    return 2
