"""GoogLeNet built from a :class:`~inception_viz.architecture.config.GoogLeNetConfig`.

Source: Szegedy et al., "Going Deeper with Convolutions", arXiv 1409.4842, figures 2 and 3, table 1.
Shapes below are for the paper's config and an input of N × 3 × 224 × 224.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from inception_viz.architecture.config import Branch, GoogLeNetConfig
from inception_viz.architecture.plan import Layer, branch_widths, steps
from inception_viz.network.layers import ConvBlock, block, built

Edit = Callable[[str, Tensor], Tensor]
"""(step, its output) → the output that the next step reads."""


class Logits(NamedTuple):
    """What one forward pass says: N × classes for each head, None for a head not evaluated."""

    main: Tensor
    aux1: Tensor | None = None
    aux2: Tensor | None = None


def split(values: Tensor, widths: Mapping[Branch, int], dim: int = 1) -> dict[Branch, Tensor]:
    """Cut what holds one value a channel of a module into its branches' parts, without copying.

    Args:
        values: with Σ widths values along ``dim``.
        widths: each branch's number of channels, in the module's order.
        dim: the channels' dimension.
    """
    parts = torch.split(values, list(widths.values()), dim=dim)
    return dict(zip(widths, parts, strict=True))


def probabilities(logits: Tensor) -> Tensor:
    """What the classes' logits say, along the last dimension: softmax; of a single one, sigmoid."""
    return torch.sigmoid(logits) if logits.shape[-1] == 1 else torch.softmax(logits, dim=-1)


class InceptionModule(nn.Module):
    """Parallel branches, concatenated along the channels: N × in × H × W → N × Σ widths × H × W.

    Figure 2b of the paper; with the reduce counts and ``f_pp`` at 0, the naive module of figure 2a.
    Branch maps are slices of the output (:meth:`split`), each already behind its ReLU, except an
    unprojected pool, which passes on maxima of the module's input.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        """Build a branch for each that the module's ``layers`` have."""
        super().__init__()
        self.widths = branch_widths(layers)
        self.branches = nn.ModuleDict(
            {
                branch: nn.Sequential(
                    OrderedDict((la.role, built(la)) for la in layers if la.branch == branch)
                )
                for branch in self.widths
            }
        )

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

    def __init__(self, layers: Sequence[Layer]) -> None:
        """Build the head of these ``layers``: pool, convolution, hidden layer, dropout, linear."""
        super().__init__()
        pool, conv, fc, dropout, classifier = layers
        self.map_size, self.pooled_size = pool.in_size, pool.size
        self.pool = built(pool)
        self.conv = block(conv)
        self.fc = nn.Linear(fc.inputs, fc.outputs)
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(dropout.rate)
        self.classifier = nn.Linear(classifier.inputs, classifier.outputs)

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
        return self.layers(pooled)[-1]

    def layers(self, pooled: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What the convolution, the hidden layer and the classifier put out behind the pool."""
        conv = self.conv(pooled)
        hidden = self.relu(self.fc(conv.flatten(1)))
        return conv, hidden, self.classifier(self.dropout(hidden))


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
        layers = dict(steps(config))
        heads = {head: layers.pop(head) for head in config.heads}
        _, dropout, classifier = layers.pop("main")
        self.trunk = nn.ModuleDict(
            {
                step: InceptionModule(own)
                if own[-1].kind == "concatenation"
                else built(own[0], config.lrn)
                for step, own in layers.items()
            }
        )
        self.dropout = nn.Dropout(dropout.rate)
        self.classifier = nn.Linear(classifier.inputs, classifier.outputs)
        self.aux = nn.ModuleDict({head: AuxHead(own) for head, own in heads.items()})

    @property
    def modules_by_name(self) -> dict[str, InceptionModule]:
        """The inception modules in order: ``{"3a": …, …}``."""
        return {n: step for n, step in self.trunk.items() if isinstance(step, InceptionModule)}

    def forward(self, x: Tensor, *, heads: bool | None = None) -> Logits:
        """Run the network; ``heads=None`` evaluates the auxiliary heads in training only."""
        heads = self.training if heads is None else heads
        attached = self.config.attached if heads else {}
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
