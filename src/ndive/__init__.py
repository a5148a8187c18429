"""Differentiable vertex fitting for jet flavour tagging."""

from importlib.metadata import version

__version__ = version("ndive")
