"""The built-in schema against the conventions of the field, written by hand; and what a wrong one says."""

from importlib import resources

import numpy as np
import pytest
import yaml

from ndive.errors import ConfigError
from ndive.schema import load_schema

MOMENTA = {
    "jets": ["pt", "mass", "HadronConeExclTruthLabelPt", "truth_pt"],
    "tracks": ["pt"],
}
INVERSE_MOMENTA = ["qOverP", "qOverPUncertainty", "truth_qOverP"]
LENGTHS = {
    "jets": ["hadron_x", "hadron_y", "hadron_z", "chadron_x", "chadron_y", "chadron_z"],
    "tracks": [
        *("d0", "z0", "z0SinTheta", "d0Uncertainty", "z0Uncertainty", "z0SinThetaUncertainty"),
        *("truth_d0", "truth_z0", "truth_prod_x", "truth_prod_y", "truth_prod_z"),
    ],
    "vertices": ["x", "y", "z"],
}
LABELS = {
    "jets": [
        *("flavour_label", "HadronConeExclTruthLabelID", "n_tracks", "n_truth_vertices"),
        *("n_bhadrons", "n_chadrons", "hadron_pdgId", "chadron_pdgId"),
    ],
    "tracks": ["ftagTruthOriginLabel", "ftagTruthVertexIndex", "pdgId"],
}
PARAMETERS = ("d0", "z0", "phi", "theta", "qOverP")
CORRELATIONS = [f"corr_{a}_{b}" for i, a in enumerate(PARAMETERS) for b in PARAMETERS[i + 1 :]]

FACTORS = [
    *((dataset, name, 1e-3) for dataset, names in MOMENTA.items() for name in names),
    *(("tracks", name, 1e3) for name in INVERSE_MOMENTA),
    *((dataset, name, 1.0) for dataset, names in LENGTHS.items() for name in names),
]


@pytest.fixture(scope="module")
def schema():
    return load_schema()


@pytest.fixture
def tree():
    """The YAML of the built-in schema, to be spoilt."""
    text = resources.files("ndive.schema").joinpath("ftag_v1.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)


def test_classes_are_b_c_light_in_this_order_with_the_labels_of_their_hadrons(schema):
    assert schema.class_names == ("bjets", "cjets", "ujets")
    assert [flavour.truth_label for flavour in schema.flavours] == [5, 4, 0]


def test_origins_have_the_values_of_the_field_and_four_classes(schema):
    classes = [origin_class.name for origin_class in schema.origin_classes]
    assert classes == ["from_b", "from_c", "primary", "other"]
    assert {(origin.value, origin.name, classes[origin.origin_class]) for origin in schema.origins} == {
        (0, "pileup", "other"),
        (1, "fake", "other"),
        (2, "primary", "primary"),
        (3, "from_b", "from_b"),
        (4, "from_b_then_c", "from_c"),
        (5, "from_c", "from_c"),
        (6, "from_tau", "other"),
        (7, "other_secondary", "other"),
    }
    assert schema.origin_value("from_b_then_c") == 4


def test_vertex_indices(schema):
    assert (schema.primary_vertex_index, schema.unlinked_vertex_index) == (0, -2)


def test_legacy_names_are_aliases(schema):
    assert schema.aliases["tracks"] == {
        "truthOriginLabel": "ftagTruthOriginLabel",
        "truthVertexIndex": "ftagTruthVertexIndex",
    }


@pytest.mark.parametrize(("dataset", "name", "factor"), FACTORS)
def test_momenta_are_mev_and_lengths_mm_on_file(schema, dataset, name, factor):
    """The program has GeV, 1/GeV and mm."""
    field = schema.datasets[dataset][name]
    assert field.unit == {1e-3: "MeV", 1e3: "1/MeV", 1.0: "mm"}[factor]
    assert field.factor == factor


def test_no_other_field_is_scaled(schema):
    scaled = {
        (dataset, name)
        for dataset, fields in schema.datasets.items()
        for name, field in fields.items()
        if field.factor != 1
    }
    assert scaled == {(dataset, name) for dataset, name, factor in FACTORS if factor != 1}


@pytest.mark.parametrize("dataset", ["jets", "tracks"])
def test_floats_are_f4_and_labels_i4(schema, dataset):
    kinds = {name: np.dtype("i4") for name in LABELS[dataset]}
    kinds |= {"eventNumber": np.dtype("i8")} if dataset == "jets" else {"valid": np.dtype(bool)}
    for name, field in schema.datasets[dataset].items():
        assert field.dtype == kinds.get(name, np.dtype("f4")), name
    assert kinds.keys() <= schema.datasets[dataset].keys()


def test_vertices_are_f8_but_for_counts_and_flags(schema):
    kinds = dict.fromkeys(("ndf", "n_tracks", "iterations", "status"), np.dtype("i4")) | {
        "valid": np.dtype(bool)
    }
    blocks = ("xx", "xy", "xz", "yy", "yz", "zz")
    covariances = [f"{prefix}cov_{block}" for prefix in ("", "sandwich_") for block in blocks]
    assert list(schema.datasets["vertices"]) == ["x", "y", "z", *covariances, "chi2", *kinds]
    for name, field in schema.datasets["vertices"].items():
        assert field.dtype == kinds.get(name, np.dtype("f8")), name


def test_the_fields_of_the_field_are_there(schema):
    jets = {"pt", "eta", "phi", "mass", "eventNumber"}
    tracks = {"pt", "eta", "phi", "theta", "qOverP", "deta", "dphi", "dr", "valid"}
    errors = {f"{name}Uncertainty" for name in (*PARAMETERS, "z0SinTheta")}
    signed = {f"lifetimeSigned{name}Significance" for name in ("D0", "Z0SinTheta")}
    assert jets.union(LABELS["jets"], LENGTHS["jets"]) <= schema.datasets["jets"].keys()
    known = tracks.union(errors, signed, CORRELATIONS, LABELS["tracks"], LENGTHS["tracks"])
    assert known <= schema.datasets["tracks"].keys()
    assert len(CORRELATIONS) == 10


def test_a_structured_dtype_has_the_fields_in_order(schema):
    assert schema.dtype("tracks").names == tuple(schema.datasets["tracks"])
    assert schema.dtype("jets")["pt"] == np.dtype("f4")


def test_a_job_has_the_needs_of_those_it_includes(schema):
    fit, predict, train, evaluate = (schema.jobs[name] for name in ("fit", "predict", "train", "evaluate"))
    assert fit.needs["jets"] == ()
    assert set(fit.needs["tracks"]) == {*PARAMETERS, *(f"{name}Uncertainty" for name in PARAMETERS), "valid"}
    assert predict.needs["jets"] == ("pt", "eta", "phi")
    assert predict.needs["tracks"] == fit.needs["tracks"]
    assert set(predict.needs["tracks"]) < set(train.needs["tracks"])
    assert set(evaluate.needs["jets"]) == {*train.needs["jets"], "n_tracks"}


def test_jobs_that_include_each_other_need_the_same(tree, tmp_path):
    tree["jobs"]["fit"]["also"] = ["evaluate"]
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(tree), encoding="utf-8")
    jobs = load_schema(tmp_path / "own.yaml").jobs
    assert jobs["fit"].needs == jobs["evaluate"].needs == load_schema().jobs["evaluate"].needs


def test_a_schema_of_ones_own_in_another_order(tree, tmp_path):
    tree["flavours"].reverse()
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(tree), encoding="utf-8")
    assert load_schema(path).class_names == ("ujets", "cjets", "bjets")
    assert load_schema(str(path)).datasets == load_schema().datasets


def job_with_fewer_needs(tree):
    tree["jobs"]["fit"]["tracks"].remove("d0")


def test_a_schema_says_only_what_differs(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text("datasets: {jets: {pt: {unit: GeV}}}\naliases: {tracks: {mine: d0}}\n", encoding="utf-8")
    own = load_schema(path)
    assert own.datasets["jets"]["pt"].factor == 1
    assert own.datasets["tracks"] == load_schema().datasets["tracks"]
    assert own.aliases["tracks"] == {**load_schema().aliases["tracks"], "mine": "d0"}
    assert own.jobs == load_schema().jobs


def unknown_field_of_a_job(tree):
    tree["jobs"]["fit"]["tracks"].append("d1")


def unknown_job(tree):
    tree["jobs"]["fit"]["also"] = ["dance"]


def unknown_class(tree):
    tree["origins"][0]["class"] = "nowhere"


def number_in_the_place_of_a_name(tree):
    tree["flavours"][0]["name"] = 5


def flavour_of_two_places(tree):
    tree["flavours"][1]["name"] = "bjets"


def alias_of_nothing(tree):
    tree["aliases"]["tracks"]["mine"] = "d9"


def label_that_is_no_integer(tree):
    tree["flavours"][0]["truth_label"] = "five"


def title_that_is_no_text(tree):
    tree["jobs"]["fit"]["title"] = {}


def text_that_is_no_text(tree):
    tree["datasets"]["jets"]["pt"]["text"] = 5


def unit_of_nothing(tree):
    tree["units"]["MeV"]["factor"] = 0


def origin_below_zero(tree):
    tree["origins"][0]["value"] = -1


def integer_in_the_place_of_a_float(tree):
    tree["datasets"]["tracks"]["d0"]["dtype"] = "i4"


def objects_in_the_place_of_numbers(tree):
    tree["datasets"]["tracks"]["d0"]["dtype"] = "O"


def wrong_dtype(tree):
    tree["datasets"]["jets"]["pt"]["dtype"] = "float33"


def list_in_the_place_of_fields(tree):
    tree["datasets"]["jets"] = ["pt"]


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (job_with_fewer_needs, "job 'fit' must need d0 of 'tracks'"),
        (unknown_field_of_a_job, "'d1'"),
        (unknown_job, "'dance'"),
        (unknown_class, "'nowhere'"),
        (number_in_the_place_of_a_name, "name is 5, allowed is a text"),
        (flavour_of_two_places, "names bjets, bjets, ujets"),
        (alias_of_nothing, "'d9'"),
        (label_that_is_no_integer, "found 'five'"),
        (title_that_is_no_text, "title is {}, allowed is a text"),
        (text_that_is_no_text, "text is 5, allowed is a text"),
        (unit_of_nothing, "factor of MeV is 0"),
        (origin_below_zero, "origin -1, allowed is 0 or more"),
        (integer_in_the_place_of_a_float, "field 'd0' of 'tracks' has another kind"),
        (objects_in_the_place_of_numbers, "has dtype object"),
        (wrong_dtype, "float33"),
        (list_in_the_place_of_fields, "found ['pt'], allowed is a mapping with pt, eta"),
    ],
)
def test_a_wrong_schema_is_one_line(tree, tmp_path, spoil, named):
    spoil(tree)
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(tree), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_schema(tmp_path / "own.yaml")
    text = str(caught.value)
    assert text.startswith(f"schema '{tmp_path / 'own.yaml'}': ")
    assert named in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file"),
        (b"\xff\xfe", "not UTF-8 text"),
        (b"a: [", "not YAML"),
        (b"[" * 5000, "not YAML"),
        (b"text", "found 'text', allowed is a mapping with version, flavours"),
        (b"!!python/object/apply:os.getcwd []", "not YAML"),
    ],
)
def test_a_file_that_is_no_schema(tmp_path, content, reason):
    if content is not None:
        (tmp_path / "own.yaml").write_bytes(content)
    with pytest.raises(ConfigError, match=reason) as caught:
        load_schema(tmp_path / "own.yaml")
    assert "\n" not in str(caught.value)


def test_the_value_that_stands_for_a_class_is_one_of_it():
    schema = load_schema()
    classes = {origin.value: origin.origin_class for origin in schema.origins}
    for number, origin_class in enumerate(schema.origin_classes):
        assert classes[origin_class.value] == number
