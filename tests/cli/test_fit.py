"""`ndive fit` on jets whose vertices are known: every track passes exactly through one of them."""

from unittest.mock import patch

import h5py
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ndive.cli import main
from ndive.data import write_sample
from ndive.schema import load_schema
from ndive.tracks import perigee_from_state
from ndive.vertexing import Status
from tests.data.samples import make_rows, without

N_JETS, N_SLOTS = 12, 6
EMPTY, LONELY, STRAY = 0, 1, 2
"""Jets with no track, with one, and with a last track from elsewhere."""

PERIGEE = ("d0", "z0", "phi", "theta", "qOverP")


@pytest.fixture(scope="module", autouse=True)
def small_batches():
    """Five jets at a time, so that the last batch holds two and padding."""
    with patch("ndive.cli.fit.BATCH", 5):
        yield


@pytest.fixture(scope="module")
def vertices():
    """mm."""
    return np.random.default_rng(4).normal(0, [3, 3, 10], (N_JETS, 3))


@pytest.fixture(scope="module")
def rows(vertices):
    """Jets of six tracks from the vertex, with the field `good` that leaves the stray track out."""
    random = np.random.default_rng(5)
    made = make_rows(N_JETS, N_SLOTS)
    positions = np.repeat(vertices[:, None], N_SLOTS, axis=1)
    positions[STRAY, -1] += [1.0, -2.0, 3.0]
    momentum = random.uniform(1, 10, (N_JETS, N_SLOTS, 1)) * random.normal(size=(N_JETS, N_SLOTS, 3))
    charge = random.choice([-1.0, 1.0], (N_JETS, N_SLOTS))
    with jax.enable_x64(True):
        states = map(jnp.asarray, (positions, momentum, charge, 2.0, np.zeros(3)))
        perigees = np.asarray(perigee_from_state(*states))
    old = made["tracks"].dtype
    wide = [(name, "f8" if name in PERIGEE else old[name]) for name in old.names]
    tracks = np.zeros((N_JETS, N_SLOTS), [*wide, ("good", "f4"), ("note", "S4")])
    for name in old.names:
        tracks[name] = make_rows(500, N_SLOTS)["tracks"][name][-1:, :1]
    for index, name in enumerate(PERIGEE):
        tracks[name] = perigees[..., index] / (1000 if name == "qOverP" else 1)
        tracks[f"{name}Uncertainty"] = [0.02, 0.05, 1e-3, 1e-3, 1e-6][index]
    for name in old.names:
        if name.startswith("corr_"):
            tracks[name] = 0
    tracks["valid"] = True
    tracks["valid"][EMPTY] = tracks["valid"][LONELY, 1:] = False
    tracks["good"] = 1
    tracks["good"][STRAY, -1] = 0
    return {"jets": made["jets"], "tracks": tracks}


@pytest.fixture(scope="module")
def path(rows, tmp_path_factory):
    path = tmp_path_factory.mktemp("fit") / "jets_test.h5"
    write_sample(path, [rows], {})
    return path


@pytest.fixture(scope="module")
def fitted(path):
    """The rows of `vertices`, all tracks with weight one."""
    assert main(["fit", str(path), "--output", str(path.parent / "out" / "vertices.h5")]) == 0
    return read(path.parent / "out" / "vertices.h5")


def read(path):
    with h5py.File(path) as file:
        assert list(file) == ["vertices"]
        return file["vertices"][:]


def position(rows):
    return np.stack([rows[axis] for axis in "xyz"], axis=-1)


@pytest.fixture
def refused(capsys):
    def refused(*arguments):
        assert main(["fit", *map(str, arguments)]) == 2
        output = capsys.readouterr()
        assert output.out == ""
        assert output.err.startswith("ndive: ")
        assert output.err.count("\n") == 1
        return output.err

    return refused


def test_one_row_a_jet_in_the_layout_of_the_schema(fitted):
    assert fitted.dtype == load_schema().dtype("vertices")
    assert fitted.shape == (N_JETS,)
    assert fitted["n_tracks"].tolist() == [0, 1] + [N_SLOTS] * (N_JETS - 2)


def test_known_vertices_are_found(fitted, vertices):
    """The perigees are exact in float64, so the vertex is too, and chi2 vanishes."""
    exact = slice(STRAY + 1, None)
    np.testing.assert_allclose(position(fitted)[exact], vertices[exact], atol=1e-6)
    assert fitted["valid"][exact].all()
    assert (fitted["status"][exact] == Status.converged).all()
    assert (fitted["ndf"][exact] == 2 * N_SLOTS - 3).all()
    assert fitted["chi2"][exact].max() < 1e-6


def test_covariances_are_those_of_straight_lines(fitted, rows):
    """Near a vertex tracks are lines: the inverse covariance is a sum over two impact parameters each."""
    jet = STRAY + 1
    track = rows["tracks"][jet]
    phi, theta = track["phi"], track["theta"]
    zero = np.zeros_like(phi)
    transverse = np.stack([-np.sin(phi), np.cos(phi), zero], axis=-1)
    along_z = np.stack([-np.cos(phi) / np.tan(theta), -np.sin(phi) / np.tan(theta), zero + 1], axis=-1)
    lever = np.hypot(fitted["x"][jet], fitted["y"][jet])
    information = sum(
        np.einsum("ti,tj->ij", gradient, gradient) / error**2
        for gradient, error in ((transverse, 0.02), (along_z, 0.05))
    )
    expected = np.sqrt(np.diag(np.linalg.inv(information)))
    found = np.sqrt([fitted[f"cov_{axis}{axis}"][jet] for axis in "xyz"])
    assert lever < 10
    np.testing.assert_allclose(found, expected, rtol=0.15)


def test_jets_without_a_vertex_say_why(fitted):
    assert fitted["status"][[EMPTY, LONELY]].tolist() == [Status.undetermined] * 2
    assert not fitted["valid"][[EMPTY, LONELY]].any()
    for name in fitted.dtype.names:
        assert np.isfinite(fitted[name]).all()


def test_a_weight_field_leaves_tracks_out(path, fitted, vertices, tmp_path):
    assert fitted["chi2"][STRAY] > 100
    assert main(["fit", str(path), "--output", str(tmp_path / "out.h5"), "--weights", "good"]) == 0
    weighted = read(tmp_path / "out.h5")
    np.testing.assert_allclose(position(weighted)[STRAY], vertices[STRAY], atol=1e-6)
    assert weighted["n_tracks"][STRAY] == N_SLOTS - 1
    assert weighted["ndf"][STRAY] == 2 * (N_SLOTS - 1) - 3


def test_float32_agrees_within_a_tenth_of_the_error(path, fitted, tmp_path):
    assert main(["fit", str(path), "--output", str(tmp_path / "out.h5"), "--precision", "float32"]) == 0
    single = read(tmp_path / "out.h5")
    both = single["valid"] & fitted["valid"]
    assert both.sum() >= N_JETS - 3
    for axis in "xyz":
        pull = (single[axis] - fitted[axis]) / np.sqrt(fitted[f"cov_{axis}{axis}"])
        assert np.abs(pull[both]).max() < 0.1


def test_what_it_prints_and_writes_about_itself(path, fitted, tmp_path, capsys):
    assert main(["fit", str(path), "--output", str(tmp_path / "out.h5")]) == 0
    output = capsys.readouterr()
    assert output.err == ""
    told = [" ".join(line.split()) for line in output.out.splitlines()]
    good = fitted["valid"]
    assert f"12 vertices in '{tmp_path / 'out.h5'}'" in told
    assert f"converged {good.sum()} {good.sum() / 12:.1%}" in told
    assert "undetermined 2 16.7%" in told
    assert f"median error along z: {np.median(np.sqrt(fitted['cov_zz'][good])):.4f} mm" in told
    with h5py.File(tmp_path / "out.h5") as file:
        assert file.attrs["input"].tolist() == [str(path)]
        assert (file.attrs["weights"], file.attrs["precision"]) == ("1", "float64")


def test_it_does_not_overwrite_its_input(refused, path, tmp_path):
    before = path.read_bytes()
    (tmp_path / "link.h5").symlink_to(path)
    for output in (path, tmp_path / "link.h5"):
        assert f"output '{output}' is an input; name another file" in refused(path, "--output", output)
    assert path.read_bytes() == before


def test_an_output_that_is_there_stays_unless_told(refused, path, tmp_path):
    output = tmp_path / "out.h5"
    output.write_text("mine")
    assert f"output '{output}' is there: name another file, or --overwrite" in refused(
        path, "--output", output
    )
    assert output.read_text() == "mine"
    assert main(["fit", str(path), "--output", str(output), "--overwrite"]) == 0
    assert len(read(output)) == N_JETS


def test_a_schema_that_cannot_be_read(refused, path, tmp_path):
    (tmp_path / "own.yaml").write_text("jobs: none")
    said = refused(path, "--output", tmp_path / "out.h5", "--schema", tmp_path / "own.yaml")
    assert f"schema '{tmp_path / 'own.yaml'}': found 'none', allowed is a mapping" in said


def test_wrong_arguments(refused, path, tmp_path):
    output = ("--output", tmp_path / "out.h5")
    assert "is a directory; name a file" in refused(path, "--output", tmp_path)
    assert "max_steps is 0; allowed is 1 or more" in refused(path, *output, "--max-steps", 0)
    assert "dataset 'tracks' has no field 'goood' of numbers" in refused(path, *output, "--weights", "goood")
    assert "dataset 'tracks' has no field 'note' of numbers" in refused(path, *output, "--weights", "note")
    assert "precision" in refused(path, *output, "--precision", "float16")
    assert "output" in refused(path).lower()
    assert not list(tmp_path.iterdir())


def test_wrong_files(refused, tmp_path):
    first, second = tmp_path / "a.h5", tmp_path / "b.h5"
    output = ("--output", tmp_path / "out" / "vertices.h5")
    write_sample(first, [make_rows(9)], {})
    write_sample(second, [make_rows(9)], {}, class_names=("ujets", "cjets", "bjets"))
    assert f"'{second}' has the class list (ujets, cjets, bjets)" in refused(first, second, *output)
    write_sample(second, [without(make_rows(9), "tracks", "phi", "z0")], {})
    assert "dataset 'tracks' lacks 'phi', 'z0'" in refused(second, *output)
    rows = make_rows(9)
    rows["tracks"]["z0"][rows["tracks"]["valid"]] = np.nan
    write_sample(second, [rows], {})
    assert "dataset 'tracks', field 'z0', jet " in refused(second, *output)
    rows = make_rows(9)
    kinds = [
        (name, "i4" if name == "z0" else kind) for name, (kind, _) in rows["tracks"].dtype.fields.items()
    ]
    write_sample(second, [rows | {"tracks": np.zeros(rows["tracks"].shape, kinds)}], {})
    assert "dataset 'tracks', field 'z0' has dtype int32, allowed is float" in refused(second, *output)
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_a_place_that_cannot_be_written(refused, path, tmp_path):
    (tmp_path / "file").touch()
    assert f"'{tmp_path / 'file'}' is not a directory" in refused(
        path, "--output", tmp_path / "file" / "out.h5"
    )


def test_a_link_that_leads_to_itself_is_refused(refused, path, tmp_path):
    (tmp_path / "loop.h5").symlink_to(tmp_path / "loop.h5")
    assert "loop.h5" in refused(path, "--output", tmp_path / "loop.h5")
