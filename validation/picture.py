"""The picture of the README: a b jet of the demo in three dimensions.

    uv run ndive demo
    uv run python validation/picture.py ndive_demo /usr/bin/chromium

Of the b jets with three tracks or more from the decay of a hadron 6 to 12 mm away, and as many others, it
draws the first whose vertex, fitted with learned weights, is within 0.5 mm; a browser takes the picture to
`docs/figures/demo.png`.
"""

import sys
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from ndive.data import open_sample
from ndive.evaluation import evaluate, load_trained, read_example, read_held_out, take
from ndive.report.display import Shown, display

PICTURE = Path(__file__).parent.parent / "docs" / "figures" / "demo.png"
NAME = "final_ftag_ndive"
FLAGS = ("--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader")


def main() -> None:
    """Choose the jet, draw it, take the picture."""
    demo, browser = Path(sys.argv[1]), sys.argv[2]
    held_out = read_held_out(open_sample(demo / "samples", job="evaluate", split="test"), demo / "models")
    one = evaluate(load_trained(NAME, demo / "models"), held_out)
    vertices, jets = one.predictions.vertices, held_out.jets
    assert vertices is not None
    off = np.linalg.norm(vertices.position - jets.hadron_vertex, axis=-1)
    length, decay = jets.decay_length, jets.decay.sum(axis=1)
    wanted = (jets.flavour == 0) & (length > 6) & (length < 12) & (off < 0.5) & vertices.valid
    wanted &= (decay >= 3) & (jets.real.sum(axis=1) - decay >= 3)
    row = int(np.flatnonzero(wanted)[0])
    shown = Shown(
        example=read_example(held_out.sample, jets, row),
        fits={"fitted vertex": take(vertices, [row]), "all tracks": take(held_out.references["none"], [row])},
    )
    figure = display([shown])
    figure.layout.updatemenus = ()
    figure.update_layout(margin={"t": 0}, height=480)
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=browser, args=FLAGS)
        page = chromium.new_page(viewport={"width": 1100, "height": 480})
        page.set_content(figure.to_html(config={"displayModeBar": False}))
        page.wait_for_selector(".main-svg")
        page.wait_for_timeout(3000)
        page.screenshot(path=PICTURE)
        chromium.close()


if __name__ == "__main__":
    main()
