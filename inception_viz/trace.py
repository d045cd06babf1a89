"""Everything that one forward pass of one picture produces."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
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
        exchanged: place → maps (channels, height, width) of another picture, which it puts out in
            place of its own, as in :func:`~inception_viz.explain.interchange.interchange`; usually
            none.
        donor: identity of that other picture and of the part that the network saw; "" for none.
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
    exchanged: Mapping[str, Tensor] = field(default_factory=lambda: MappingProxyType({}))
    donor: str = ""

    @property
    def seen(self) -> str:
        """Identity of the picture and of the part that the network saw."""
        return f"{self.picture.sha256}-{self.fitting.fit}"

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
        layers = {**self.stem, **self.modules}
        for module, branches in self.branches.items():
            layers |= {f"{module}/{branch}": maps for branch, maps in branches.items()}
            reduces = self.reduces[module]
            layers |= {f"{module}/{branch}/reduce": maps for branch, maps in reduces.items()}
        return layers[name]

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


def outputs_of(network: GoogLeNet, x: Tensor, trained_heads: Collection[str]) -> dict[str, Any]:
    """What ``network`` makes of ``x`` (1, 3, size, size), as a trace's fields of these names.

    Heads that aren't ``trained_heads`` are left out.
    """
    logits, record = run(network, x)
    said, found = logits._asdict().items(), {name: out[0] for name, out in record.items()}
    names, modules = list(network.trunk), network.modules_by_name
    stem = names[: names.index(next(iter(modules)))]
    fields = {
        "heads": {h: z[0] for h, z in said if z is not None and h in trained_heads},
        "modules": {name: found[name] for name in modules},
        "branches": {n: {b: found[f"{n}/{b}"] for b in m.widths} for n, m in modules.items()},
        "reduces": {
            n: {b: found[f"{n}/{b}/reduce"] for b in m.reduces} for n, m in modules.items()
        },
        "stem": {name: found[name] for name in stem},
    }
    return {"input": x, **{name: frozen(maps) for name, maps in fields.items()}}


def batch_of_one(maps: Tensor) -> Tensor:
    """(channels, height, width) → (1, channels, height, width), the same memory.

    With the strides of a batch: with those of ``maps[None]`` PyTorch doesn't see that the channels
    lie last, and max pools take twenty times as long.
    """
    return maps.as_strided((1, *maps.shape), (maps.numel(), *maps.stride()))


def frozen(values: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """A copy that nobody can change, nor the dictionaries in it; what is frozen already is kept."""
    inner = {key: frozen(v) if isinstance(v, dict) else v for key, v in values.items()}
    return MappingProxyType(inner)
