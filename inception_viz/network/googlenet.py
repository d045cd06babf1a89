"""GoogLeNet built from a :class:`~inception_viz.architecture.config.GoogLeNetConfig`.

Source: Szegedy et al., "Going Deeper with Convolutions", arXiv 1409.4842, figures 2 and 3, table 1.
Shapes below are for the paper's config and an input of N × 3 × 224 × 224.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from inception_viz.architecture.config import (
    AuxHeadConfig,
    Branch,
    GoogLeNetConfig,
    Kernel5x5,
    ModuleRow,
)

BATCH_NORM_EPS = 1e-3  # as in torchvision's googlenet and the Inception papers' own code


Edit = Callable[[str, Tensor], Tensor]
"""(step, its output) → the output that the next step reads."""


class Logits(NamedTuple):
    """What one forward pass says: N × classes for each head, None for a head not evaluated."""

    main: Tensor
    aux1: Tensor | None = None
    aux2: Tensor | None = None


class ConvBlock(nn.Module):
    """Convolution → batch norm (if any) → ReLU; N × in × H × W → N × out × H/stride × W/stride.

    Deviates from the paper: batch norm, where the config asks for it, came a year later
    (arXiv 1502.03167).
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel: int, *, stride: int = 1, batch_norm: bool
    ) -> None:
        """Pad so that stride 1 keeps the map size; biases only without batch norm."""
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels, out_channels, kernel, stride, padding=kernel // 2, bias=not batch_norm
        )
        self.norm = (
            nn.BatchNorm2d(out_channels, eps=BATCH_NORM_EPS) if batch_norm else nn.Identity()
        )
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Activations after ReLU."""
        out: Tensor = self.relu(self.norm(self.conv(x)))
        return out


class LocalResponseNorm(nn.Module):
    """x / (k + α/n · Σ x² over n neighbouring channels)^β, the shape unchanged.

    Source: Krizhevsky et al. 2012, section 3.3, with Caffe's constants n = 5, α = 1e-4, β = 0.75,
    k = 1. The same values as ``torch.nn.LocalResponseNorm``, several times faster on a CPU.
    """

    def __init__(self, size: int = 5, alpha: float = 1e-4, k: float = 1.0) -> None:
        """``size`` is n, an odd number of channels; β is fixed at 0.75."""
        super().__init__()
        self.size, self.alpha, self.k = size, alpha, k

    def forward(self, x: Tensor) -> Tensor:
        """Normalised activations."""
        if torch.compiler.is_compiling() or len(x) == 1:
            return self._normalised(x)
        # Picture by picture, so that the sums stay in the processor's cache: a third of the time.
        return torch.cat([self._normalised(one) for one in torch.split(x, 1)])

    def _normalised(self, x: Tensor) -> Tensor:
        channels, half = x.shape[1], self.size // 2
        squares = x.square()
        total = squares.clone()
        for shift in range(1, min(half, channels - 1) + 1):
            total[:, shift:] += squares[:, :-shift]
            total[:, :-shift] += squares[:, shift:]
        root = torch.rsqrt(total.mul_(self.alpha / self.size).add_(self.k))
        return x * (root * root.sqrt())  # d^-0.75 = d^-0.5 · d^-0.25


def split(values: Tensor, widths: Mapping[Branch, int], dim: int = 1) -> dict[Branch, Tensor]:
    """Cut what holds one value a channel of a module into its branches' parts, without copying.

    Args:
        values: with Σ widths values along ``dim``.
        widths: each branch's number of channels, in the module's order.
        dim: the channels' dimension.
    """
    parts = torch.split(values, list(widths.values()), dim=dim)
    return dict(zip(widths, parts, strict=True))


class InceptionModule(nn.Module):
    """Parallel branches, concatenated along the channels: N × in × H × W → N × Σ widths × H × W.

    Figure 2b of the paper; with the reduce counts and ``f_pp`` at 0, the naive module of figure 2a.
    Branch maps are slices of the output (:meth:`split`), each already behind its ReLU, except an
    unprojected pool, which passes on maxima of the module's input.
    """

    def __init__(
        self, in_channels: int, row: ModuleRow, *, kernel_5x5: Kernel5x5, batch_norm: bool
    ) -> None:
        """One branch for each count in ``row`` that isn't 0."""
        super().__init__()

        def block(inputs: int, outputs: int, kernel: int) -> ConvBlock:
            return ConvBlock(inputs, outputs, kernel, batch_norm=batch_norm)

        def reduced(reduce: int, filters: int, kernels: tuple[int, ...]) -> nn.Sequential:
            steps = OrderedDict[str, nn.Module]()
            if reduce:
                steps["reduce"] = block(in_channels, reduce, 1)
            current = reduce or in_channels
            for name, kernel in zip(("conv", "conv_b"), kernels, strict=False):
                steps[name] = block(current, filters, kernel)
                current = filters
            return nn.Sequential(steps)

        def pool() -> nn.Sequential:
            steps = OrderedDict[str, nn.Module](pool=nn.MaxPool2d(3, stride=1, padding=1))
            if row.f_pp:
                steps["project"] = block(in_channels, row.f_pp, 1)
            return nn.Sequential(steps)

        build = {
            "1x1": lambda: nn.Sequential(OrderedDict(conv=block(in_channels, row.f_1x1, 1))),
            "3x3": lambda: reduced(row.f_3x3_r, row.f_3x3, (3,)),
            "5x5": lambda: reduced(
                row.f_5x5_r, row.f_5x5, tuple(int(k) for k in kernel_5x5.split("+"))
            ),
            "pool": pool,
        }
        self.widths = row.widths(in_channels)
        self.branches = nn.ModuleDict({branch: build[branch]() for branch in self.widths})

    def forward(self, x: Tensor) -> Tensor:
        """The concatenation, in the order 1×1, 3×3, 5×5, pool."""
        return torch.cat([branch(x) for branch in self.branches.values()], dim=1)

    def split(self, output: Tensor, dim: int = 1) -> dict[Branch, Tensor]:
        """Cut the module's output into its branches' maps, without copying."""
        return split(output, self.widths, dim)

    @property
    def reduces(self) -> dict[Branch, ConvBlock]:
        """The 1×1 layers in front of the larger kernels, by branch."""
        blocks = {branch: getattr(self.branches[branch], "reduce", None) for branch in self.widths}
        return {branch: block for branch, block in blocks.items() if block is not None}


class AuxHead(nn.Module):
    """An auxiliary classifier: N × C × 14 × 14 → N × classes (paper, section 5).

    Average pool 5×5/3 → 1×1 convolution 128 → fully connected 1024 → dropout 70 % → linear.
    Deviates from the paper: with ``pool="4x4"`` it pools adaptively, as torchvision does. A map of
    another side than the config's, as in training with smaller pictures, is pooled adaptively to
    the side that the fully connected layer needs.
    """

    def __init__(
        self,
        in_channels: int,
        map_size: int,
        head: AuxHeadConfig,
        classes: int,
        *,
        batch_norm: bool,
    ) -> None:
        """``map_size`` is the side of the map that the head attaches to."""
        super().__init__()
        side = head.pooled_size(map_size)
        self.map_size, self.pooled_size = map_size, side
        self.pool: nn.Module = (
            nn.AdaptiveAvgPool2d(4) if head.pool == "4x4" else nn.AvgPool2d(5, stride=3)
        )
        self.conv = ConvBlock(in_channels, head.conv, 1, batch_norm=batch_norm)
        self.fc = nn.Linear(head.conv * side * side, head.fc)
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(head.dropout)
        self.classifier = nn.Linear(head.fc, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        return self.classify(self.pooled(x))

    def pooled(self, x: Tensor) -> Tensor:
        """The average pool: N × C × 4 × 4 for the paper's head."""
        fits = x.shape[-2:] == (self.map_size, self.map_size)
        out: Tensor = self.pool(x) if fits else F.adaptive_avg_pool2d(x, self.pooled_size)
        return out

    def classify(self, pooled: Tensor) -> Tensor:
        """Everything behind the pool."""
        x = self.relu(self.fc(self.conv(pooled).flatten(1)))
        logits: Tensor = self.classifier(self.dropout(x))
        return logits


class GoogLeNet(nn.Module):
    """The whole network: N × 3 × 224 × 224 → :class:`Logits` of N × classes.

    ``trunk`` holds every step in order: the stem (→ 192 × 28²), modules 3a, 3b (→ 480 × 28²),
    ``pool3``, 4a … 4e (→ 832 × 14²), ``pool4``, 5a, 5b (→ 1024 × 7²). Global average, dropout and
    ``classifier`` follow. ``aux`` holds the auxiliary heads by name.

    Deviates from the paper: heads are evaluated in eval mode too when asked for; see
    :meth:`GoogLeNetConfig.torchvision` for what that preset changes.
    """

    def __init__(self, config: GoogLeNetConfig) -> None:
        """Build with PyTorch's default weights; see :meth:`initialise` for the random source."""
        super().__init__()
        self.config = config
        batch_norm = config.norm == "batch"
        self.trunk = nn.ModuleDict(_stem(config))
        stage = "3"
        for name, row in config.modules.items():
            if name[0] != stage:
                kernel = 3 if stage == "3" else config.pool4
                self.trunk[f"pool{stage}"] = _max_pool(kernel)
                stage = name[0]
            self.trunk[name] = InceptionModule(
                config.channels[name][0], row, kernel_5x5=config.kernel_5x5, batch_norm=batch_norm
            )
        self.dropout = nn.Dropout(config.dropout)
        self.classifier = nn.Linear(config.out_channels, config.classes)
        self.aux = nn.ModuleDict(
            {
                name: AuxHead(
                    config.channels[head.after][1],
                    config.map_size(head.after),
                    head,
                    config.classes,
                    batch_norm=batch_norm,
                )
                for name, head in config.heads.items()
            }
        )

    @property
    def modules_by_name(self) -> dict[str, InceptionModule]:
        """The inception modules in order: ``{"3a": …, …}``."""
        return {n: step for n, step in self.trunk.items() if isinstance(step, InceptionModule)}

    def forward(self, x: Tensor, *, heads: bool | None = None) -> Logits:
        """Run the network; ``heads=None`` evaluates the auxiliary heads in training only."""
        heads = self.training if heads is None else heads
        attached = {head.after: name for name, head in self.config.heads.items()} if heads else {}
        aux: dict[str, Tensor] = {}
        output = x
        for step, output in self.walk(x):
            if step in attached:
                aux[attached[step]] = self.aux[attached[step]](output)
        return Logits(self.classify(output), **aux)

    def walk(
        self,
        x: Tensor,
        *,
        after: str | None = None,
        upto: str | None = None,
        edit: Edit | None = None,
    ) -> Iterator[tuple[str, Tensor]]:
        """Run the trunk step by step; yields each step's name and output.

        Args:
            x: the image; or, with ``after``, what that step put out.
            after: the step to continue behind; None begins at the image.
            upto: the last step to run; None goes on to the last module.
            edit: changes what a step puts out before the next one reads it.
        """
        names = list(self.trunk)
        first = 0 if after is None else names.index(after) + 1
        last = len(names) if upto is None else names.index(upto) + 1
        for name in names[first:last]:
            x = self.trunk[name](x)
            if edit is not None:
                x = edit(name, x)
            yield name, x

    def answer(self, head: str, x: Tensor) -> Tensor:
        """Logits of "main", "aux1" or "aux2" for the output of the module that it reads."""
        logits: Tensor = self.classify(x) if head == "main" else self.aux[head](x)
        return logits

    def classify(self, x: Tensor) -> Tensor:
        """The main head on the last module's output: average over the map, dropout, linear."""
        logits: Tensor = self.classifier(self.dropout(x.mean((2, 3))))
        return logits

    def initialise(self, seed: int) -> None:
        """Set random weights that keep the activations' scale (He et al. 2015), from ``seed``."""
        generator = torch.Generator().manual_seed(seed)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)
            elif isinstance(layer, nn.BatchNorm2d):
                layer.reset_parameters()


def _max_pool(kernel: int) -> nn.MaxPool2d:
    return nn.MaxPool2d(kernel, stride=2, ceil_mode=True)


def _stem(config: GoogLeNetConfig) -> OrderedDict[str, nn.Module]:
    """N × 3 × 224² → N × 192 × 28²; the paper's "conv1" to the pool in front of 3a."""
    stem, batch_norm = config.stem, config.norm == "batch"
    lrn = config.norm == "lrn"
    steps = OrderedDict[str, nn.Module]()
    steps["conv1"] = ConvBlock(3, stem.conv1, 7, stride=2, batch_norm=batch_norm)
    steps["pool1"] = _max_pool(3)
    if lrn:
        steps["norm1"] = LocalResponseNorm()
    steps["conv2_reduce"] = ConvBlock(stem.conv1, stem.conv2_reduce, 1, batch_norm=batch_norm)
    steps["conv2"] = ConvBlock(stem.conv2_reduce, stem.conv2, 3, batch_norm=batch_norm)
    if lrn:
        steps["norm2"] = LocalResponseNorm()
    steps["pool2"] = _max_pool(3)
    return steps
