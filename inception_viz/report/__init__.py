"""One HTML file about one photo in one network, complete in itself: opens anywhere, offline."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
