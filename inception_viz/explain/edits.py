"""What is changed in a trace on purpose: places that put out zeros, or another picture's maps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from inception_viz.architecture.places import Place, Widths
from inception_viz.errors import ExplainError
from inception_viz.network.googlenet import GoogLeNet
from inception_viz.trace import Trace


@dataclass(frozen=True, eq=False)
class Edits:
    """Changes of modules' outputs, made before the next step reads them.

    Attributes:
        exchanged: module → channels, and the maps (channels, height, width) to put there.
        masks: module → (channels, 1, 1) of 0 where something is muted, else 1; muting comes last.
    """

    exchanged: Mapping[str, tuple[tuple[slice, Tensor], ...]] = field(default_factory=dict)
    masks: Mapping[str, Tensor] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything is changed."""
        return bool(self.exchanged or self.masks)

    def __call__(self, step: str, output: Tensor) -> Tensor:
        """What the step puts out (N, channels, height, width), with the changes; a new tensor."""
        if step in self.exchanged:
            output = output.clone()
            for channels, maps in self.exchanged[step]:
                output[:, channels] = maps
        return output * self.masks[step] if step in self.masks else output

    def computed(self, module: str, width: int) -> Tensor:
        """(width, 1, 1): 1 for the module's channels that come from its input, 0 for the others."""
        mask = self.masks.get(module, torch.ones(width, 1, 1)).clone()
        for channels, _ in self.exchanged.get(module, ()):
            mask[channels] = 0
        return mask


def edits_of(network: GoogLeNet, trace: Trace) -> Edits:
    """What ``trace`` has changed, a trace of ``network``."""
    return Edits(exchange_of(network, trace.exchanged), masks_of(network, trace.muted))


def exchange_of(
    network: GoogLeNet, maps: Mapping[str, Tensor]
) -> dict[str, tuple[tuple[slice, Tensor], ...]]:
    """Module → its channels and what to put there, of place → maps; all places exist."""
    found: dict[str, tuple[tuple[slice, Tensor], ...]] = {}
    for place in places_in(network, maps, "exchange"):
        channels = place.channels(network.modules_by_name[place.module].widths)
        found[place.module] = (*found.get(place.module, ()), (channels, maps[str(place)]))
    return found


def masks_of(network: GoogLeNet, muted: Iterable[str]) -> dict[str, Tensor]:
    """Module → (channels, 1, 1): 0 for the places that are ``muted``, 1 for the rest.

    Raises:
        ExplainError: for a place that doesn't exist.
    """
    masks: dict[str, Tensor] = {}
    with torch.inference_mode(False):  # else gradients could never pass them
        for place in places_in(network, muted, "mute"):
            widths = network.modules_by_name[place.module].widths
            mask = masks.setdefault(place.module, torch.ones(sum(widths.values()), 1, 1))
            mask[place.channels(widths)] = 0
    return masks


def places_in(network: GoogLeNet, texts: Iterable[str], to: str) -> list[Place]:
    """Places of ``network``, in its modules' order; ``to`` says in an error what was wanted.

    Raises:
        ExplainError: for a place that doesn't exist.
    """
    widths = {name: module.widths for name, module in network.modules_by_name.items()}
    order, places = list(widths), []
    for text in sorted(set(texts)):
        place = Place.parse(text)
        if place is None or not place.within(widths):
            raise ExplainError(_no_such_place(text, widths, to))
        places.append(place)
    return sorted(places, key=lambda place: order.index(place.module))


def _no_such_place(text: str, widths: Widths, to: str) -> str:
    branch = Place.parse(text.partition(":")[0])
    if ":" not in text or branch is None or branch.branch is None or not branch.within(widths):
        return f'There is no "{text[:60]}" to {to} in this network.'
    last = widths[branch.module][branch.branch] - 1
    return f'There is no channel "{text[:60]}"; that branch has 0 to {last}.'
