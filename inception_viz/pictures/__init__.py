"""Any file that a user brings → a safe picture → what the network takes in."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
