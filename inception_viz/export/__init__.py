"""Take a classifier elsewhere: ONNX, or PyTorch code that stands alone."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
