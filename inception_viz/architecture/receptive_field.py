"""Which pixels of the input a unit of any layer can see, from a config alone.

Arithmetic as in Araujo, Norris, Sim, "Computing Receptive Fields of Convolutional Neural Networks",
Distill 2019: going through a layer with kernel k, stride s and padding p, the size grows by
(k − 1) · stride so far, and the stride is multiplied by s.
"""

from __future__ import annotations

from dataclasses import dataclass

from inception_viz.architecture.config import Branch, GoogLeNetConfig, ModuleRow


@dataclass(frozen=True)
class ReceptiveField:
    """The square of input pixels that can reach one unit.

    ``size`` is its side and ``stride`` the distance between neighbouring units' squares, in input
    pixels; ``start`` is the centre of the first unit's square, 0 being the input's outer edge.
    """

    size: int = 1
    stride: int = 1
    start: float = 0.5

    def through(self, kernel: int, stride: int = 1, padding: int = 0) -> ReceptiveField:
        """The field behind one more convolution or pool."""
        return ReceptiveField(
            size=self.size + (kernel - 1) * self.stride,
            stride=self.stride * stride,
            start=self.start + ((kernel - 1) / 2 - padding) * self.stride,
        )

    def box(self, row: int, column: int) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of one unit's square in input pixels; it may leave the input."""
        x, y = (self.start + self.stride * index for index in (column, row))
        half = self.size / 2
        return x - half, y - half, x + half, y + half


def receptive_fields(config: GoogLeNetConfig) -> dict[str, ReceptiveField]:
    """Layer → field. Keys are the stem's steps, "3a", "3a/3x3" for a branch, "3a/3x3/reduce".

    A module's own field is that of its widest branch.
    """
    fields: dict[str, ReceptiveField] = {}
    current = ReceptiveField()
    for name, kernel, stride, padding in _stem(config):
        current = current.through(kernel, stride, padding)
        fields[name] = current
    stage = "3"
    for name, row in config.modules.items():
        if name[0] != stage:
            current = current.through(3 if stage == "3" else config.pool4, 2)
            fields[f"pool{stage}"] = current
            stage = name[0]
        for branch, kernels in _branch_kernels(config, row).items():
            field = current
            for kernel in kernels:
                field = field.through(kernel, padding=kernel // 2)
            fields[f"{name}/{branch}"] = field
            if (branch == "3x3" and row.f_3x3_r) or (branch == "5x5" and row.f_5x5_r):
                fields[f"{name}/{branch}/reduce"] = current
        current = max(
            (fields[f"{name}/{b}"] for b in _branch_kernels(config, row)), key=lambda f: f.size
        )
        fields[name] = current
    return fields


def _stem(config: GoogLeNetConfig) -> list[tuple[str, int, int, int]]:
    lrn = config.norm == "lrn"
    steps = [("conv1", 7, 2, 3), ("pool1", 3, 2, 0)]
    steps += [("norm1", 1, 1, 0)] if lrn else []
    steps += [("conv2_reduce", 1, 1, 0), ("conv2", 3, 1, 1)]
    steps += [("norm2", 1, 1, 0)] if lrn else []
    return [*steps, ("pool2", 3, 2, 0)]


def _branch_kernels(config: GoogLeNetConfig, row: ModuleRow) -> dict[Branch, tuple[int, ...]]:
    kernels: dict[Branch, tuple[int, ...]] = {
        "1x1": (1,),
        "3x3": (3,),
        "5x5": tuple(int(k) for k in config.kernel_5x5.split("+")),
        "pool": (3,),
    }
    return {branch: kernels[branch] for branch in row.widths(1)}
