"""Train GoogLeNet on folders of pictures, and fit auxiliary heads to a trained trunk."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
