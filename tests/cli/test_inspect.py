"""Every way in which a file can be wrong, as the command line tells it."""

from json import loads
from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.lib.recfunctions import rename_fields

from ndive.cli import main
from ndive.data import write_sample
from ndive.schema import load_schema
from tests.data.samples import make_rows, without


@pytest.fixture
def run(capsys, tmp_path):
    """Run `ndive inspect` on a file of the given rows; status, output and errors."""

    def run(*rows):
        for number, some in enumerate(rows):
            write_sample(tmp_path / f"{number}.h5", [some], {"seed": 7, "process": "ttbar"})
        status = main(["inspect", *(str(tmp_path / f"{number}.h5") for number in range(len(rows)))])
        output = capsys.readouterr()
        return status, output.out, output.err.replace(str(tmp_path), "")

    return run


@pytest.fixture
def refused(capsys):
    """Run `ndive inspect` on a path that cannot be read; the one line that it says."""

    def refused(path: Path) -> str:
        assert main(["inspect", str(path)]) == 2
        output = capsys.readouterr()
        assert output.out == ""
        assert output.err.startswith("ndive: ")
        assert output.err.count("\n") == 1
        return output.err.replace(str(path.parent), "")

    return refused


def lines(text):
    return [" ".join(line.split()) for line in text.splitlines()]


def test_what_is_in_a_file(run):
    rows = make_rows(50)
    jets, tracks = rows["jets"], rows["tracks"]
    status, out, err = run(rows)
    assert (status, err) == (0, "")
    told = lines(out)
    mean = jets["n_tracks"].mean()
    assert any(line.startswith("50 jets of 6 track slots") and f"mean {mean:.2f}" in line for line in told)
    for label, name in enumerate(("bjets", "cjets", "ujets")):
        count = (jets["flavour_label"] == label).sum()
        assert f"{name} {label} {count} {count / 50:.1%}" in told
    assert "seed 7" in told
    assert "process ttbar" in told
    d0 = tracks["d0"][tracks["valid"]]
    assert (
        f"d0 mm {d0.min():.5g} {np.median(d0):.5g} {d0.max():.5g} transverse impact parameter, ATLAS sign"
        in told
    )
    for job in ("fit fit one vertex a jet", "train train a tagger"):
        assert f"{job} yes" in told


def test_what_is_missing_for_which_job(run):
    status, out, _ = run(without(make_rows(5), "jets", "hadron_x", "hadron_y"))
    assert status == 0
    told = lines(out)
    assert "fit fit one vertex a jet yes" in told
    assert "train train a tagger no dataset 'jets' lacks 'hadron_x', 'hadron_y'" in told


def test_several_files(run):
    status, out, _ = run(make_rows(5), make_rows(6))
    assert status == 0
    told = [line for line in lines(out) if ".h5 " in line]
    assert [line.split()[1:3] for line in told] == [["5", "6"], ["6", "6"]]
    assert all(line.endswith("fit, predict, train, evaluate") for line in told)
    assert "11 jets in 2 files; name one for more" in out
    assert "d0" not in out


def test_a_name_with_brackets_is_printed_as_it_is(capsys, tmp_path):
    write_sample(tmp_path / "[red]a.h5", [make_rows(2)], {"note": "[bold]x"})
    assert main(["inspect", str(tmp_path / "[red]a.h5")]) == 0
    out = capsys.readouterr().out
    assert "[red]a.h5" in out
    assert "[bold]x" in out


def test_a_bad_value_on_a_valid_track(run):
    rows = make_rows(30)
    jet = int(np.flatnonzero(rows["jets"]["n_tracks"] > 1)[3])
    rows["tracks"]["theta"][jet, 1] = np.nan
    status, _, err = run(rows)
    assert status == 2
    assert err == (
        f"ndive: '/0.h5': dataset 'tracks', field 'theta', jet {jet}, track 1: "
        "found nan, allowed is a finite number on a valid track\n"
    )


def test_a_track_behind_padding(run):
    rows = make_rows(30)
    jet = int(np.flatnonzero(rows["jets"]["n_tracks"] == 1)[0])
    rows["tracks"][jet, 3] = rows["tracks"][jet, 0]
    status, _, err = run(rows)
    assert status == 2
    assert err.startswith(f"ndive: '/0.h5': dataset 'tracks', field 'valid', jet {jet}, track 3: found True")
    assert err.count("\n") == 1


def test_a_label_out_of_range(run):
    rows = make_rows(30)
    rows["jets"]["flavour_label"][11] = 5
    status, _, err = run(rows)
    assert status == 2
    assert err.startswith(
        "ndive: '/0.h5': dataset 'jets', field 'flavour_label', jet 11: found 5, allowed is one of"
    )


def test_a_wrong_dtype_is_told_with_the_jobs(run):
    rows = make_rows(5)
    old = rows["tracks"].dtype
    kinds = [(name, "i4" if name == "d0" else old[name]) for name in old.names]
    status, out, _ = run(rows | {"tracks": np.zeros(rows["tracks"].shape, kinds)})
    assert status == 0
    needed = "fit fit one vertex a jet no dataset 'tracks', field 'd0' has dtype int32, allowed is float"
    assert needed in lines(out)


def test_files_that_cannot_be_read(refused, tmp_path):
    empty, text = tmp_path / "empty.h5", tmp_path / "text.h5"
    empty.touch()
    text.write_text("no HDF5")
    assert refused(tmp_path / "none.h5") == "ndive: cannot read '/none.h5': No such file or directory\n"
    assert refused(empty) == "ndive: '/empty.h5' is empty: 0 bytes\n"
    assert refused(text) == "ndive: '/text.h5' is not an HDF5 file\n"


def test_a_truncated_file(refused, tmp_path):
    write_sample(tmp_path / "whole.h5", [make_rows(50)], {})
    part = tmp_path / "part.h5"
    part.write_bytes((tmp_path / "whole.h5").read_bytes()[:-1000])
    assert refused(part).startswith("ndive: '/part.h5' is truncated")


def test_a_file_of_something_else(refused, tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["weights"] = np.zeros(3)
    assert refused(tmp_path / "a.h5") == "ndive: '/a.h5': no dataset 'jets'; found 'weights'\n"


def test_vertices_are_called_by_their_name(refused, tmp_path):
    with h5py.File(tmp_path / "fits.h5", "w") as file:
        file["vertices"] = np.zeros(3, load_schema().dtype("vertices"))
    said = refused(tmp_path / "fits.h5")
    assert said.startswith("ndive: '/fits.h5' holds vertices as 'ndive fit' writes them")
    assert said.count("\n") == 1


def test_an_empty_directory_and_a_wildcard_without_a_match(refused, tmp_path):
    assert refused(tmp_path / "*.h5") == "ndive: cannot read '': no file in it matches '*.h5'\n"
    assert main(["inspect", str(tmp_path)]) == 2


def test_no_file_and_an_unknown_split(capsys, tmp_path):
    assert main(["inspect"]) == 2
    assert main(["inspect", str(tmp_path), "--split", "dev"]) == 2
    assert capsys.readouterr().err.count("\n") == 2


def test_a_file_that_does_not_say_which_tracks_are_real(run):
    status, out, err = run(without(make_rows(5), "tracks", "valid"))
    assert (status, err) == (0, "")
    assert "tracks a jet: unknown without a field 'valid' of dtype bool" in out
    assert any(line.startswith("fit fit one vertex a jet no") and "'valid'" in line for line in lines(out))


def test_a_class_list_of_numbers_is_shown_as_it_is(capsys, tmp_path):
    write_sample(tmp_path / "a.h5", [make_rows(5)], {})
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        file["jets"].attrs["flavour_label"] = [7, 8]
    assert main(["inspect", str(tmp_path / "a.h5")]) == 0
    output = capsys.readouterr()
    assert output.err == ""
    assert any(line.startswith("7 0 ") for line in lines(output.out))


def test_everything_as_json(capsys, tmp_path):
    rows = without(make_rows(30), "jets", "hadron_x")
    rows["tracks"]["truth_d0"] = np.nan
    write_sample(tmp_path / "a.h5", [rows], {"seed": 7, "odd": np.nan})
    write_sample(tmp_path / "b.h5", [make_rows(5)], {})
    assert main(["inspect", str(tmp_path), "--json"]) == 0
    one, other = loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert (one["path"], one["jets"], one["track_slots"]) == (str(tmp_path / "a.h5"), 30, 6)
    assert other["jets"] == 5
    assert one["jobs"]["fit"] == {"serves": True, "missing": []}
    assert one["jobs"]["train"] == {"serves": False, "missing": ["dataset 'jets' lacks 'hadron_x'"]}
    assert one["flavours"]["bjets"] == int((rows["jets"]["flavour_label"] == 0).sum())
    assert one["jets_by_number_of_tracks"] == np.bincount(rows["jets"]["n_tracks"], minlength=7).tolist()
    assert one["attributes"] == {"seed": 7, "odd": None}
    fields = {(entry["dataset"], entry["name"]): entry for entry in one["fields"]}
    d0 = rows["tracks"]["d0"][rows["tracks"]["valid"]]
    assert fields["tracks", "d0"]["maximum"] == float(d0.max())
    assert fields["tracks", "d0"]["unit"] == "mm"
    assert fields["tracks", "truth_d0"]["median"] is None
    assert fields["tracks", "truth_d0"]["not_finite"] == len(d0)


def test_text_that_is_no_utf8_is_shown(capsys, tmp_path):
    write_sample(tmp_path / "a.h5", [make_rows(5)], {})
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        file.attrs.create("note", b"caf\xe9", dtype=h5py.string_dtype())
    assert main(["inspect", str(tmp_path / "a.h5")]) == 0
    told = capsys.readouterr().out
    assert "caf\N{REPLACEMENT CHARACTER}" in told
    told.encode()


def test_numbers_of_a_format_of_their_own_are_refused(refused, tmp_path):
    """A float32 whose exponent has another bias: reading such a file has crashed HDF5."""
    path = tmp_path / "odd.h5"
    kind = h5py.h5t.IEEE_F32LE.copy()
    kind.set_ebias(63)
    whole = h5py.h5t.create(h5py.h5t.COMPOUND, 12)
    whole.insert(b"pt", 0, h5py.h5t.IEEE_F32LE)
    whole.insert(b"eta", 4, kind)
    whole.insert(b"phi", 8, h5py.h5t.IEEE_F32LE)
    with h5py.File(path, "w") as file:
        h5py.h5d.create(file.id, b"jets", whole, h5py.h5s.create_simple((3,)))
        file["tracks"] = make_rows(3)["tracks"]
    assert refused(path) == (
        "ndive: '/odd.h5': dataset 'jets', field 'eta' has a number format of its own; "
        "allowed are the usual floats and integers\n"
    )


def test_names_of_a_users_own(capsys, tmp_path):
    rows = make_rows(5)
    write_sample(tmp_path / "a.h5", [rows | {"tracks": rename_fields(rows["tracks"], {"d0": "impact"})}], {})
    (tmp_path / "own.yaml").write_text("aliases: {tracks: {impact: d0}}")
    for options, serves in (([], "no"), (["--schema", str(tmp_path / "own.yaml")], "yes")):
        assert main(["inspect", str(tmp_path / "a.h5"), *options]) == 0
        told = lines(capsys.readouterr().out)
        assert any(line.startswith(f"fit fit one vertex a jet {serves}") for line in told)
