"""Import torchvision beside a CPU-only torch. Import this module before torchvision itself.

The torchvision wheel on PyPI is built for CUDA. Beside a CPU build of torch its compiled part can't
be loaded, and ``import torchvision`` stops at "operator torchvision::nms does not exist"
(pytorch/pytorch#122494, pytorch/vision#9077), because its Python part attaches shape rules to two
operators which nobody has declared. Declaring the two signatures is enough: models, transforms and
data sets are pure Python. The operators themselves (box suppression for detectors) stay unusable,
and so does torchvision's own image decoder; Inception Viz needs neither.

Where the compiled part loads, the declarations already exist and nothing is done.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch

_SCHEMAS = {
    "nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}


def _compiled_part_loads() -> bool:
    spec = importlib.util.find_spec("torchvision")
    if spec is None or not spec.submodule_search_locations:
        return False
    libraries = list(Path(next(iter(spec.submodule_search_locations))).glob("_C.*"))
    try:
        for library in libraries:
            torch.ops.load_library(str(library))  # type: ignore[no-untyped-call]
    except OSError:  # a CUDA library that this machine doesn't have
        return False
    return bool(libraries)


def _declare_operators() -> torch.library.Library | None:
    if _compiled_part_loads():
        return None
    library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for schema in _SCHEMAS.values():
        library.define(schema)  # type: ignore[no-untyped-call]
    return library


_library = _declare_operators()  # kept alive: its declarations end with the object
