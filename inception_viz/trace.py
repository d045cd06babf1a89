"""Everything that one forward pass of one picture produces."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from inception_viz.architecture.config import Branch
from inception_viz.network.googlenet import GoogLeNet, Logits, probabilities, split
from inception_viz.network.recording import Record, recording
from inception_viz.pictures.preprocessing import Fitting
from inception_viz.pictures.reading import Picture


@dataclass(frozen=True, eq=False)
class Trace:
    """One picture through one classifier. Nothing changes it afterwards; every page reads it.

    Maps are float32 tensors (channels, height, width); those of a module's branches are slices of
    one tensor and share its memory. About 12 MB for the paper's network at 224 pixels.

    Attributes:
        picture: the picture as read from its file.
        fitting: where the network's square input lies on the picture.
        input: (1, 3, size, size), as the network saw it.
        heads: logits (classes,) of ``main`` and of each trained auxiliary head.
        modules: module → its output, all branches concatenated.
        branches: module → branch → activations after ReLU.
        reduces: module → "3x3" or "5x5" → activations of the reduce layer after ReLU.
        stem: step in front of module 3a → its output.
        labels: one name a class.
        model: identity of the weights.
        muted: what puts out zeros instead of its activations, as in
            :func:`~inception_viz.explain.muting.mute`; usually nothing.
    """

    picture: Picture
    fitting: Fitting
    input: Tensor
    heads: Mapping[str, Tensor]
    modules: Mapping[str, Tensor]
    branches: Mapping[str, Mapping[Branch, Tensor]]
    reduces: Mapping[str, Mapping[str, Tensor]]
    stem: Mapping[str, Tensor]
    labels: tuple[str, ...]
    model: str
    muted: frozenset[str] = frozenset()

    @property
    def logits(self) -> Tensor:
        """The main head's logits (classes,)."""
        return self.heads["main"]

    @property
    def widths(self) -> dict[tuple[str, str], int]:
        """(module, branch) → its number of channels."""
        return {
            (m, b): len(maps) for m, found in self.branches.items() for b, maps in found.items()
        }

    def split(self, module: str, values: Tensor) -> dict[Branch, Tensor]:
        """What holds one value, or map, a channel of a module, cut into its branches' parts."""
        return split(values, {b: len(maps) for b, maps in self.branches[module].items()}, dim=0)

    def layer(self, name: str) -> Tensor:
        """Maps (channels, height, width) of a layer by name.

        Names are those of
        :func:`~inception_viz.architecture.receptive_field.receptive_fields`: "conv1", "4c",
        "4c/5x5", "4c/5x5/reduce".

        Raises:
            KeyError: if there is no such layer.
        """
        module, _, rest = name.partition("/")
        branch, _, reduce = rest.partition("/")
        if not rest:
            return self.stem[name] if name in self.stem else self.modules[name]
        if reduce:
            return self.reduces[module][branch]
        return self.branches[module][branch]  # type: ignore[index]

    def probabilities(self, head: str = "main") -> Tensor:
        """Softmax of a head's logits (classes,); sigmoid of a single one.

        Raises:
            KeyError: if the network has no such head, or an untrained one.
        """
        if head not in self.heads:
            raise KeyError(f'There is no trained head "{head}"; there are {", ".join(self.heads)}.')
        return probabilities(self.heads[head])

    def top_classes(self, k: int = 5, head: str = "main") -> list[tuple[int, float]]:
        """The ``k`` most probable classes as (index, probability), best first."""
        shares = self.probabilities(head)
        values, indices = shares.topk(min(k, len(shares)))
        return list(zip(indices.tolist(), values.tolist(), strict=True))

    def predictions(self, k: int = 5, head: str = "main") -> list[tuple[str, float]]:
        """The ``k`` most probable classes as (label, probability), best first."""
        return [(self.labels[index], p) for index, p in self.top_classes(k, head)]


def run(network: GoogLeNet, x: Tensor) -> tuple[Logits, Record]:
    """Run all heads on ``x`` without gradients; the logits, and what every part put out."""
    # no_grad, not inference_mode: inference tensors could never be used for gradients again.
    with torch.no_grad(), recording(network) as record:
        return network(x, heads=True), record


def trace_input(
    network: GoogLeNet,
    x: Tensor,
    *,
    picture: Picture,
    fitting: Fitting,
    labels: tuple[str, ...],
    model: str,
    trained_heads: Collection[str],
) -> Trace:
    """Run ``network`` on ``x`` (1, 3, size, size) without gradients; everything it does as a trace.

    The other arguments are the trace's fields of these names; heads that aren't ``trained_heads``
    are left out.
    """
    logits, record = run(network, x)
    heads = {h: z[0] for h, z in logits._asdict().items() if z is not None and h in trained_heads}
    found = {name: output[0] for name, output in record.items()}
    steps = list(network.trunk)
    modules = network.modules_by_name
    stem = steps[: steps.index(next(iter(modules)))]
    return Trace(
        picture=picture,
        fitting=fitting,
        input=x,
        heads=MappingProxyType(heads),
        modules=MappingProxyType({name: found[name] for name in modules}),
        branches=_frozen({n: {b: found[f"{n}/{b}"] for b in m.widths} for n, m in modules.items()}),
        reduces=_frozen(
            {n: {b: found[f"{n}/{b}/reduce"] for b in m.reduces} for n, m in modules.items()}
        ),
        stem=MappingProxyType({name: found[name] for name in stem}),
        labels=labels,
        model=model,
    )


def with_outputs(
    trace: Trace,
    network: GoogLeNet,
    modules: Mapping[str, Tensor],
    reduces: Mapping[str, Mapping[str, Tensor]],
    heads: Mapping[str, Tensor],
    muted: frozenset[str],
) -> Trace:
    """The trace with other outputs of some modules (channels, height, width), and what follows."""
    branches = {n: network.modules_by_name[n].split(out, dim=0) for n, out in modules.items()}
    return replace(
        trace,
        heads=MappingProxyType({**trace.heads, **heads}),
        modules=MappingProxyType({**trace.modules, **modules}),
        branches=MappingProxyType({**trace.branches, **_frozen(branches)}),
        reduces=MappingProxyType({**trace.reduces, **_frozen(reduces)}),
        muted=muted,
    )


def _frozen(nested: Mapping[str, Mapping[Any, Tensor]]) -> Mapping[str, Mapping[Any, Tensor]]:
    return MappingProxyType({name: MappingProxyType(dict(inner)) for name, inner in nested.items()})
