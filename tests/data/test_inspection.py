from unittest.mock import patch

import numpy as np
import pytest

from ndive.data import write_sample
from ndive.data.inspection import inspect_files
from tests.data.samples import make_rows, without


@pytest.fixture(params=[4096, 7], ids=["one block", "blocks of seven"])
def block(request):
    with patch("ndive.data.inspection.BLOCK", request.param):
        yield


def one(path):
    (contents,) = inspect_files(path)
    return contents


@pytest.mark.usefixtures("block")
def test_counts_and_ranges_are_those_of_numpy(path, rows):
    contents = one(path)
    jets, tracks = rows["jets"], rows["tracks"]
    expected = np.bincount(jets["flavour_label"], minlength=3).tolist()
    assert contents.flavours == dict(zip(("bjets", "cjets", "ujets"), expected, strict=True))
    assert contents.multiplicity.tolist() == np.bincount(jets["n_tracks"], minlength=7).tolist()
    ranges = {(entry.dataset, entry.name): entry for entry in contents.ranges}
    for dataset, name, values in (
        ("jets", "pt", jets["pt"]),
        ("tracks", "d0", tracks["d0"][tracks["valid"]]),
        ("tracks", "pdgId", tracks["pdgId"][tracks["valid"]]),
    ):
        entry = ranges[dataset, name]
        assert (entry.minimum, entry.median, entry.maximum) == (values.min(), np.median(values), values.max())
        assert entry.n_not_finite == 0
    assert ranges["jets", "pt"].unit == "MeV"


def test_a_median_of_many_jets_is_of_jets_evenly_spread(tmp_path):
    rows = make_rows(50, 2)
    rows["jets"]["pt"] = 1000 * np.arange(50)
    write_sample(tmp_path / "a.h5", [rows], {})
    with patch("ndive.data.summary.MEDIAN_JETS", 10), patch("ndive.data.inspection.BLOCK", 7):
        pt = next(entry for entry in one(tmp_path / "a.h5").ranges if entry.name == "pt")
    assert (pt.minimum, pt.median, pt.maximum) == (0, np.median(1000 * np.arange(0, 50, 5)), 49000)


def test_what_is_missing_for_which_job(path, tmp_path):
    assert one(path).jobs == {"fit": (), "predict": (), "train": (), "evaluate": ()}
    rows = without(make_rows(5), "tracks", "ftagTruthOriginLabel")
    write_sample(tmp_path / "a.h5", [without(rows, "jets", "n_tracks")], {})
    jobs = one(tmp_path / "a.h5").jobs
    assert jobs["fit"] == jobs["predict"] == ()
    assert jobs["train"] == ("dataset 'tracks' lacks 'ftagTruthOriginLabel'",)
    assert jobs["evaluate"] == ("dataset 'jets' lacks 'n_tracks'", *jobs["train"])


def test_values_that_no_job_reads_are_counted_where_they_are_not_finite(tmp_path):
    rows = make_rows(20)
    valid = rows["tracks"]["valid"]
    rows["tracks"]["truth_d0"][valid] = np.inf
    rows["jets"]["mass"][3] = np.nan
    write_sample(tmp_path / "a.h5", [rows], {})
    ranges = {entry.name: entry for entry in one(tmp_path / "a.h5").ranges}
    assert ranges["truth_d0"].n_not_finite == valid.sum()
    assert np.isnan(ranges["truth_d0"].median)
    assert ranges["mass"].n_not_finite == 1
    assert ranges["mass"].maximum == rows["jets"]["mass"][np.isfinite(rows["jets"]["mass"])].max()


def test_a_file_that_serves_no_job_is_described_all_the_same(tmp_path):
    rows = without(make_rows(5), "tracks", "valid")
    write_sample(tmp_path / "a.h5", [without(rows, "jets", "flavour_label")], {})
    contents = one(tmp_path / "a.h5")
    assert all("lacks" in troubles[0] for troubles in contents.jobs.values())
    assert sum(contents.flavours.values()) == 0
