"""Differentiable vertex fitting for jet flavour tagging.

The public names are those of `__init__.pyi`; each is imported when it is first asked for. Conventions (signs,
units, order of the parameters) are in `ndive.tracks.conventions`.
"""

from importlib.metadata import version

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__version__ = version("ndive")
