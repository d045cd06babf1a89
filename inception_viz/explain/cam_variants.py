"""How gradients weigh activations in a class activation map. A new way is one entry below.

Grad-CAM: Selvaraju et al., arXiv 1610.02391. LayerCAM: Jiang et al. 2021, "LayerCAM: Exploring
Hierarchical Class Activation Maps". HiResCAM: Draelos, Carin, arXiv 2011.08891.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from inception_viz.explain.registry import Entry, registry

Variant = Literal["grad_cam", "hires_cam", "layer_cam"]


@dataclass(frozen=True, kw_only=True)
class CamVariant(Entry):
    """A way to weigh.

    Attributes:
        formula: TeX.
        weigh: activations and gradients (channels, h, w) → the map (h, w), before ReLU.
    """

    id: Variant
    formula: str
    weigh: Callable[[Tensor, Tensor], Tensor]


VARIANTS: Mapping[Variant, CamVariant] = registry(
    CamVariant(
        id="grad_cam",
        title="Grad-CAM",
        words=(
            "Each channel's map counts as much as the output would rise, on average over the map, "
            "if that channel fired more. Added up, what speaks for the output is left. "
            "(Selvaraju et al., [arXiv 1610.02391](https://arxiv.org/abs/1610.02391))"
        ),
        formula=(
            r"\mathrm{ReLU}\Bigl(\sum_c \Bigl[\tfrac{1}{HW}\sum_{i,j} "
            r"\tfrac{\partial z}{\partial a_{cij}}\Bigr]\, a_{c}\Bigr)"
        ),
        weigh=lambda a, slope: torch.einsum("c,chw->hw", slope.mean((1, 2)), a),
    ),
    CamVariant(
        id="hires_cam",
        title="HiResCAM",
        words=(
            "As Grad-CAM, but every unit counts by its own gradient instead of the channel's "
            "average. At the last module both are the same. "
            "(Draelos and Carin, [arXiv 2011.08891](https://arxiv.org/abs/2011.08891))"
        ),
        formula=r"\mathrm{ReLU}\Bigl(\sum_c \tfrac{\partial z}{\partial a_{cij}}\, a_{cij}\Bigr)",
        weigh=lambda a, slope: (slope * a).sum(0),
    ),
    CamVariant(
        id="layer_cam",
        title="LayerCAM",
        words=(
            "As HiResCAM, but units whose gradient is negative don't count. Sharper in early "
            "modules; it can't show what speaks against the output. "
            "(Jiang et al. 2021, [doi 10.1109/TIP.2021.3089943]"
            "(https://doi.org/10.1109/TIP.2021.3089943))"
        ),
        formula=(
            r"\mathrm{ReLU}\Bigl(\sum_c \mathrm{ReLU}\Bigl(\tfrac{\partial z}{\partial a_{cij}}"
            r"\Bigr)\, a_{cij}\Bigr)"
        ),
        weigh=lambda a, slope: (slope.clamp(min=0) * a).sum(0),
    ),
)
