"""Where a module looks: class activation maps of all modules from one backward pass.

Grad-CAM: Selvaraju et al., arXiv 1610.02391. LayerCAM: Jiang et al. 2021, "LayerCAM: Exploring
Hierarchical Class Activation Maps". HiResCAM: Draelos, Carin, arXiv 2011.08891.
A new way to weigh gradients is one entry in ``VARIANTS``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from inception_viz.architecture.config import Branch
from inception_viz.classifier import Classifier
from inception_viz.errors import ExplainError
from inception_viz.explain.gradients import Gradients, differentiate
from inception_viz.explain.registry import Entry, choose, registry
from inception_viz.explain.rerun import ask
from inception_viz.explain.target import Asked, Target
from inception_viz.files.cache import atomic_write
from inception_viz.trace import Trace

if TYPE_CHECKING:
    import pandas as pd

_ROUNDING = 1e-6  # what is left of single precision where branches cancel out


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


@dataclass(frozen=True, eq=False)
class Cams(Mapping[str, np.ndarray]):
    """One map a module. ``cams["4c"]`` is (size, size) at input size, after ReLU, unnormalised.

    Attributes:
        branches: module → branch → (h, w) at map size, before ReLU; signed. A module's branches add
            up exactly to its map before ReLU.
        target: the output in question, and ``value``, its value.
        variant: how gradients weigh activations.
        size: side of the input in pixels.
    """

    branches: Mapping[str, Mapping[Branch, np.ndarray]]
    target: Target
    value: float
    variant: Variant
    size: int

    def __getitem__(self, module: str) -> np.ndarray:
        """The module's map (size, size), after ReLU.

        Raises:
            KeyError: if the target's head can't see the module.
        """
        if module not in self.branches:
            raise KeyError(module)
        return self.at_input_size(module)

    def __iter__(self) -> Iterator[str]:
        """The modules that the target's head can see, in order."""
        return iter(self.branches)

    def __len__(self) -> int:
        """How many modules."""
        return len(self.branches)

    def raw(self, module: str, branch: str | None = None) -> np.ndarray:
        """(h, w) at map size, before ReLU: of a module, or of one of its branches.

        Raises:
            ExplainError: if the target's head can't see the module, or there is no such branch.
        """
        parts = self.branches.get(module)
        if parts is None:
            raise ExplainError(
                f"The head in question can't see module {module}; it sees {', '.join(self)}."
            )
        if branch is None:
            total: np.ndarray = sum(parts.values(), np.float32(0))  # type: ignore[arg-type]
            return total
        if branch not in parts:
            raise ExplainError(f"Module {module} has no branch {branch}.")
        return parts[branch]  # type: ignore[index]

    def at_input_size(
        self, module: str, branch: str | None = None, *, relu: bool = True
    ) -> np.ndarray:
        """(size, size), bilinear, as captum's ``LayerAttribution.interpolate`` does it."""
        values = torch.from_numpy(self.raw(module, branch))[None, None]
        values = values.clamp(min=0) if relu else values
        sized = F.interpolate(values, (self.size, self.size), mode="bilinear").numpy()
        return np.asarray(sized[0, 0])

    def minus(self, other: Cams, module: str) -> np.ndarray:
        """(size, size): what speaks more for this target than for another's, before ReLU."""
        own, theirs = (cams.at_input_size(module, relu=False) for cams in (self, other))
        return np.asarray(own - theirs)

    def energy(self, module: str, branch: str | None = None) -> float:
        """The positive part of a map added up over its cells."""
        return float(np.clip(self.raw(module, branch), 0, None).sum(dtype=np.float64))

    def shares(self, module: str) -> dict[Branch, float]:
        """Branch → its part of the branches' energies, 0 to 1; empty where the map is dark.

        It may be dark though branches aren't: where those that speak against the output outweigh
        those that speak for it, there is no evidence to have a share of.
        """
        energies = {branch: self.energy(module, branch) for branch in self.branches[module]}
        total = sum(energies.values())
        if self.energy(module) <= _ROUNDING * total:
            return {}
        return {branch: energy / total for branch, energy in energies.items()}

    def to_frame(self) -> pd.DataFrame:
        """One row a branch; energy: its map's positive part, share: of its module's, if any."""
        import pandas as pd

        rows = [
            (module, branch, self.energy(module, branch), self.shares(module).get(branch, np.nan))
            for module, parts in self.branches.items()
            for branch in parts
        ]
        return pd.DataFrame(rows, columns=["module", "branch", "energy", "share"])

    def save(self, path: str | Path) -> None:
        """Write ``NAME.npz``: "3a" (size, size) after ReLU; "3a/1x1" (h, w) before ReLU; …

        Raises:
            FileError: if it can't be written.
        """
        arrays = {module: self[module] for module in self}
        arrays |= {f"{m}/{b}": self.raw(m, b) for m, parts in self.branches.items() for b in parts}
        with atomic_write(Path(path)) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def grad_cam(
    classifier: Classifier, trace: Trace, target: Asked = None, *, variant: Variant = "grad_cam"
) -> Cams:
    """The class activation maps of every module and branch.

    Args:
        trace: of the picture; may have branches muted.
        target: a class, a head's class, or the margin between two; default the first choice.
        variant: ``grad_cam`` weighs a channel by its mean gradient; ``hires_cam`` every unit by its
            own gradient; ``layer_cam`` every unit by its own gradient where that is positive.

    Raises:
        ExplainError: for an unknown variant or target, or a trace of another classifier.
    """
    question = ask(classifier, trace, target)
    return cams_from(trace, differentiate(question), variant)


def cams_from(trace: Trace, slopes: Gradients, variant: Variant = "grad_cam") -> Cams:
    """The maps of gradients that are known already.

    Raises:
        ExplainError: for an unknown variant.
    """
    chosen = choose(VARIANTS, variant, "variant")
    maps: dict[str, Mapping[Branch, np.ndarray]] = {}
    for module, slope in slopes.at.items():
        parts, own = trace.split(module, slope), trace.branches[module]
        weighed = {branch: chosen.weigh(own[branch], part) for branch, part in parts.items()}
        maps[module] = MappingProxyType({branch: map_.numpy() for branch, map_ in weighed.items()})
    return Cams(MappingProxyType(maps), slopes.target, slopes.value, variant, trace.input.shape[-1])
