"""Figures, event display and the page; the only room that imports plotting libraries.

Importing it needs those of the extra `plots`, and says how to get them where they are not there.
"""

from ndive.errors import MissingExtraError

try:
    import matplotlib as _matplotlib  # noqa: F401
    import mplhep as _mplhep  # noqa: F401
    import PIL as _PIL  # noqa: F401
    import plotly as _plotly  # noqa: F401
except ImportError as error:
    raise MissingExtraError("plots", "drawing") from error

from ndive.report.jets import display_jets as display_jets
from ndive.report.named import Drawings as Drawings
from ndive.report.named import draw as draw
from ndive.report.report import current_report as current_report
from ndive.report.report import write_report as write_report
