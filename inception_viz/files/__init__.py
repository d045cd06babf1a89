"""Files that are whole or not there: writing, locks, the cache, downloads, names, CSV."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
