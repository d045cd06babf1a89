"""From photo to answer through the branches: how much of the answer passes between any two."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
