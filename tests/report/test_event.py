"""The page of many jets: what it holds of each, and what its menus and buttons do."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from ndive.evaluation import Predictions, read_example, take
from ndive.report.event import EventJet, event_page
from tests.report.browser import opened_page

ROWS = (0, 1, 2)


def scaled(vertices):
    """With weights as small as long training makes them; the vertex does not depend on their scale."""
    return replace(vertices, track_weights=vertices.track_weights * 1e-20)


@pytest.fixture(scope="module")
def event_jets(held_out, evaluations):
    """Three jets with a fit of the true tracks and a model that also tells the origin."""
    model = evaluations[1].predictions
    found = []
    for row in ROWS:
        perfect = Predictions(
            flavour=None, origin=None, vertex_index=None, vertices=take(held_out.references["perfect"], [row])
        )
        told = Predictions(
            flavour=None,
            origin=model.origin[[row]],
            vertex_index=None,
            vertices=scaled(take(model.vertices, [row])),
        )
        example = read_example(held_out.sample, held_out.jets, row)
        found.append(EventJet(example=example, fits={"perfect selection": perfect, "model": told}))
    return found


@pytest.fixture(scope="module")
def page(event_jets, tmp_path_factory):
    path = tmp_path_factory.mktemp("event") / "display.html"
    path.write_text(event_page(event_jets, "<toy> jets"), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def event(page):
    text = page.read_text(encoding="utf-8")
    return json.loads(re.search(r'id="event">(.*?)</script>', text, re.DOTALL)[1])


def test_the_page_needs_nothing_else(page):
    text = page.read_text(encoding="utf-8")
    assert not re.findall(r"""<(?:img|script|link|iframe)[^>]+(?:src|href)=["'][^"']+""", text)
    assert "<title>&lt;toy&gt; jets</title>" in text


def test_each_track_has_its_origin_weight_and_width(event, event_jets):
    for shown, jet in zip(event["jets"], event_jets, strict=True):
        truth, tracks = jet.example.truth, jet.example.batch.jet.tracks
        real = truth.real[0]
        assert [track["origin"] for track in shown["tracks"]] == truth.origin[0][real].tolist()
        weights = jet.fits["model"].vertices.track_weights[0][real]
        np.testing.assert_allclose(shown["fits"][1]["weights"], weights / weights.max(initial=0), atol=1e-4)
        told = jet.fits["model"].origin[0][real].argmax(axis=1)
        assert shown["fits"][1]["predicted"] == told.tolist()
        assert "predicted" not in shown["fits"][0]
        error = np.sqrt(np.asarray(tracks.covariance)[real, 0, 0])
        widths = np.array([track["width"] for track in shown["tracks"]])
        assert (np.diff(widths[np.argsort(error)]) >= 0).all()


def test_a_model_without_a_fit_shows_all_tracks_and_says_so(event_jets):
    tagger = replace(event_jets[0].fits["model"], vertices=None)
    text = event_page([replace(event_jets[0], fits={"tagger": tagger})], "a jet")
    (jet,) = json.loads(re.search(r'id="event">(.*?)</script>', text, re.DOTALL)[1])["jets"]
    (fit,) = jet["fits"]
    assert fit["lacks"] == "fits no vertex"
    assert set(fit["weights"]) == {1.0}
    assert "vertex" not in fit


def test_the_vertices_lie_at_their_distance(event, event_jets):
    for shown, jet in zip(event["jets"], event_jets, strict=True):
        decay = jet.example.truth.hadron_vertex[0]
        at = shown["points"][-1]["at"]
        assert np.linalg.norm(at) == pytest.approx(np.linalg.norm(decay), abs=1e-3)
        for fit, made in zip(shown["fits"], jet.fits.values(), strict=True):
            if made.vertices.valid[0]:
                off = np.linalg.norm(made.vertices.position[0] - decay)
                assert np.linalg.norm(np.subtract(fit["vertex"], at)) == pytest.approx(off, abs=1e-3)
            else:
                assert "vertex" not in fit


def test_buttons_and_menus_work_in_a_browser(page, event):
    traces = "document.getElementById('scene').data.map(trace => trace.name)"
    colours = (
        "document.getElementById('scene').data.filter(trace => trace.name.startsWith('track'))"
        ".map(trace => trace.line.color)"
    )
    with opened_page(page, 1200, 800) as opened:
        for number in (0, 1, 2, 0):
            jet = event["jets"][number]
            names = opened.evaluate(traces)
            assert opened.inner_text("#title") == jet["title"]
            assert sum(name.startswith("track") for name in names) == len(jet["tracks"])
            assert "jet axis" in names
            assert any(name.startswith("model") for name in names)
            opened.click("#next")
        opened.click("#previous")
        assert opened.inner_text("#title") == event["jets"][0]["title"]
        opened.keyboard.press("ArrowLeft")
        assert opened.inner_text("#title") == event["jets"][2]["title"]
        last = event["jets"][2]
        opened.select_option("#colour", "predicted")
        expected = [event["origins"][k]["colour"] for k in last["fits"][1]["predicted"]]
        assert opened.evaluate(colours) == expected
        opened.select_option("#fit", "perfect selection")
        assert opened.input_value("#colour") == "true"
        assert opened.evaluate(colours) == [event["origins"][t["origin"]]["colour"] for t in last["tracks"]]
        assert any(name.startswith("perfect selection") for name in opened.evaluate(traces))
