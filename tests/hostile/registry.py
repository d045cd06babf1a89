"""All targets by name; each is imported only where it is needed."""

from __future__ import annotations

from importlib import import_module

from tests.hostile.target import Target

_WHERE = {
    "pictures": ("jpeg", "png", "webp", "gif", "bmp", "tiff"),
    "weights": ("safetensors", "pth zip", "pth pickle", "caffemodel", "graph", "onnx"),
    "archives": ("photo zip",),
    "texts": ("config json", "config csv", "pasted cells", "config link", "labels file"),
    "address": ("page address",),
    "concepts": ("concept",),
    "frames": ("camera frame",),
    "classes": ("class",),
    "changes": ("changes file", "change message"),
}
NAMES = tuple(name for names in _WHERE.values() for name in names)


def target(name: str) -> Target:
    """The target called ``name``."""
    module = next(module for module, names in _WHERE.items() if name in names)
    found: list[Target] = import_module(f"tests.hostile.{module}").targets()
    return next(one for one in found if one.name == name)
