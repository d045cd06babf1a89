"""Figures from results: pictures, SVG and plotly figures. Nothing here knows about pages."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
