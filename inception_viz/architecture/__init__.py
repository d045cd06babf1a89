"""The architecture table of a network, and everything that follows from it without weights."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
