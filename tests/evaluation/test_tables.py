"""Numbers as text, in the row and column where they belong."""

from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pytest

from ndive.evaluation import (
    ErrorFactor,
    TrainedModel,
    measured,
    ratio_table,
    rejection_table,
    summarise,
    summary_tables,
    training_table,
    two_digits,
)
from ndive.evaluation.tables import error_table
from ndive.models import ModelConfig, build_model, identity_normalisation
from tests.evaluation.toys import toy_jets, toy_predictions


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (118.34, 5.26, "118.3 ± 5.3"),
        (0.44196, 0.00931, "0.4420 ± 0.0093"),
        (335.2, 41.0, "335 ± 41"),
        (np.inf, np.nan, "no jet left"),
        (np.nan, np.nan, "–"),
        (1.0, 0.0, "1"),
        (1.5, np.inf, "1.5"),
    ],
)
def test_errors_have_two_digits(value, error, text):
    assert measured(value, error) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (17.2, "17"),
        (0.96, "0.96"),
        (1.0, "1.0"),
        (0.0581, "0.058"),
        (np.nan, "–"),
        (0.0, "0.0"),
        (-0.0581, "-0.058"),
        (np.inf, "–"),
        (-np.inf, "–"),
        (0.001, "0.0010"),
        (0.00099, "9.9e-04"),
    ],
)
def test_widths_have_two_digits(value, text):
    assert two_digits(value) == text


@pytest.fixture
def summaries():
    """A tagger without a vertex, and a better one with a vertex."""
    jets = toy_jets(3000, seed=5)
    return [
        summarise("base", toy_predictions(jets, sharpness=1.0, vertices=False), jets),
        summarise("with_vertex", toy_predictions(jets), jets),
    ]


def test_the_fits_without_a_network_stand_around_the_models(summaries):
    found = summaries[1].resolution
    none, perfect = (
        [replace(one, mean_distance=at, mean_distance_error=0.1) for one in found] for at in (7, 3)
    )
    by_title = {table.title: table for table in summary_tables(summaries, {"perfect": perfect, "none": none})}
    rejection, selection, vertex = (by_title[title] for title in ("Rejection", "Track selection", "Vertex"))
    assert [table.title for table in (rejection, selection, vertex)] == [
        "Rejection",
        "Track selection",
        "Vertex",
    ]
    assert [row[0] for row in rejection.rows] == ["base", "with_vertex"]
    assert [row[:2] for row in selection.rows] == [("with_vertex", "b jets"), ("with_vertex", "c jets")]
    names = ("no selection", "with_vertex", "perfect selection")
    flavours = ("b jets", "c jets", "light jets")
    assert [row[:2] for row in vertex.rows] == [(name, flavour) for name in names for flavour in flavours]
    distance = vertex.columns.index("mean distance [mm]")
    assert [row[distance] for row in (vertex.rows[0], vertex.rows[-1])] == ["7.00 ± 0.10", "3.00 ± 0.10"]


def test_every_row_has_as_many_cells_as_there_are_columns(summaries):
    fits = {"none": summaries[1].resolution, "perfect": summaries[1].resolution}
    ratios = [("with_vertex", summaries[1].tagging.rejections)]
    for table in (*summary_tables(summaries, fits), ratio_table("base", ratios)):
        assert table.rows
        assert {len(row) for row in table.rows} == {len(table.columns)}


def test_factors_of_the_errors_stand_beside_the_coverage_of_all_jets(summaries):
    fits = {"none": summaries[1].resolution, "perfect": summaries[1].resolution}
    by_title = {table.title: table for table in summary_tables(summaries, fits)}
    coverage, factors = by_title["Coverage"], by_title["Factors of the errors"]
    assert [row[1] for row in coverage.rows] == ["b jets", "c jets", "light jets", "all"]
    assert [row[:2] for row in factors.rows] == [
        ("with_vertex", name) for name in ("b jets", "c jets", "light jets")
    ]
    wide = {(one.predicted, one.level): one.factor for one in summaries[1].error_factors}
    assert factors.rows[1][3:] == (f"{wide['cjets', 0.68]:.3g}", f"{wide['cjets', 0.95]:.3g}")
    few = ErrorFactor(predicted="all", level=0.68, factor=np.inf, count=2)
    assert error_table([replace(summaries[1], error_factors=(few,))]).rows == (
        ("with_vertex", "all", "2", "–"),
    )


def test_models_that_do_not_tag_are_not_in_the_table_of_rejections(summaries):
    vertexer = replace(summaries[1], name="vertexer", tagging=None)
    assert rejection_table([vertexer]).rows == ()
    assert [row[0] for row in rejection_table([vertexer, summaries[0]]).rows] == ["base"]


def test_rejections_stand_below_their_background_and_efficiency(summaries):
    columns = rejection_table([]).columns
    assert columns[:2] == ("model", "light jets at 60%")
    row = rejection_table(summaries).rows[0]
    (point,) = (
        one for one in summaries[0].tagging.rejections if one.background == "cjets" and one.efficiency == 0.8
    )
    assert row[columns.index("c jets at 80%")] == measured(point.value, point.error)


def test_what_was_trained_on_what():
    run = {
        "config": {"batch_size": 250, "learning_rate": 2e-3, "use_adam": True},
        "seed": 3,
        "train_jets": 20000,
        "train_files": ["ndive_train.h5"],
    }
    row, unknown = training_table([trained_model("mine", run), trained_model("found", {})]).rows
    assert row[:3] == ("mine", "17,569", "20,000")
    assert row[3:] == ("ndive_train.h5", "7", "5", "250", "0.002", "Adam", "3")
    assert unknown[2:] == ("–", "–", "7", "5", "–", "–", "–", "–")


def trained_model(name, run):
    """An NDIVE of the paper, whose fifth of seven epochs is the best."""
    config = ModelConfig(model="NDIVE", ghost=False)
    return TrainedModel(
        name=name,
        configuration=name,
        copy=None,
        directory=Path(),
        path=Path("best.eqx"),
        model=build_model(config, identity_normalisation(), key=jax.random.key(0)),
        config=config,
        artefact="",
        epoch=5,
        history={"epoch": np.arange(1.0, 8.0)},
        run=run,
    )
