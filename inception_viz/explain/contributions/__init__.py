"""One score a branch: how much each branch of each module contributes to an answer."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
