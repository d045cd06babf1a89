"""Concepts from somebody's own photos: a direction in the activations, and how far to trust it."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
