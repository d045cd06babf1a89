"""Record everything that one forward pass of one picture produces.

The network hands its steps' outputs to a record that belongs to the call, so nothing hangs on it
and threads that share it never see each other's tensors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from torch import Tensor

from inception_viz.architecture.config import Branch
from inception_viz.network.googlenet import GoogLeNet, Logits, Record
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
        """Softmax of a head's logits (classes,).

        Raises:
            KeyError: if the network has no such head, or an untrained one.
        """
        if head not in self.heads:
            raise KeyError(f'There is no trained head "{head}"; there are {", ".join(self.heads)}.')
        return torch.softmax(self.heads[head], dim=0)

    def top_classes(self, k: int = 5, head: str = "main") -> list[tuple[int, float]]:
        """The ``k`` most probable classes as (index, probability), best first."""
        probabilities = self.probabilities(head)
        values, indices = probabilities.topk(min(k, len(probabilities)))
        return list(zip(indices.tolist(), values.tolist(), strict=True))

    def predictions(self, k: int = 5, head: str = "main") -> list[tuple[str, float]]:
        """The ``k`` most probable classes as (label, probability), best first."""
        return [(self.labels[index], p) for index, p in self.top_classes(k, head)]


def run(network: GoogLeNet, x: Tensor) -> tuple[Logits, Record]:
    """Forward ``x`` through all heads without gradients and record what each step puts out."""
    record: Record = {}
    # no_grad, not inference_mode: inference tensors could never be used for gradients again.
    with torch.no_grad():
        return network(x, heads=True, record=record), record


class Sorted(NamedTuple):
    """A record of one picture, sorted as in :class:`Trace`; only what the record holds."""

    modules: Mapping[str, Tensor]
    branches: Mapping[str, Mapping[Branch, Tensor]]
    reduces: Mapping[str, Mapping[str, Tensor]]


def sort_record(network: GoogLeNet, first: Record) -> Sorted:
    """Sort the outputs of one picture (channels, height, width) by module and branch."""
    modules = {n: m for n, m in network.modules_by_name.items() if n in first}
    reduces = {
        name: {b: first[key] for b in module.branches if (key := f"{name}.{b}") in first}
        for name, module in modules.items()
    }
    return Sorted(
        modules=MappingProxyType({name: first[name] for name in modules}),
        branches=_frozen({n: m.split(first[n], dim=0) for n, m in modules.items()}),
        reduces=_frozen(reduces),
    )


def assemble(network: GoogLeNet, logits: Logits, record: Record, **rest: Any) -> Trace:
    """Sort the record of one picture into a :class:`Trace`; ``rest`` are its other fields."""
    first = {name: output[0] for name, output in record.items()}
    trained = rest.pop("trained_heads")
    heads = {
        name: value[0]
        for name, value in logits._asdict().items()
        if value is not None and name in trained
    }
    steps = list(network.trunk)
    stem = steps[: steps.index(next(iter(network.modules_by_name)))]
    return Trace(
        heads=MappingProxyType(heads),
        stem=MappingProxyType({name: first[name] for name in stem}),
        **sort_record(network, first)._asdict(),
        **rest,
    )


def _frozen(nested: Mapping[str, Mapping[Any, Tensor]]) -> Mapping[str, Mapping[Any, Tensor]]:
    return MappingProxyType({name: MappingProxyType(dict(inner)) for name, inner in nested.items()})
