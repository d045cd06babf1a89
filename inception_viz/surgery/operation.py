"""Build the new network and follow every channel through it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from math import sqrt
from typing import Literal

import torch
from torch import Tensor, nn

from inception_viz.architecture.config import Branch, GoogLeNetConfig
from inception_viz.architecture.places import Place
from inception_viz.architecture.plan import Layer, steps
from inception_viz.network.googlenet import AuxHead, GoogLeNet
from inception_viz.network.layers import BATCH_NORM_EPS, ConvBlock
from inception_viz.sources.reference import Reference
from inception_viz.surgery.carry import (
    QUIET,
    Channels,
    Fate,
    LayerFate,
    carry_block,
    carry_linear,
    choose,
    fate,
    norms,
)

Keep = Literal["norm", "activation"]
Origins = dict[str, str | None]  # new module → the old one that it continues
STEM = "stem"
_MOVED = "reads other maps than before"


class Surgeon:
    """Carries weights from ``old`` to a new network, step by step along the trunk.

    Attributes:
        network: the new network.
        fates: what became of the layers so far.
    """

    def __init__(
        self,
        old: GoogLeNet,
        config: GoogLeNetConfig,
        origins: Origins,
        *,
        keep: Keep,
        reference: Reference | None,
        seed: int,
    ) -> None:
        """Build the new network with random weights from ``seed``."""
        self.old, self.origins = old, origins
        self.keep, self.reference = keep, reference
        self.network = GoogLeNet(config).eval()
        self.network.initialise(seed)
        self.fates: list[LayerFate] = []
        # What flows now: its channels in terms of the old network's, and which old maps they are.
        self.channels: Channels = []
        self.source: str | None = None
        self.widths: dict[str, int] = {}

    def operate(self) -> None:
        """Carry everything over."""
        with torch.no_grad():
            self._stem()
            heads = self.network.config.attached
            for name in self.network.modules_by_name:
                self._module(name)
                if name in heads:
                    self._head(heads[name])
            self._classifier()
        self.network.requires_grad_(False)

    # Steps ---------------------------------------------------------------------------------------

    def _stem(self) -> None:
        shades = "norm1" in self.network.trunk and "norm1" in self.old.trunk
        self.channels = [0, 1, 2]
        for name, new in self.network.trunk.items():
            if not isinstance(new, ConvBlock):  # a pool, a norm, a module
                continue
            old = self.old.trunk[name]
            assert isinstance(old, ConvBlock)
            shaded = shades and name != "conv2_reduce"
            outs = choose(norms(old), new.conv.out_channels, together=shaded)
            if "norm1" in self.network.trunk and name != "conv2_reduce":
                # Loud new filters would shade their neighbours through the normalisation.
                fresh = [i for i, channel in enumerate(outs) if channel is None]
                new.conv.weight[fresh] *= QUIET
            self.channels = self._block(name, new, old, outs, self.channels)
        self.source, self.widths = STEM, {STEM: len(self.channels)}

    def _module(self, name: str) -> None:
        origin, ins, note = self.origins[name], self.channels, ""
        widths: Mapping[Branch, int] = {}
        if origin is not None:
            names = [STEM, *self.old.modules_by_name]
            ins, note = self._read(names[names.index(origin) - 1])
            widths = self.old.modules_by_name[origin].widths
        new_widths = self.network.modules_by_name[name].widths
        outs: Channels = []
        for branch, width in new_widths.items():
            if origin is None or branch not in widths:
                self._all_new(_weighted(self.network, name, branch))
                outs += [None] * width
                continue
            start = Place(name, branch).channels(widths).start
            found = self._branch(name, origin, branch, ins, note)
            outs += [None if channel is None else start + channel for channel in found]
        self.channels, self.source = outs, origin
        self.widths = {str(branch): width for branch, width in new_widths.items()}

    def _branch(self, name: str, origin: str, branch: Branch, ins: Channels, note: str) -> Channels:
        """Carry one branch over; where its channels come from in the old branch."""
        new, old = self.network.modules_by_name[name], self.old.modules_by_name[origin]
        layers = _weighted(self.network, name, branch)
        roles = [layer.role for layer in layers]
        old_roles = [layer.role for layer in _weighted(self.old, origin, branch)]
        if not roles and not old_roles:  # an unprojected pool hands its input on
            return list(ins)
        if old_roles not in (roles, [role for role in roles if role != "conv_b"]):
            self._all_new(layers)
            return [None] * new.widths[branch]
        channels = ins
        for layer in layers:
            block = new.branches[branch].get_submodule(layer.role)
            assert isinstance(block, ConvBlock)
            if layer.role not in old_roles:  # a second 3×3 behind the old one: pass on what comes
                channels = self._passing(layer.name, block, channels)
                continue
            old_block = old.branches[branch].get_submodule(layer.role)
            assert isinstance(old_block, ConvBlock)
            scores = norms(old_block)
            if layer.role == old_roles[-1]:
                scores = self._activations(origin, branch, len(scores), scores)
            outs = choose(scores, block.conv.out_channels)
            channels = self._block(layer.name, block, old_block, outs, channels, note)
            note = ""
        return channels

    def _head(self, name: str) -> None:
        new, config = self.network.aux[name], self.network.config.heads[name]
        assert isinstance(new, AuxHead)
        if name not in self.old.aux:
            self._all_new(_weighted(self.network, name))
            return
        old = self.old.aux[name]
        assert isinstance(old, AuxHead)
        ins, note = self._read(self.old.config.heads[name].after)
        outs = choose(norms(old.conv), config.conv)
        outs = self._block(f"{name}/conv", new.conv, old.conv, outs, ins, note)
        flat: Channels = [None] * new.fc.in_features
        hidden: Channels = [None] * config.fc
        if new.pooled_size == old.pooled_size:
            area = range(new.pooled_size**2)
            flat = [None if c is None else c * len(area) + place for c in outs for place in area]
            hidden = choose(old.fc.weight.norm(dim=1), config.fc)
        self._linear(f"{name}/fc", new.fc, old.fc, hidden, flat)
        classes = _classes(new.classifier, old.classifier)
        self._linear(f"{name}/classifier", new.classifier, old.classifier, classes, hidden)

    def _classifier(self) -> None:
        ins, note = self._read(list(self.old.modules_by_name)[-1])
        new, old = self.network.classifier, self.old.classifier
        self._linear("classifier", new, old, _classes(new, old), ins, note)

    # What the steps share ------------------------------------------------------------------------

    def _read(self, expected: str) -> tuple[Channels, str]:
        """The channels now, as something that used to read the old maps ``expected`` sees them."""
        if self.source == expected:
            return self.channels, ""
        old = self.old.modules_by_name.get(expected)
        widths = {str(b): width for b, width in old.widths.items()} if old else {}
        widths = widths or {STEM: self.old.config.stem.conv2}
        return _by_position(self.widths, widths), _MOVED

    def _activations(self, module: str, branch: str, count: int, otherwise: Tensor) -> Tensor:
        reference = None if self.keep == "norm" else self.reference
        known = reference and reference.channels.get(module, {}).get(branch)
        if reference is None or len(known or ()) != count:
            return otherwise
        return reference.channel_means(module, branch, count)

    def _block(
        self,
        layer: str,
        new: ConvBlock,
        old: ConvBlock,
        outs: Channels,
        ins: Sequence[int | None],
        note: str = "",
    ) -> Channels:
        carried = carry_block(new, old, outs, ins)
        was, side = old.conv.kernel_size[0], new.conv.kernel_size[0]
        if was != side:
            change = "its middle is kept" if side < was else "surrounded with zeros"
            note = ", ".join(filter(None, (note, f"{was}×{was} to {side}×{side}: {change}")))
        found = fate(carried, outs, ins, (old.conv.out_channels, old.conv.in_channels))
        if found == "kept" and side != was:
            found = "sliced" if side < was else "grown"
        self._note(layer, found, carried, new.conv.weight.numel(), note)
        return outs

    def _linear(
        self,
        layer: str,
        new: nn.Linear,
        old: nn.Linear,
        outs: Channels,
        ins: Channels,
        note: str = "",
    ) -> None:
        carried = carry_linear(new, old, outs, ins)
        found = fate(carried, outs, ins, (old.out_features, old.in_features))
        self._note(layer, found, carried, new.weight.numel(), note)

    def _passing(self, layer: str, block: ConvBlock, channels: Channels) -> Channels:
        """Make a 3×3 hand its input on: its ReLU has nothing to cut off any more."""
        block.conv.weight.zero_()
        for channel in range(block.conv.out_channels):
            block.conv.weight[channel, channel, 1, 1] = 1
        if isinstance(block.norm, nn.BatchNorm2d):
            block.norm.weight.fill_(sqrt(1 + BATCH_NORM_EPS))  # its statistics are 0 and 1
        self._note(layer, "new", 0, block.conv.weight.numel(), "hands its input on until trained")
        return channels

    def _all_new(self, layers: Sequence[Layer]) -> None:
        for layer in layers:
            self._note(layer.name, "new", 0, layer.weights)

    def _note(self, layer: str, found: Fate, carried: int, weights: int, note: str = "") -> None:
        self.fates.append(LayerFate(layer, found, carried, weights, note))


def _by_position(new: Mapping[str, int], old: Mapping[str, int]) -> Channels:
    """Channel i of a branch for channel i of that branch, where both exist."""
    if not new.keys() & old.keys():
        new, old = {"": sum(new.values())}, {"": sum(old.values())}
    starts = dict(zip(old, accumulate(old.values(), initial=0), strict=False))
    return [
        starts[branch] + i if branch in old and i < old[branch] else None
        for branch, width in new.items()
        for i in range(width)
    ]


def _weighted(network: GoogLeNet, step: str, branch: Branch | Literal[""] = "") -> list[Layer]:
    """The layers of a module's branch, or of a head, that have weights."""
    return [la for la in steps(network.config)[step] if la.branch == branch and la.weights]


def _classes(new: nn.Linear, old: nn.Linear) -> Channels:
    known = min(new.out_features, old.out_features)
    return [*range(known), *[None] * (new.out_features - known)]
