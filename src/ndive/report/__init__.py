"""Figures, event display and the page; the only room that imports plotting libraries."""

from ndive.report.jets import display_jets as display_jets
from ndive.report.named import Drawings as Drawings
from ndive.report.named import draw as draw
from ndive.report.report import current_report as current_report
from ndive.report.report import write_report as write_report
