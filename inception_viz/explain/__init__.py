"""Explanations: from a classifier and a trace to frozen results."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
