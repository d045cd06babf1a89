"""Independent references: small networks, and the whole network run again under hooks."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from PIL import Image
from torch import Tensor, nn

import inception_viz as iv
from inception_viz.architecture import (
    AuxHeadConfig,
    GoogLeNetConfig,
    ModuleRow,
    Place,
    branch_widths,
    steps,
)
from inception_viz.explain import Lens, LensFit, ReadOut
from inception_viz.network import GoogLeNet, Logits, fold_batch_norm
from tests.conftest import noise_photo, tiny_config

Change = Callable[[Tensor], Tensor]
Value = Callable[[Mapping[str, Tensor]], Tensor]


def head(after: str) -> AuxHeadConfig:
    return AuxHeadConfig(after=after, conv=6, fc=10, pool="4x4")


def small_config(norm: str = "lrn", **changes: object) -> GoogLeNetConfig:
    """Tiny channels on 64 pixels: maps of 8, 4 and 2."""
    heads = {"aux1": head("4a"), "aux2": head("4d")}
    return tiny_config(**{"input_size": 64, "norm": norm, **heads, **changes})


def odd_config(norm: str = "lrn") -> GoogLeNetConfig:
    """Five modules: one usual, one naive, and some without one of the branches."""
    return small_config(
        norm,
        stage3=(ModuleRow(4, 3, 6, 2, 4, 3),),
        stage4=(
            ModuleRow(4, 0, 5, 0, 3, 0),
            ModuleRow(5, 3, 6, 0, 0, 3),
            ModuleRow(0, 3, 6, 2, 4, None),
        ),
        stage5=(ModuleRow(3, 3, 4, 2, 5, 4),),
        aux1=head("4b"),
        aux2=None,
    )


def lively(config: GoogLeNetConfig, seed: int = 0) -> iv.Classifier:
    """Random weights with random biases and batch statistics, so that nothing is 0 by accident."""
    classifier = iv.load("random", config=config, seed=seed)
    generator = torch.Generator().manual_seed(seed + 1)

    def draw(values: Tensor, low: float, high: float) -> None:
        values.data.uniform_(low, high, generator=generator)

    for layer in classifier.network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            assert layer.running_mean is not None and layer.running_var is not None
            draw(layer.weight, 0.7, 1.3)
            draw(layer.bias, -0.2, 0.3)
            draw(layer.running_mean, -0.2, 0.2)
            draw(layer.running_var, 0.5, 1.3)
        elif isinstance(layer, nn.Conv2d | nn.Linear) and layer.bias is not None:
            draw(layer.bias, -0.1, 0.15)
    classifier.network.classifier.weight.data *= 3  # clear answers
    return replace(
        classifier, weights=replace(classifier.weights, fingerprint=f"lively{seed}-{config.norm}")
    )


def blobs(seed: int) -> Image.Image:
    """A coarse random picture: it moves these networks' answers more than fine noise does."""
    return noise_photo(seed, (9, 8))


def lens_for(classifier: iv.Classifier, rank: int = 3, seed: int = 0) -> Lens:
    """Random read-outs of the right shapes."""
    generator = torch.Generator().manual_seed(seed)
    widths = {
        name: sum(module.widths.values())
        for name, module in classifier.network.modules_by_name.items()
    }
    *early, last = widths

    def drawn(*shape: int) -> Tensor:
        return (torch.randn(shape, generator=generator) / 10).half().float()  # as they are kept

    readouts = {
        name: ReadOut(
            drawn(rank, widths[name]),
            drawn(widths[last], rank),
            drawn(widths[last]),
            LensFit(rank, 40, depth / 10, 0.25),
        )
        for depth, name in enumerate(early, 1)
    }
    return Lens(classifier.trunk_key, readouts, 360, "blobs")


def precise(classifier: iv.Classifier) -> GoogLeNet:
    """A copy of the network as trained (nothing folded) in double precision."""
    return copy.deepcopy(classifier.network).double().requires_grad_(False)


def fast(classifier: iv.Classifier) -> GoogLeNet:
    """Another network as explanations run it, where maxima must be the same cells."""
    return fold_batch_norm(classifier.network)


def channels(classifier: iv.Classifier, module: str, branch: str) -> slice:
    """Where a branch's channels lie in its module's output."""
    place = Place.parse(f"{module}/{branch}")
    assert place is not None
    return place.channels(branch_widths(steps(classifier.config)[module]))


def branches(classifier: iv.Classifier, module: str) -> list[str]:
    return list(branch_widths(steps(classifier.config)[module]))


def zeroed(*parts: slice) -> Change:
    def change(output: Tensor) -> Tensor:
        output = output.clone()
        for part in parts:
            output[:, part] = 0
        return output

    return change


def replaced(part: slice, values: Tensor) -> Change:
    def change(output: Tensor) -> Tensor:
        output = output.clone()
        output[:, part] = values[None, :, None, None].to(output.dtype)
        return output

    return change


def muting(classifier: iv.Classifier, *places: str) -> dict[str, Change]:
    """Hooks' changes that mute "4c", "4c/5x5" or "4c/5x5:1"."""
    parts: dict[str, list[slice]] = {}
    for place in places:
        path, _, channel = place.partition(":")
        module, _, branch = path.partition("/")
        part = channels(classifier, module, branch) if branch else slice(None)
        if channel:
            part = slice(part.start + int(channel), part.start + int(channel) + 1)
        parts.setdefault(module, []).append(part)
    return {module: zeroed(*found) for module, found in parts.items()}


@dataclass(frozen=True)
class Rerun:
    heads: dict[str, Tensor]  # (classes,) each
    modules: dict[str, Tensor]  # (1, channels, h, w) each


def rerun(
    network: GoogLeNet,
    x: Tensor,
    changes: Mapping[str, Change] | None = None,
    *,
    differentiable: bool = False,
) -> Rerun:
    """From the image to all heads, each module's output changed by a forward hook.

    If ``differentiable``, gradients begin at the first module: in front of it the network computes
    as for a trace, to the last bit, so that the same cells are maxima.
    """
    outputs: dict[str, Tensor] = {}

    def hook(name: str) -> Callable[[nn.Module, object, Tensor], Tensor]:
        def changed(_module: nn.Module, _inputs: object, output: Tensor) -> Tensor:
            if changes is not None and name in changes:
                output = changes[name](output)
            outputs[name] = output
            return output

        return changed

    handles = [
        step.register_forward_hook(hook(name)) for name, step in network.modules_by_name.items()
    ]
    x = x.to(network.classifier.weight.dtype)
    try:
        if differentiable:
            first = next(iter(network.modules_by_name))
            with torch.no_grad():
                *_, (_, x) = network.walk(x, upto=first)
            outputs[first] = x.requires_grad_()
            steps = {first: x, **dict(network.walk(x, after=first))}
            places = {head.after: name for name, head in network.config.heads.items()}
            places |= {list(steps)[-1]: "main"}
            logits = Logits(**{h: network.answer(h, steps[after]) for after, h in places.items()})
        else:
            logits = network(x, heads=True)
    finally:
        for handle in handles:
            handle.remove()
    heads = {name: value[0] for name, value in logits._asdict().items() if value is not None}
    return Rerun(heads, outputs)


def slopes(
    network: GoogLeNet, x: Tensor, value: Value, changes: Mapping[str, Change] | None = None
) -> dict[str, tuple[Tensor, Tensor]]:
    """Module → its output and ∂value/∂output, by backpropagation from the whole network."""
    found = rerun(network, x, changes, differentiable=True)
    gradients = torch.autograd.grad(
        value(found.heads), list(found.modules.values()), allow_unused=True
    )
    return {
        name: (output.detach()[0], gradient[0])
        for (name, output), gradient in zip(found.modules.items(), gradients, strict=True)
        if gradient is not None
    }
