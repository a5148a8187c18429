"""Scores row for row with the input, whatever the files hold, however the work is cut and interrupted."""

import equinox as eqx
import h5py
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ndive.data import open_sample, write_sample
from ndive.evaluation import ErrorFactor, inference, load_trained, scale_factor, scoring
from ndive.evaluation.scores import copied_fields, score_rows
from ndive.jobs import DaskPool, LocalPool
from ndive.models import ModelConfig, build_model, identity_normalisation, save_model
from tests.data.samples import make_rows, without
from tests.evaluation.toys import toy_predictions

N_JETS = (25, 14)
TRUTH = ("ftagTruthOriginLabel", "ftagTruthVertexIndex", "truth_prod_x", "truth_prod_y", "truth_prod_z")
CONFIG = ModelConfig(model="FTAG", vertexer="none", ghost=False, layers=0)

pytestmark = pytest.mark.usefixtures("quick_compilation")


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(inference, "JETS_AT_ONCE", 10)
    monkeypatch.setattr(scoring, "PIECE", 10)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Two files, jets without a track among them; the fields of the truth are in the first alone."""
    directory = tmp_path_factory.mktemp("files")
    rows = [make_rows(n, seed=number) for number, n in enumerate(N_JETS)]
    rows[1] = without(without(rows[1], "tracks", *TRUTH), "jets", "hadron_x", "hadron_y", "hadron_z")
    for number, content in enumerate(rows):
        write_sample(directory / f"{number}.h5", [content], {"field": 2.0})
    assert (rows[0]["jets"]["n_tracks"] == 0).any()
    return directory, rows


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    models = tmp_path_factory.mktemp("models")
    model = build_model(CONFIG, identity_normalisation(), key=jax.random.key(3))
    save_model(models / "tagger" / "best.eqx", model, CONFIG)
    return load_trained("tagger", models)


def written(trained, source, output, pool=None, name="mine"):
    sample = open_sample(source, job="predict")
    told = list(scoring.write_scores(trained, sample, output, name, pool))
    assert sum(told) == sample.n_jets
    with h5py.File(output) as file:
        return told, {key: node[:] for key, node in file.items()}


@pytest.fixture(scope="module")
def scores(trained, files, tmp_path_factory):
    """What one uninterrupted call gives."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inference, "JETS_AT_ONCE", 10)
        patch.setattr(scoring, "PIECE", 10)
        return written(trained, files[0], tmp_path_factory.mktemp("out") / "scores.h5")[1]


def test_rows_stand_beside_the_jets_of_the_input(scores, files):
    _, (first, second) = files
    for name in ("pt", "eventNumber", "HadronConeExclTruthLabelID", "flavour_label"):
        expected = np.concatenate([first["jets"][name], second["jets"][name]])
        np.testing.assert_array_equal(scores["jets"][name], expected)
    valid = np.concatenate([first["tracks"]["valid"], second["tracks"]["valid"]])
    np.testing.assert_array_equal(scores["tracks"]["valid"], valid)
    assert "vertices" not in scores
    assert "hadron_x" not in scores["jets"].dtype.names
    assert "ftagTruthOriginLabel" not in scores["tracks"].dtype.names


def test_they_are_those_of_the_model_applied_to_one_jet(scores, files, trained):
    directory, _ = files
    alone = eqx.filter_jit(trained.model)
    values = np.array([3, 5, 2, 7])
    for file, row, place in (("0.h5", 3, 3), ("0.h5", 24, 24), ("1.h5", 0, 25), ("1.h5", 13, 38)):
        batch = open_sample(directory / file, job="predict").read_jets(row, row + 1)
        jet = jax.tree.map(lambda leaf: jnp.asarray(leaf[0]), batch)
        output, real = alone(jet), np.asarray(jet.tracks.mask)
        found = [scores["jets"][f"mine_p{flavour}"][place] for flavour in "bcu"]
        np.testing.assert_allclose(found, jax.nn.softmax(output.flavour_logits), rtol=2e-4, atol=1e-6)
        tracks = scores["tracks"][place]
        origins = values[np.asarray(output.origin_logits).argmax(axis=1)]
        np.testing.assert_array_equal(tracks["mine_aux_TrackOrigin"], np.where(real, origins, -1))
        np.testing.assert_array_equal(tracks["mine_aux_VertexIndex"] >= 0, real)


def test_weights_and_vertices_stand_beside_the_tracks_and_jets(files):
    directory, (first, _) = files
    sample = open_sample(directory / "0.h5", job="evaluate")
    jets = inference.read_jets(sample)
    predictions = toy_predictions(jets)
    copied = copied_fields(sample.headers, "mine")
    rows = score_rows("mine", predictions, sample.headers[0], copied, range(N_JETS[0]))
    valid, fit = first["tracks"]["valid"], predictions.vertices
    weights = rows["tracks"]["mine_aux_TrackWeight"]
    np.testing.assert_allclose(weights[valid], fit.track_weights[valid], rtol=1e-6)
    assert np.isnan(weights[~valid]).all()
    np.testing.assert_array_equal(rows["vertices"]["z"], fit.position[:, 2])
    np.testing.assert_array_equal(rows["vertices"]["sandwich_cov_xz"], fit.sandwich_covariance[:, 0, 2])
    np.testing.assert_array_equal(rows["vertices"]["n_tracks"], (fit.track_weights > 0).sum(axis=1))
    np.testing.assert_array_equal(
        rows["vertices"]["scale_factor"], np.where(fit.valid, scale_factor(fit, valid), np.nan)
    )


def test_jets_without_a_track_have_probabilities(scores):
    empty = ~scores["tracks"]["valid"].any(axis=1)
    assert empty.any()
    total = sum(scores["jets"][f"mine_p{flavour}"][empty] for flavour in "bcu")
    np.testing.assert_allclose(total, 1, rtol=1e-5)


def test_truth_stays_beside_the_predictions_where_the_files_have_it(trained, files, tmp_path):
    directory, (first, _) = files
    _, found = written(trained, directory / "0.h5", tmp_path / "scores.h5")
    for name in ("ftagTruthOriginLabel", "ftagTruthVertexIndex"):
        np.testing.assert_array_equal(found["tracks"][name], first["tracks"][name])


def test_an_interrupted_call_goes_on_where_it_was(trained, files, scores, tmp_path):
    directory, _ = files
    sample = open_sample(directory, job="predict")
    begun = scoring.write_scores(trained, sample, tmp_path / "scores.h5", "mine", None)
    assert [next(begun), next(begun), next(begun)] == [0, 10, 10]
    begun.close()
    assert not (tmp_path / "scores.h5").exists()
    told, found = written(trained, directory, tmp_path / "scores.h5")
    assert told == [20, 5, 10, 4]
    assert [path.name for path in tmp_path.iterdir()] == ["scores.h5"]
    for dataset, rows in scores.items():
        assert found[dataset].tobytes() == rows.tobytes()


def test_pieces_of_another_name_or_sample_are_not_taken(trained, files, tmp_path):
    sample = open_sample(files[0], job="predict")
    begun = scoring.write_scores(trained, sample, tmp_path / "scores.h5", "mine", None)
    next(begun), next(begun)
    begun.close()
    told, found = written(trained, files[0], tmp_path / "scores.h5", name="other")
    assert told[0] == 0
    assert "other_pb" in found["jets"].dtype.names


def test_other_factors_of_the_errors_are_other_scores(trained, files):
    sample = open_sample(files[0], job="predict")
    factors = [ErrorFactor(predicted="all", level=0.68, factor=by, count=9) for by in (1.0, 2.0)]
    keys = {scoring.scores_key(trained, sample, "mine", one) for one in ((), factors[:1], factors[1:])}
    assert len(keys) == 3


@pytest.fixture(params=["processes", "dask"])
def pool(request, monkeypatch):
    """One other process, of ours or behind a scheduler of Dask."""
    monkeypatch.setenv("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
    if request.param == "processes":
        yield LocalPool(workers=1)
        return
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address=":0", silence_logs=50
    ) as cluster:
        yield DaskPool(address=cluster.scheduler_address)


def test_other_processes_give_the_same(pool, trained, files, scores, tmp_path):
    _, found = written(trained, files[0], tmp_path / "scores.h5", pool)
    for name in scores["jets"].dtype.names:
        np.testing.assert_allclose(found["jets"][name], scores["jets"][name], rtol=1e-4)
    np.testing.assert_array_equal(found["tracks"]["valid"], scores["tracks"]["valid"])
