import numpy as np
import pytest

from ndive.data import batches, open_sample, write_sample
from ndive.errors import SampleError
from tests.data.samples import make_rows

JET = 7
"""The row that is spoilt; it has three tracks in six slots."""


@pytest.fixture
def rows():
    made = make_rows(20, 6, seed=2)
    tracks = made["tracks"]
    full = int(np.argmax(tracks["valid"].sum(axis=1)))
    assert tracks["valid"][full].sum() >= 3
    tracks[JET] = tracks[full]
    for name in tracks.dtype.names:
        tracks[name][JET, 3:] = tracks[name][np.flatnonzero(~tracks["valid"][:, -1])[0], -1]
    return made


def refusal(rows, tmp_path):
    path = tmp_path / "a.h5"
    write_sample(path, [rows], {})
    sample = open_sample(path)
    sample.read(0, JET)
    sample.read(JET + 1, 20)
    with pytest.raises(SampleError) as caught:
        sample.read(2, 12)
    prefix = f"'{path}': dataset "
    assert str(caught.value).startswith(prefix)
    return str(caught.value).removeprefix(prefix)


def test_the_rows_are_good_to_begin_with(rows, tmp_path):
    write_sample(tmp_path / "a.h5", [rows], {})
    assert open_sample(tmp_path / "a.h5").read(0, 20).jet.tracks.mask[JET].sum() == 3


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("field", ["d0", "qOverP", "corr_phi_theta", "truth_prod_z"])
def test_a_track_that_is_not_finite(rows, tmp_path, field, value):
    rows["tracks"][field][JET, 2] = value
    assert refusal(rows, tmp_path) == (
        f"'tracks', field '{field}', jet 7, track 2: "
        f"found {value}, allowed is a finite number on a valid track"
    )


def test_a_jet_that_is_not_finite(rows, tmp_path):
    rows["jets"]["hadron_x"][JET] = np.nan
    assert refusal(rows, tmp_path) == "'jets', field 'hadron_x', jet 7: found nan, allowed is a finite number"


def test_a_track_behind_padding(rows, tmp_path):
    rows["tracks"][JET, 4] = rows["tracks"][JET, 0]
    assert refusal(rows, tmp_path) == (
        "'tracks', field 'valid', jet 7, track 4: found True, allowed is no track behind padding"
    )


@pytest.mark.parametrize("value", [0.0, -0.5])
def test_an_error_that_is_not_positive(rows, tmp_path, value):
    rows["tracks"]["z0Uncertainty"][JET, 1] = value
    assert refusal(rows, tmp_path) == (
        f"'tracks', field 'z0Uncertainty', jet 7, track 1: "
        f"found {value}, allowed is a positive error on a valid track"
    )


@pytest.mark.parametrize("value", [-1, 8, 2_000_000_000])
def test_an_origin_out_of_range(rows, tmp_path, value):
    rows["tracks"]["ftagTruthOriginLabel"][JET, 0] = value
    assert refusal(rows, tmp_path) == (
        f"'tracks', field 'ftagTruthOriginLabel', jet 7, track 0: found {value}, "
        "allowed is one of 0, 1, 2, 3, 4, 5, 6, 7"
    )


def test_a_vertex_index_that_means_padding(rows, tmp_path):
    rows["tracks"]["ftagTruthVertexIndex"][JET, 0] = -1
    assert refusal(rows, tmp_path) == (
        "'tracks', field 'ftagTruthVertexIndex', jet 7, track 0: found -1, "
        "allowed is 0 or more, or -2 without a truth link"
    )


@pytest.mark.parametrize("value", [-1, 3])
def test_a_flavour_out_of_range(rows, tmp_path, value):
    rows["jets"]["flavour_label"][JET] = value
    assert refusal(rows, tmp_path) == (
        f"'jets', field 'flavour_label', jet 7: "
        f"found {value}, allowed is one of 0 (bjets), 1 (cjets), 2 (ujets)"
    )


def test_a_jet_of_a_class_that_the_schema_lacks(rows, tmp_path):
    names = ("bjets", "cjets", "ujets", "taujets")
    rows["jets"]["flavour_label"][JET] = 3
    write_sample(tmp_path / "a.h5", [rows], {}, class_names=names)
    with pytest.raises(
        SampleError, match=r"jet 7: found 3, allowed is one of 0 \(bjets\), 1 \(cjets\), 2 \(ujets\)"
    ):
        open_sample(tmp_path / "a.h5").read(0, 20)


def test_rows_are_counted_within_their_file(rows, tmp_path):
    write_sample(tmp_path / "a.h5", [make_rows(20)], {})
    rows["tracks"]["d0"][JET, 0] = np.nan
    write_sample(tmp_path / "b.h5", [rows], {})
    with pytest.raises(SampleError, match=r"b.h5': dataset 'tracks', field 'd0', jet 7, track 0"):
        open_sample(tmp_path / "?.h5").read(15, 40)


def test_training_never_sees_a_bad_row(rows, tmp_path):
    rows["tracks"]["phi"][JET, 0] = np.nan
    write_sample(tmp_path / "a.h5", [rows], {})
    with pytest.raises(SampleError, match="field 'phi', jet 7, track 0"):
        list(batches(open_sample(tmp_path / "a.h5"), 5, seed=0, epoch=0))


def test_what_a_job_does_not_read_may_be_bad(rows, tmp_path):
    rows["tracks"]["truth_prod_x"][JET, 0] = np.nan
    rows["jets"]["flavour_label"][JET] = 9
    write_sample(tmp_path / "a.h5", [rows], {})
    assert open_sample(tmp_path / "a.h5", job="fit").read_tracks(0, 20).mask[JET].sum() == 3
