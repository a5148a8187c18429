"""`ndive demo`: from a Pythia event to the report, in one command."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ndive.cli.console import console
from ndive.cli.evaluating import evaluated
from ndive.cli.report import report_on
from ndive.cli.simulate import sample_paths, simulate_sample
from ndive.cli.tables import print_tables
from ndive.cli.train import run_training
from ndive.evaluation import summary_tables
from ndive.files import reported
from ndive.jobs import LocalPool, available_cores
from ndive.simulation import SimulationSettings
from ndive.training import TrainConfig, checkpoint_marks, preset
from ndive.training.checkpoints import remove_run
from ndive.training.copies import copies_of
from ndive.training.run import made_ready

NAMES = ("final_ftag_base", "final_ftag_ndive")
"""The paper's tagger without and with the vertex fit."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is simulated and trained; small models on few jets learn faster with Adam and this rate."""

    jets: int
    fractions: tuple[float, float, float] = (0.7, 0.1, 0.2)
    epochs: int
    batch_size: int
    learning_rate: float = 2e-3

    def reduced(self, config: TrainConfig) -> TrainConfig:
        """A configuration of the paper at this size."""
        return replace(
            config,
            num_epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            use_adam=True,
            use_cosine_decay_schedule=True,
        )


WHOLE = Size(jets=80_000, epochs=10, batch_size=250)
QUICK = Size(jets=16_000, epochs=4, batch_size=100)


def demo(
    *,
    output: Path = Path("ndive_demo"),
    quick: Annotated[bool, Parameter(negative=())] = False,
    seed: int = 1,
    workers: int | None = None,
    overwrite: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Simulate jets, train a tagger without and with a vertex fit inside, compare them, write a report.

    Takes under 10 minutes on 2 cores, with --quick under 3. Interrupted, the same command goes on where it
    was; run again, it uses what is there. The taggers are the paper's final_ftag_base and final_ftag_ndive,
    trained on fewer jets for fewer epochs.

    Parameters
    ----------
    output
        Directory of the jets (samples), the models and the report (report/report.html).
    quick
        Fewer jets and epochs: shows that all works, not how well.
    seed
        Seed of the simulation, 0 to 8999, and of the training.
    workers
        Processes of the simulation; one a core by default.
    overwrite
        Remove the jets and the models that are there first, and make all anew. To go on after an
        interruption, leave it out.
    """
    size = QUICK if quick else WHOLE
    output = output / "quick" if quick else output
    samples, models = output / "samples", output / "models"
    terminal = console(stderr=True)
    pool = LocalPool(workers=available_cores() if workers is None else workers)
    settings = SimulationSettings(jets=size.jets, fractions=size.fractions, seed=seed)
    if overwrite:
        _remove(samples, models)
    simulate_sample(settings, samples, pool)
    for name in NAMES:
        terminal.rule(f"train {name}", align="left")
        config = size.reduced(preset(name))
        copy = copies_of(name, models / name, count=0, seed=seed)[0]
        begun = bool(checkpoint_marks(copy.directory))
        run_training(made_ready(config, samples, models), copy, existing="resume" if begun else "refuse")
    terminal.rule("evaluate", align="left")
    held_out, evaluations = evaluated(NAMES, samples, models, overwrite=overwrite)
    print_tables(summary_tables([one.summary for one in evaluations], held_out.resolutions))
    report_on(held_out, evaluations, output / "report", seed=seed, overwrite=overwrite)


def _remove(samples: Path, models: Path) -> None:
    """Remove the jets and the models of an earlier demo, and nothing else.

    **Raises:** `FileAccessError` where one cannot be removed.
    """
    for path in sample_paths(samples):
        with reported(path, "remove"):
            path.unlink(missing_ok=True)
    for name in NAMES:
        remove_run(models / name)
