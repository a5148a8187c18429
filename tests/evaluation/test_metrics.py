"""The file of numbers: strict JSON, every number where a script looks for it, null where there is none."""

import json
import math
from dataclasses import replace
from importlib.metadata import version

import jax
import pytest

from ndive.errors import ArgumentError, FileAccessError
from ndive.evaluation import (
    ErrorFactor,
    Evaluation,
    HeldOut,
    Mean,
    Measurement,
    Rejection,
    Resolution,
    Summary,
    TrainedModel,
    read_error_factors,
    write_measurements,
    write_metrics,
)
from ndive.evaluation.summary import Selection, Tagging
from ndive.models import ModelConfig, build_model, identity_normalisation
from tests.evaluation.toys import toy_jets, toy_predictions, toy_vertices

JETS = toy_jets(4)
RESOLUTION = Resolution(
    flavour="bjets",
    n_jets=3,
    valid_fraction=0.75,
    mean_distance=1.25,
    mean_distance_error=math.nan,
    median_distance=0.5,
    half_width=(0.1, 0.2, math.nan),
    pull_width=(1.0, 2.0, 3.0),
    sandwich_pull_width=(1.5, 2.5, 3.5),
)
SUMMARY = Summary(
    name="toy",
    n_jets={"bjets": 2, "cjets": 1, "ujets": 1},
    tagging=Tagging(
        rejections=(
            Rejection(background="ujets", efficiency=0.6, value=math.inf, error=math.nan),
            Rejection(background="ujets", efficiency=0.7, value=118.25, error=5.5),
        ),
        c_rejections=(),
        area={"ujets": 0.875, "cjets": math.nan},
        accuracy=0.625,
        accuracy_error=0.125,
        calibration_error=0.0625,
    ),
    selection=(
        Selection(
            flavour="bjets",
            efficiency=Mean(value=0.5, error=0.25, count=2),
            purity=Mean(value=1.0, error=math.nan, count=1),
        ),
    ),
    resolution=(RESOLUTION,),
    error_factors=(
        ErrorFactor(predicted="bjets", level=0.68, factor=1.25, count=40),
        ErrorFactor(predicted="bjets", level=0.95, factor=math.inf, count=3),
    ),
    measurements=(
        Measurement(
            metric="accuracy",
            flavour="bjets",
            variable="",
            low=math.nan,
            high=math.nan,
            value=0.75,
            down=0.25,
            up=0.125,
            count=4,
        ),
        Measurement(
            metric="distance_mm",
            flavour="bjets",
            variable="pt",
            low=20.0,
            high=40.0,
            value=1.25,
            down=math.nan,
            up=math.nan,
            count=1,
        ),
    ),
)


@pytest.fixture
def held_out(sample):
    """Jets with a fit of all tracks that has no number, and a perfect one."""
    none = Resolution(**(vars(RESOLUTION) | {"n_jets": 0, "valid_fraction": math.nan}))
    return HeldOut(
        sample=sample,
        jets=JETS,
        references={name: toy_vertices(JETS) for name in ("none", "perfect")},
        resolutions={"none": (none,), "perfect": (RESOLUTION,)},
        measurements={"none": (), "perfect": SUMMARY.measurements[1:]},
    )


def evaluation(directory, name, epoch):
    trained = TrainedModel(
        name=name,
        configuration=name,
        copy=None,
        directory=directory,
        path=directory / "best.eqx",
        model=build_model(ModelConfig(), identity_normalisation(), key=jax.random.key(0)),
        config=ModelConfig(model="FTAG", layers=3),
        artefact="a1" * 32,
        epoch=epoch,
        history={},
    )
    return Evaluation(trained=trained, predictions=toy_predictions(JETS), summary=SUMMARY)


@pytest.fixture
def metrics(held_out, tmp_path):
    """The file for two models, as a strict reader reads it."""
    path = tmp_path / "new" / "numbers.json"
    write_metrics(path, [evaluation(tmp_path, "one", 7), evaluation(tmp_path, "two", 0)], held_out)

    def refuse(word):
        pytest.fail(f"{word} is no JSON")

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def test_the_numbers_are_those_of_the_summary(metrics):
    model = metrics["models"][0]
    assert model["name"] == "toy"
    assert model["n_jets"] == {"bjets": 2, "cjets": 1, "ujets": 1}
    assert model["tagging"]["rejections"][1] == {
        "background": "ujets",
        "efficiency": 0.7,
        "value": 118.25,
        "error": 5.5,
    }
    assert model["tagging"]["accuracy"] == 0.625
    assert model["selection"][0]["efficiency"] == {"value": 0.5, "error": 0.25, "count": 2}
    assert model["resolution"][0]["mean_distance"] == 1.25
    assert model["resolution"][0]["pull_width"] == [1, 2, 3]


def test_what_does_not_exist_is_null(metrics):
    model = metrics["models"][0]
    assert model["tagging"]["rejections"][0]["value"] is None
    assert model["tagging"]["rejections"][0]["error"] is None
    assert model["tagging"]["area"] == {"ujets": 0.875, "cjets": None}
    assert model["selection"][0]["purity"] == {"value": 1, "error": None, "count": 1}
    assert model["resolution"][0]["half_width"] == [0.1, 0.2, None]
    assert [one["factor"] for one in model["error_factors"]] == [1.25, None]
    assert metrics["fits_without_network"]["none"][0]["valid_fraction"] is None


def test_it_says_what_the_numbers_were_made_from(metrics, sample):
    assert metrics["version"] == version("ndive")
    assert metrics["sample"] == {"files": ["toy_test.h5"], "identity": sample.identity}
    assert [model["epoch"] for model in metrics["models"]] == [7, 0]
    assert metrics["models"][1]["artefact"] == "a1" * 32
    assert metrics["models"][1]["configuration"]["layers"] == 3
    assert metrics["fits_without_network"]["perfect"][0]["valid_fraction"] == 0.75


def test_factors_of_the_errors_are_read_back(metrics, tmp_path):
    trained = evaluation(tmp_path, "one", 7).trained
    assert read_error_factors(tmp_path / "new" / "numbers.json", trained) == SUMMARY.error_factors


def test_factors_from_the_jets_that_trained_the_model_are_refused(metrics, sample, tmp_path):
    trained = replace(evaluation(tmp_path, "one", 7).trained, run={"train_identity": sample.identity})
    with pytest.raises(ArgumentError, match="is of the jets that trained 'one': judge it on others"):
        read_error_factors(tmp_path / "new" / "numbers.json", trained)


def test_factors_of_another_model_or_file_are_refused(metrics, tmp_path):
    path = tmp_path / "new" / "numbers.json"
    other = replace(evaluation(tmp_path, "one", 7).trained, artefact="b2" * 32)
    with pytest.raises(ArgumentError, match=r"best.eqx' after 7 epochs; it is of toy after 7 epochs"):
        read_error_factors(path, other)
    unknown = path.read_bytes().replace(b'"predicted": "bjets"', b'"predicted": "tops"')
    old = b'{"models": [{"name": "old", "artefact": "b2"}]}'
    for content in (b"[]", b"{", b"\x89HDF\xff", old, unknown):
        path.write_bytes(content)
        with pytest.raises(ArgumentError, match="'ndive evaluate' writes one"):
            read_error_factors(path, other)
    with pytest.raises(FileAccessError):
        read_error_factors(tmp_path / "none.json", other)


def test_bins_are_in_the_other_file(metrics, held_out, tmp_path):
    (one,) = metrics["models"][0]["measurements"]
    assert (one["metric"], one["value"], one["low"]) == ("accuracy", 0.75, None)
    path = tmp_path / "new" / "numbers.csv"
    write_measurements(path, [evaluation(tmp_path, "one", 7)], held_out)
    assert path.read_text(encoding="utf-8").splitlines() == [
        "model,metric,flavour,variable,low,high,value,down,up,count",
        "toy,accuracy,bjets,,,,0.75,0.25,0.125,4",
        "toy,distance_mm,bjets,pt,20,40,1.25,,,1",
        "perfect selection,distance_mm,bjets,pt,20,40,1.25,,,1",
    ]


def test_a_place_that_cannot_be_written_is_named(held_out, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileAccessError, match="file"):
        write_metrics(tmp_path / "file" / "metrics.json", [evaluation(tmp_path, "one", 1)], held_out)
