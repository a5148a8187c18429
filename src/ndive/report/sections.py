"""The figures of a report, by what they are about."""

from collections.abc import Callable, Sequence

from ndive.evaluation import Evaluation, HeldOut
from ndive.report.catalogue import FIGURES, drawn, lacking
from ndive.report.figure import Drawing, Picture
from ndive.report.page import Section


def draw_sections(
    evaluations: Sequence[Evaluation], held_out: HeldOut, shown: Callable[[Drawing], Picture]
) -> list[Section]:
    """All figures of the catalogue, each `shown` once it is drawn; what a model does not have is said."""
    sections = []
    for title in dict.fromkeys(kind.section for kind in FIGURES.values()):
        kinds = [kind for kind in FIGURES.values() if kind.section == title]
        missing = dict.fromkeys(reason for kind in kinds for reason in lacking(kind, evaluations))
        pictures = [shown(drawing) for kind in kinds for drawing in drawn(kind, evaluations, held_out)]
        sections.append(Section(title=title, pictures=pictures, missing=tuple(missing)))
    return sections
