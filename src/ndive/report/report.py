"""The whole report: every figure of the evaluated models, as files and in one page."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ndive.evaluation import (
    BINNED,
    METRICS,
    Evaluation,
    HeldOut,
    Rejection,
    Summary,
    by_configuration,
    compared,
    copies_table,
    flavour_title,
    pull_verdict,
    random_rows,
    ratio_table,
    summary_tables,
    tagging_verdict,
    training_table,
    vertex_verdict,
    write_measurements,
    write_metrics,
)
from ndive.files import made, reported, resolved, written_aside
from ndive.report.figure import KINDS, Drawing, Picture, figure_files, picture_of, save_drawing
from ndive.report.jets import display_jets
from ndive.report.page import Page, Section, is_page_of, named_figures, render
from ndive.report.provenance import fingerprint, provenance
from ndive.report.sections import draw_sections
from ndive.report.style import styled

PAGE = "report.html"
FIGURES = "figures"
N_EXAMPLES = 5


def current_report(
    evaluations: Sequence[Evaluation], held_out: HeldOut, directory: Path, *, seed: int = 0
) -> Path | None:
    """The page in `directory` if it shows the very same models, jets, versions and seed, else None.

    Its numbers and every figure that it shows must lie beside it.
    """
    page = directory / PAGE
    made_of = fingerprint(provenance(evaluations, held_out, seed))
    if not page.is_file() or not is_page_of(page, made_of):
        return None
    figures = [file for name in named_figures(page) for file in figure_files(name, directory / FIGURES)]
    numbers = [directory / METRICS, directory / BINNED]
    return page if all(file.is_file() for file in (*numbers, *figures)) else None


def write_report(
    evaluations: Sequence[Evaluation], held_out: HeldOut, directory: Path, *, seed: int = 0
) -> Path:
    """Draw everything into `directory`: `report.html`, `metrics.json`, `metrics.csv`, and `figures/`.

    The first tagger is the one that the others are compared with. `seed` chooses the jets of the display.
    A page that is there is removed first, with its figures, and the new one is written last: where there is
    a page, all that it shows lies beside it. What cannot be finished is removed.

    Returns the path of the page.

    **Raises:** `FileAccessError` where a file cannot be written.
    """
    _clear(directory)
    written: list[Path] = []

    def saved(drawing: Drawing) -> Picture:
        written.extend(figure_files(drawing.name, directory / FIGURES))
        png, *_ = save_drawing(drawing, directory / FIGURES)
        return picture_of(drawing, png.read_bytes())

    with made(directory / FIGURES), _removed_if_it_fails(written):
        with styled():
            sections = draw_sections(evaluations, held_out, saved)
        page = render(_page(evaluations, held_out, sections, seed))
        written.append(directory / METRICS)
        write_metrics(directory / METRICS, evaluations, held_out)
        written.append(directory / BINNED)
        write_measurements(directory / BINNED, evaluations, held_out)
        with written_aside(directory / PAGE) as aside:
            aside.write_text(page, encoding="utf-8")
    return directory / PAGE


@contextmanager
def _removed_if_it_fails(files: Sequence[Path]) -> Iterator[None]:
    """Remove `files`, as far as they are there, if the block raises."""
    try:
        yield
    except BaseException:
        for file in files:
            file.unlink(missing_ok=True)
        raise


def _clear(directory: Path) -> None:
    """Remove a page and the figures that it shows, and nothing else; the figures first, since it names them.

    **Raises:** `FileAccessError` where one cannot be removed.
    """
    page = resolved(directory / PAGE)
    with reported(page, "replace"):
        names = named_figures(page)
        for file in (directory / FIGURES).glob("*"):
            if file.stem in names and file.suffix[1:] in KINDS:
                file.unlink()
        page.unlink(missing_ok=True)


def _page(
    evaluations: Sequence[Evaluation], held_out: HeldOut, sections: Sequence[Section], seed: int
) -> Page:
    groups = by_configuration(evaluations)
    firsts = [copies[0] for copies in groups.values()]
    summaries = [one.summary for one in firsts]
    taggers = [summary for summary in summaries if summary.tagging is not None]
    ratios = _ratios(firsts, held_out)
    verdict = [_judged_on(summaries[0], held_out)]
    verdict += [tagging_verdict(taggers[0], ratios)] if taggers else []
    verdict += [
        f"{vertex_verdict(one.name, one.resolution, held_out.resolutions['none'])} "
        f"{pull_verdict(one.name, one.resolution, held_out.resolutions['perfect'])}"
        for one in summaries
        if one.resolution
    ]
    copied = [name for name, copies in groups.items() if len(copies) > 1]
    if copied:
        verdict.append(
            f"Of the copies of {_listed(copied)} the sentences above, the table of ratios and all figures "
            "but the ROC curves show the first; the other tables and the ROC curves show all."
        )
    everything = summary_tables([one.summary for one in evaluations], held_out.resolutions)
    rows = random_rows(held_out.jets, N_EXAMPLES, seed=seed)
    tables = [training_table(one.trained for one in evaluations), copies_table(evaluations), *everything]
    if ratios:
        tables.insert(3, ratio_table(taggers[0].name, ratios))
    return Page(
        title=_listed(list(groups)),
        verdict=verdict,
        tables=tables,
        sections=sections,
        display=display_jets(firsts, held_out, rows) if rows else None,
        provenance=provenance(evaluations, held_out, seed),
    )


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _judged_on(summary: Summary, held_out: HeldOut) -> str:
    counts = [f"{count:,} {flavour_title(name)}" for name, count in summary.n_jets.items()]
    files = ", ".join(path.name for path in held_out.sample.paths)
    return f"Judged on {', '.join(counts)} of {files}."


def _ratios(evaluations: Sequence[Evaluation], held_out: HeldOut) -> list[tuple[str, tuple[Rejection, ...]]]:
    """Each further tagger over the first."""
    flavours = [
        (one.summary.name, one.predictions.flavour)
        for one in evaluations
        if one.predictions.flavour is not None
    ]
    b_tag, _ = held_out.tags
    return [(name, compared(flavour, flavours[0][1], held_out.jets, b_tag)) for name, flavour in flavours[1:]]
