"""`ndive convert` on ROOT files with the branches of the public sample, written from simulated jets."""

import subprocess
import sys

import awkward as ak
import h5py
import numpy as np
import pytest
import yaml

from ndive.cli import main
from ndive.data import open_sample
from ndive.schema import split_of_event
from ndive.simulation import SimulationSettings, TaskResult, simulate_task
from tests.data.public_files import branches_of, write_root

SETTINGS = SimulationSettings(jets=800, balance=False, underlying_event=False, resolution="shlomi")


@pytest.fixture(scope="module")
def made() -> TaskResult:
    """About 200 simulated jets, those with both charm hadron and vertex well described by two hadrons."""
    return simulate_task(SETTINGS, 0)


@pytest.fixture(scope="module")
def branches(made):
    return branches_of(made.jets, made.tracks)


@pytest.fixture(scope="module")
def folder(branches, tmp_path_factory):
    """The three files of a conversion of two inputs, three entries at a time, twelve slots."""
    folder = tmp_path_factory.mktemp("convert")
    for name, part in (("a", slice(None, 90)), ("b", slice(90, None))):
        write_root(folder / f"{name}.root", {key: values[part] for key, values in branches.items()})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ndive.data.converting.BLOCK", 40)
        call = ["convert", str(folder / "*.root"), "--output", str(folder / "out"), "--slots", "20"]
        assert main(call) == 0
    return folder / "out"


@pytest.fixture(scope="module")
def converted(folder):
    """Jets and tracks of the three files, in the order of the events; the tracks one behind another."""
    parts = {split: read(folder / f"ndive_{split}.h5") for split in ("train", "val", "test")}
    jets = np.concatenate([jets for jets, _ in parts.values()])
    tracks = np.concatenate([tracks for _, tracks in parts.values()])
    order = np.lexsort((jets["eta"], jets["eventNumber"]))
    tracks = tracks[order]
    return jets[order], tracks[tracks["valid"]]


@pytest.fixture(scope="module")
def expected(made):
    """The simulated rows in the same order."""
    order = np.lexsort((made.jets["eta"], made.jets["eventNumber"]))
    ends = np.cumsum(made.jets["n_tracks"])
    tracks = np.split(made.tracks, ends[:-1])
    return made.jets[order], np.concatenate([tracks[jet] for jet in order])


def read(path):
    with h5py.File(path) as file:
        return file["jets"][:], file["tracks"][:]


@pytest.fixture
def refused(told, branches, tmp_path):
    """Convert a file of these branches, some of them replaced or (None) taken out; the one line it says."""

    def refused(*options, **changes):
        changed = {name: values for name, values in (branches | changes).items() if values is not None}
        write_root(tmp_path / "odd.root", changed)
        said = told(["convert", "odd.root", "--output", "out", *options])
        return said.removeprefix("ndive: ").rstrip("\n")

    return refused


def changed(values, jet, **new):
    """A branch with some entries of one jet replaced: `at0=…`."""
    lists = values.to_list()
    for place, value in new.items():
        lists[jet][int(place.removeprefix("at"))] = value
    return ak.values_astype(ak.Array(lists), ak.to_numpy(ak.flatten(values)).dtype)


def test_jets_come_back_field_by_field(converted, expected):
    (jets, _), (simulated, _) = converted, expected
    assert len(jets) == len(simulated)
    absent = {"HadronConeExclTruthLabelPt", "truth_pt"}
    assert set(jets.dtype.names) == set(simulated.dtype.names) - absent
    for name in jets.dtype.names:
        np.testing.assert_allclose(jets[name], simulated[name], rtol=3e-7, atol=1e-6, err_msg=name)


def test_tracks_come_back_field_by_field(converted, expected):
    """Signs and units are undone: d0 of Delphes, pT and charge, the cotangent of theta, GeV."""
    (_, tracks), (_, simulated) = converted, expected
    exact = {"ftagTruthOriginLabel", "ftagTruthVertexIndex", "pdgId", "valid", "d0", "z0", "phi"}
    uncertainties = {f"{name}Uncertainty" for name in ("d0", "z0", "phi", "theta", "z0SinTheta")}
    close = {"pt", "eta", "theta", "qOverP", "z0SinTheta", "deta", "dphi", "dr"}
    signed = {"lifetimeSignedD0Significance", "lifetimeSignedZ0SinThetaSignificance"}
    produced = {f"truth_prod_{axis}" for axis in "xyz"}
    from_pt = {"qOverPUncertainty", "corr_theta_qOverP"}
    assert set(tracks.dtype.names) == exact | uncertainties | close | signed | produced | from_pt
    for name in exact | produced:
        np.testing.assert_array_equal(tracks[name], simulated[name], err_msg=name)
    for name in uncertainties | close | signed:
        np.testing.assert_allclose(tracks[name], simulated[name], rtol=2e-5, atol=2e-6, err_msg=name)


def test_every_origin_and_vertices_beside_the_primary_are_among_them(expected):
    _, tracks = expected
    assert {2, 3, 4, 5, 7} <= set(tracks["ftagTruthOriginLabel"].tolist())
    assert tracks["ftagTruthVertexIndex"].max() > 2


def test_error_of_q_over_p_is_that_of_toys(converted):
    """pT and the cotangent of theta are smeared independently; so q/p and theta are not."""
    _, tracks = converted
    track = tracks[int(np.argmax(np.abs(tracks["corr_theta_qOverP"])))]
    random = np.random.default_rng(1)
    theta, pt = float(track["theta"]), float(track["pt"])
    cotangent = 1 / np.tan(theta) + track["thetaUncertainty"] / np.sin(theta) ** 2 * random.normal(
        size=400_000
    )
    smeared = pt * (1 + 0.01 * random.normal(size=400_000))
    angle = np.arctan2(1, cotangent)
    q_over_p = np.sign(track["qOverP"]) * np.sin(angle) / smeared
    assert track["qOverPUncertainty"] == pytest.approx(q_over_p.std(), rel=0.01)
    assert track["corr_theta_qOverP"] == pytest.approx(np.corrcoef(angle, q_over_p)[0, 1], abs=0.01)
    assert abs(track["corr_theta_qOverP"]) > 0.02


def test_a_track_by_hand(tmp_path, branches):
    """Along +x, 1 mm above the beam line, anticlockwise in 2 T: charge -1, d0 +1 here and -1 in Delphes."""
    one = {name: values[:1] for name, values in branches.items()}
    tracks = int(ak.num(one["trk_d0"])[0])
    by_hand = {"trk_d0": -1, "trk_z0": 3, "trk_phi": 0, "trk_ctgtheta": 0.75, "trk_pt": 4, "trk_charge": -1}
    lists = {
        name: ak.values_astype(ak.Array([[value] * tracks]), np.float32) for name, value in by_hand.items()
    }
    write_root(tmp_path / "one.root", one | lists)
    assert main(["convert", str(tmp_path / "one.root"), "--output", str(tmp_path), "--split", "test"]) == 0
    sample = open_sample(tmp_path, split="test", job="fit")
    d0, z0, phi, theta, q_over_p = sample.read_tracks(0, 1).parameters[0, 0]
    assert (d0, z0, phi) == (1, 3, 0)
    assert np.tan(theta) == pytest.approx(4 / 3)
    assert q_over_p == pytest.approx(-0.8 / 4)


def test_all_jets_of_an_event_are_in_one_file_and_the_files_serve_all_jobs(folder):
    events = [set(read(folder / f"ndive_{split}.h5")[0]["eventNumber"]) for split in ("train", "val", "test")]
    for index, of_split in enumerate(events):
        numbers = np.array(sorted(of_split))
        assert (split_of_event(numbers, (0.8, 0.1, 0.1)) == index).all()
    for job in ("fit", "predict", "train", "evaluate"):
        assert open_sample(folder, job=job, split="train").n_jets > 100


def test_the_dictionaries_for_salt(folder):
    """Against NumPy over the training file; class weights by hand from the counts."""
    assert sorted(path.name for path in folder.iterdir()) == [
        *("class_dict.yaml", "ndive_test.h5", "ndive_train.h5", "ndive_val.h5", "norm_dict.yaml")
    ]
    norms, weights = (
        yaml.safe_load((folder / f"{name}_dict.yaml").read_text()) for name in ("norm", "class")
    )
    jets, tracks = read(folder / "ndive_train.h5")
    real = tracks[tracks["valid"]]
    for dataset, rows, name in (("jets", jets, "pt"), ("tracks", real, "d0"), ("tracks", real, "qOverP")):
        values = rows[name].astype(float)
        assert norms[dataset][name] == pytest.approx({"mean": values.mean(), "std": values.std()}, rel=1e-9)
    assert "valid" not in norms["tracks"]
    counts = np.bincount(jets["flavour_label"])
    np.testing.assert_allclose(weights["jets"]["flavour_label"], counts.max() / counts, atol=0.005)
    origins = np.bincount(real["ftagTruthOriginLabel"], minlength=8)
    expected = [origins.max() / number if number else 1.0 for number in origins.tolist()]
    np.testing.assert_allclose(weights["tracks"]["ftagTruthOriginLabel"], expected, atol=0.005)


def test_the_hardest_tracks_are_kept(branches, tmp_path, expected):
    write_root(tmp_path / "a.root", branches)
    call = ["convert", str(tmp_path / "a.root"), "--output", str(tmp_path), "--split", "val", "--slots", "3"]
    assert main(call) == 0
    jets, tracks = read(tmp_path / "ndive_val.h5")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.root", "ndive_val.h5"]
    assert jets["n_tracks"].max() == tracks.shape[1] == 3
    order = np.lexsort((jets["eta"], jets["eventNumber"]))
    simulated, many = expected
    first = np.cumsum(simulated["n_tracks"]) - simulated["n_tracks"]
    np.testing.assert_allclose(tracks["pt"][order, 0], many["pt"][first], rtol=1e-5)


def test_jets_without_a_flavour_or_its_hadron_are_left_out(branches, tmp_path, capsys):
    flavours = ak.to_numpy(branches["jet_flav"]).copy()
    b, light = np.flatnonzero(flavours == 5), np.flatnonzero(flavours == 0)
    flavours[light[:2]] = 15
    pdg = changed(branches["hadron_pdgid"], int(b[0]), at0=421)
    write_root(tmp_path / "a.root", branches | {"jet_flav": ak.Array(flavours), "hadron_pdgid": pdg})
    assert main(["convert", str(tmp_path / "a.root"), "--output", str(tmp_path), "--split", "val"]) == 0
    assert "3 left out for want of a flavour or its hadron" in capsys.readouterr().err
    assert len(read(tmp_path / "ndive_val.h5")[0]) == len(flavours) - 3


def test_one_hadron_a_jet_as_a_number(branches, tmp_path, expected):
    """Files that list one hadron a jet, without lists, say where it decays all the same."""
    names = ("hadron_pdgid", "hadron_decx", "hadron_decy", "hadron_decz")
    one = {name: ak.fill_none(ak.firsts(branches[name]), 0) for name in names}
    one = {name: ak.Array(ak.to_numpy(values).astype(np.float32)) for name, values in one.items()}
    one["hadron_pdgid"] = ak.values_astype(one["hadron_pdgid"], np.int32)
    write_root(tmp_path / "a.root", branches | one)
    assert main(["convert", str(tmp_path / "a.root"), "--output", str(tmp_path), "--split", "val"]) == 0
    jets, _ = read(tmp_path / "ndive_val.h5")
    order = np.lexsort((jets["eta"], jets["eventNumber"]))
    np.testing.assert_array_equal(jets["hadron_z"][order], expected[0]["hadron_z"])


def test_missing_and_odd_branches(refused, branches):
    assert refused(trk_d0=None, jet_M=None) == "'odd.root': tree 'tree' lacks the branches jet_M, trk_d0"
    assert refused(jet_pt=branches["trk_pt"]) == (
        "'odd.root': branch 'jet_pt' has a list a jet; allowed is one number a jet"
    )
    pairs = ak.to_regular(ak.Array(np.zeros((len(branches["jet_pt"]), 2), np.float32)))
    assert refused(trk_z0=pairs).startswith(
        "'odd.root': branch 'trk_z0' has type float[2]; allowed are numbers"
    )
    shorter = ak.concatenate([branches["trk_z0"][:-1], branches["trk_z0"][-1:, :-1]])
    number = len(shorter[-1])
    assert refused(trk_z0=shorter) == (
        f"'odd.root': branch 'trk_z0', entry {len(shorter) - 1}: found {number} numbers, "
        f"'trk_d0' has {number + 1}"
    )


@pytest.mark.parametrize(
    ("branch", "value", "field"),
    [
        ("trk_z0", np.nan, "z0"),
        ("trk_pt", 0.0, "theta|qOverP|pt"),
        ("trk_d0err", 0.0, "d0Uncertainty"),
        ("trk_prod_z", np.inf, "truth_prod_z"),
    ],
)
def test_values_that_break_the_layout(refused, branches, branch, value, field):
    said = refused(**{branch: changed(branches[branch], 7, at1=value)})
    assert any(f"dataset 'tracks', field '{name}', jet 7, track " in said for name in field.split("|"))


def test_wrong_arguments_and_files(told, branches, tmp_path):
    write_root(tmp_path / "a.root", branches)
    write_root(tmp_path / "other.root", {"jet_pt": branches["jet_pt"]}, tree="events")
    (tmp_path / "text.root").write_text("no ROOT file")
    (tmp_path / "cut.root").write_bytes((tmp_path / "a.root").read_bytes()[:3000])
    few = {name: values[:2] for name, values in branches.items()}
    write_root(tmp_path / "few.root", few | {"eventnb": ak.Array(np.zeros(2, np.int32))})
    for options, reason in (
        (["none.root"], "cannot read 'none.root': No such file or directory"),
        (["text.root"], "'text.root' is not a ROOT file"),
        (["cut.root"], "'cut.root' is damaged: "),
        (["other.root"], "'other.root': no tree 'tree'; it has events"),
        (["few.root"], "no jet of the input goes into ndive_val.h5, ndive_test.h5"),
        (["a.root", "--slots", "0"], "slots is 0, allowed: 1 to 100"),
        (["a.root", "--field", "0"], "field is 0, allowed: up to 10 tesla, and not 0"),
        (["a.root", "--fractions", "1", "1", "1"], "fractions are 1 1 1, allowed"),
        (["a.root", "--output", "a.root"], "'a.root' is not a directory"),
    ):
        output = [] if "--output" in options else ["--output", "out"]
        assert reason in told(["convert", *options, *output])


def test_files_that_are_there_stay_unless_told(branches, tmp_path, capsys):
    write_root(tmp_path / "a.root", branches)
    call = ["convert", str(tmp_path / "a.root"), "--output", str(tmp_path), "--split", "val"]
    assert main(call) == 0
    before = (tmp_path / "ndive_val.h5").stat().st_mtime_ns
    capsys.readouterr()
    assert main(call) == 2
    assert capsys.readouterr().err == (
        f"ndive: '{tmp_path / 'ndive_val.h5'}' is there: choose another directory, or --overwrite\n"
    )
    assert (tmp_path / "ndive_val.h5").stat().st_mtime_ns == before
    assert main([*call, "--overwrite"]) == 0
    assert (tmp_path / "ndive_val.h5").stat().st_mtime_ns > before


def test_without_uproot_it_says_what_to_install():
    code = "import sys; sys.modules['uproot'] = None\nfrom ndive.cli import main\nsys.exit(main(['convert']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "ndive: reading ROOT files needs the extra 'root': "
        "pip install 'ndive[root]', in a clone uv sync --inexact --extra root\n"
    )


NAMES = """
eventnb jet_pt jet_eta jet_phi jet_M jet_flav n_trks n_vertices trk_pythia_i trk_pdg_id trk_vtx_index
trk_d0 trk_z0 trk_phi trk_ctgtheta trk_pt trk_charge trk_eta trk_d0err trk_z0err trk_phierr
trk_ctgthetaerr trk_pterr trk_prod_x trk_prod_y trk_prod_z trk_dec_x trk_dec_y trk_dec_z hadron_pdgid
hadron_decx hadron_decy hadron_decz hadron_x hadron_y hadron_z true_vtx_x true_vtx_y true_vtx_z
true_vtx_L3D true_vtx_ntrks nChadrons nBhadrons nCdecay nBdecay BCdistance node_idx node_pdg_id
edge_start edge_end edge_dist
"""
"""The branches of the sample of Zenodo record 4044628."""


def test_the_written_files_have_the_branches_of_the_sample(branches):
    assert sorted(branches) == sorted(NAMES.split())
