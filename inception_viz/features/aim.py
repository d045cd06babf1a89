"""What a picture is painted for: a channel, a branch, a module, a layer of the stem, a class."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.architecture.places import Place
from inception_viz.architecture.plan import Layer, plan
from inception_viz.classifier import Classifier
from inception_viz.errors import ExplainError
from inception_viz.explain.target import Target
from inception_viz.network.googlenet import GoogLeNet
from inception_viz.network.layers import ConvBlock
from inception_viz.network.recording import parts

What = str | Place | Target
"""A layer ("4c", "4c/5x5", "4c/5x5/reduce", "conv1"), a channel of one ("4c/5x5:7"), or a head's
output for a class."""


@dataclass(frozen=True)
class Aim:
    """What one picture is painted for.

    Attributes:
        layer: its name as in :func:`~inception_viz.network.recording`; for a class, its head.
        channel: None for all channels of the layer.
        target: the output, if it is one.
    """

    layer: str
    channel: int | None = None
    target: Target | None = None

    def __str__(self) -> str:
        """As :func:`aim_at` reads it; "main:281" for a class."""
        index = self.target.index if self.target else self.channel
        return self.layer if index is None else f"{self.layer}:{index}"


def aim_at(classifier: Classifier, what: What) -> Aim:
    """Understand ``what``.

    Raises:
        ExplainError: if the network has no such layer, channel, head or class.
    """
    if isinstance(what, Target):
        known = what.head in {"main", *classifier.weights.trained_heads}
        if not known or not 0 <= what.index < len(classifier.labels):
            raise ExplainError(
                f"This network has no class {what.index} in a trained head {what.head!r}; its "
                f"classes are 0 to {len(classifier.labels) - 1}."
            )
        return Aim(what.head, target=what)
    layer, colon, number = str(what).partition(":")
    layers = layers_of(classifier.config)
    if layer not in layers:
        raise ExplainError(
            f'This network has no layer "{layer[:40]}"; write it like "4c", "4c/5x5", '
            '"4c/5x5/reduce" or "conv1".'
        )
    if not colon:
        return Aim(layer)
    if not (number.isascii() and number.isdecimal() and int(number) < layers[layer].outputs):
        raise ExplainError(
            f'There is no channel "{number[:20]}" in {layer}; its channels are 0 to '
            f"{layers[layer].outputs - 1}."
        )
    return Aim(layer, int(number))


def layers_of(config: GoogLeNetConfig) -> dict[str, Layer]:
    """The layers that a picture can be painted for, by name, in the network's order."""
    inner = ("/first", "/max")  # within a branch
    heads = {"main", *config.heads}
    return {
        layer.name: layer
        for layer in plan(config)
        if layer.place not in heads and not layer.name.endswith(inner)
    }


def outputs(network: GoogLeNet, x: Tensor, aims: Sequence[Aim]) -> Tensor:
    """What the aims' common layer puts out for ``x``, with no more work than that needs.

    (N, channels, h, w), or (N, classes) for classes.
    """
    layer = aims[0].layer
    if aims[0].target:
        head = None if layer == "main" else network.config.heads[layer].after
        return network.answer(layer, last_of(network.walk(x, upto=head)))
    step, _, rest = layer.partition("/")
    if not rest:
        return last_of(network.walk(x, upto=step))
    names = list(network.trunk)
    before = names[names.index(step) - 1]
    layers = network.trunk[step].get_submodule(f"branches.{rest.replace('/', '.')}")
    out: Tensor = layers(last_of(network.walk(x, upto=before)))
    return out


def last_of(walk: Iterable[tuple[str, Tensor]]) -> Tensor:
    """What the last step of a walk puts out."""
    return deque(walk, maxlen=1)[0][1]


def values(out: Tensor, aims: Sequence[Aim]) -> Tensor:
    """(N,): what each picture has of its own aim, of what :func:`outputs` gave.

    A channel's mean over its map: its strongest unit alone stays stuck in many channels. A layer's
    mean square over all its units, as in DeepDream. A class's logit.
    """
    targets = [aim.target for aim in aims if aim.target is not None]
    if targets:
        return torch.stack([t.of(row[None])[0] for t, row in zip(targets, out, strict=True)])
    rows = zip(aims, out, strict=True)
    return torch.stack(
        [o.square().mean() if a.channel is None else o[a.channel].mean() for a, o in rows]
    )


def strongest(out: Tensor, aims: Sequence[Aim]) -> list[float]:
    """Each picture's strongest unit of its channel or layer; its logit."""
    if aims[0].target:
        return [float(value) for value in values(out, aims)]
    rows = zip(aims, out, strict=True)
    return [float((o if a.channel is None else o[a.channel]).amax()) for a, o in rows]


def without_last_relu(network: GoogLeNet, layer: str) -> None:
    """Make ``layer`` put out what stands in front of its ReLU, in a copy of one's own."""
    (found,) = [part.layer for part in parts(network) if part.name == layer]
    branches = getattr(found, "branches", {"": found})
    for branch in branches.values():
        last = branch[-1] if isinstance(branch, nn.Sequential) else branch
        if isinstance(last, ConvBlock):
            last.relu = nn.Identity()  # type: ignore[assignment]
