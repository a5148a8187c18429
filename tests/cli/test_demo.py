"""`ndive demo`: its sizes, and the way from jets to numbers with a tagger that takes seconds to train."""

from dataclasses import fields

import jax
import numpy as np
import pytest

from ndive.cli import main
from ndive.cli.demo import NAMES, QUICK, WHOLE, Size
from ndive.simulation import SimulationSettings
from ndive.training import preset
from tests.cli.conftest import N_JETS
from tests.training.samples import write_jets

TINY = Size(jets=135, fractions=(0.5, 0.2, 0.3), epochs=2, batch_size=35)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [QUICK, WHOLE], ids=["quick", "whole"])
def test_a_reduced_configuration_is_the_papers_but_for_how_it_is_trained(name, size):
    config, paper = size.reduced(preset(name)), preset(name)
    assert config.model == paper.model
    assert config.name == name
    changed = {
        field.name for field in fields(config) if getattr(config, field.name) != getattr(paper, field.name)
    }
    allowed = {"num_epochs", "batch_size", "learning_rate", "use_adam", "use_cosine_decay_schedule"}
    assert changed <= allowed
    assert (config.num_epochs, config.batch_size) == (size.epochs, size.batch_size)


def test_the_second_tagger_alone_fits_a_vertex():
    assert [preset(name).model.vertexer for name in NAMES] == ["none", "ndive"]


@pytest.mark.parametrize("size", [QUICK, WHOLE], ids=["quick", "whole"])
def test_a_size_can_be_simulated_and_gives_a_hundred_steps_an_epoch(size):
    settings = SimulationSettings(jets=size.jets, fractions=size.fractions, seed=1)
    assert sum(settings.fractions) == pytest.approx(1)
    assert size.jets * size.fractions[0] >= 100 * size.batch_size


def test_quick_is_less_of_everything():
    assert QUICK.jets < WHOLE.jets
    assert QUICK.epochs < WHOLE.epochs


@pytest.fixture
def chain(tmp_path, monkeypatch, quick_compilation, small_batches):
    """The demo with made-up jets, the tagger without a vertex and no drawings; what it asked for."""
    asked = {}

    def simulate(settings, output, pool):
        asked["simulation"] = (settings.jets, settings.fractions, settings.seed, pool.workers)
        for split, jets in (("train", 70), ("val", 20), ("test", N_JETS)):
            if not (output / f"ndive_{split}.h5").exists():
                write_jets(output / f"ndive_{split}.h5", jets, seed=jets + settings.seed)

    def report(held_out, evaluations, output, *, seed, overwrite):
        names = [one.trained.name for one in evaluations]
        asked["report"] = (held_out.sample.n_jets, names, output, seed, overwrite)

    monkeypatch.setattr("ndive.cli.demo.simulate_sample", simulate)
    monkeypatch.setattr("ndive.cli.demo.report_on", report)
    monkeypatch.setattr("ndive.cli.demo.NAMES", NAMES[:1])
    monkeypatch.setattr("ndive.cli.demo.QUICK", TINY)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    yield asked
    jax.config.update("jax_compilation_cache_dir", None)


def test_jets_model_and_numbers_lie_in_one_directory_and_are_used_again(chain, tmp_path, capsys):
    call = ["demo", "--quick", "--output", str(tmp_path / "demo"), "--seed", "4", "--workers", "2"]
    place = tmp_path / "demo" / "quick"
    assert main(call) == 0
    first = capsys.readouterr()
    assert chain["simulation"] == (135, (0.5, 0.2, 0.3), 4, 2)
    assert chain["report"] == (N_JETS, ["final_ftag_base"], place / "report", 4, False)
    assert sorted(path.name for path in place.iterdir()) == ["models", "samples"]
    model = place / "models" / "final_ftag_base"
    assert {"best.eqx", "checkpoint_0002.eqx", "history.csv", "predictions"} <= {
        path.name for path in model.iterdir()
    }
    history = np.genfromtxt(model / "history.csv", delimiter=",", names=True)
    assert len(history) == 2
    assert np.isfinite(history["val_total"]).all()
    for text in ("Rejection", "final_ftag_base", "no selection", "perfect selection"):
        assert text in first.out

    made = (model / "best.eqx").stat().st_mtime_ns
    assert main(call) == 0
    again = capsys.readouterr()
    assert again.out == first.out
    assert "reusing the finished run of 2 epochs" in again.err
    assert f"reusing the predictions in '{place / 'models'}'" in again.err
    assert (model / "best.eqx").stat().st_mtime_ns == made

    call[call.index("4")] = "5"
    (place / "samples" / "mine.txt").touch()
    assert main([*call, "--overwrite"]) == 0
    assert "reusing" not in capsys.readouterr().err
    assert chain["report"] == (N_JETS, ["final_ftag_base"], place / "report", 5, True)
    assert (model / "best.eqx").stat().st_mtime_ns != made
    assert (place / "samples" / "mine.txt").exists()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--seed", "-1"], "seed is -1, allowed: 0 to 8999"),
        (["--seed", "9000"], "seed is 9000, allowed: 0 to 8999"),
        (["--seed", "one"], "--seed"),
        (["--workers", "0"], "workers is 0, allowed: 1 or more"),
        (["--jets", "10"], "--jets"),
        (["--output", "file"], "is not a directory"),
    ],
)
@pytest.mark.parametrize("quick", [[], ["--quick"]], ids=["whole", "quick"])
def test_a_wrong_argument_is_one_line_and_leaves_nothing(wrong, said, quick, tmp_path, told):
    (tmp_path / "file").touch()
    assert said in told(["demo", *quick, *wrong])
