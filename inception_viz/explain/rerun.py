"""The part of the network behind a module: run it again with other outputs of that module."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from inception_viz.classifier import Classifier
from inception_viz.errors import ExplainError
from inception_viz.explain.target import Asked, Target, resolve
from inception_viz.network.googlenet import GoogLeNet
from inception_viz.trace import Trace

Progress = Callable[[float], None]
"""Is told the share that is done, 0 to 1; what it raises stops the work and reaches the caller."""

MEMORY = 256 * 2**20  # bytes of activations in flight at once, roughly
MOST = 8  # variants under way at once: more is no faster, and others wait for their turn


def silent(_share: float) -> None:
    """A :data:`Progress` that nobody watches."""


def within(progress: Progress, done: int, of: int) -> Progress:
    """The progress of one part, where ``done`` parts of ``of`` are behind."""
    return lambda share: progress((done + share) / of)


@dataclass(frozen=True, eq=False)
class Explained:
    """What is explained: one trace's target, and how to get to it from any module's output.

    Attributes:
        network: the classifier's inference network; never changed.
        trace: the picture's trace.
        target: the output in question.
        modules: the modules that the target's head can see, in order.
        masks: module → (channels, 1, 1) of 0 where the trace has something muted, else 1.
    """

    network: GoogLeNet
    trace: Trace
    target: Target
    modules: tuple[str, ...]
    masks: Mapping[str, Tensor]

    def output(self, module: str) -> Tensor:
        """The module's output as traced, (1, channels, height, width)."""
        return self.trace.modules[module][None]

    def logits(self, module: str, x: Tensor) -> Tensor:
        """The head's logits (N, classes) if ``module`` puts out ``x`` (N, channels, h, w)."""
        for name in self._steps_behind(module):
            x = self.step(name, x)
        return self.answer(x)

    def step(self, name: str, x: Tensor) -> Tensor:
        """One step of the trunk, with what is muted there."""
        x = self.network.trunk[name](x)
        return x * self.masks[name] if name in self.masks else x

    def answer(self, x: Tensor) -> Tensor:
        """The head on the output of the module it attaches to."""
        head = self.target.head
        logits: Tensor = self.network.classify(x) if head == "main" else self.network.aux[head](x)
        return logits

    def values(self, module: str, outputs: Tensor, progress: Progress = silent) -> Tensor:
        """The target's value (N,) for N outputs of a module, in bites that fit the memory."""
        return self.target.of(self.all_logits(module, outputs, progress)).double()

    def all_logits(self, module: str, outputs: Tensor, progress: Progress = silent) -> Tensor:
        """The logits (N, classes) for N outputs of a module, in bites that fit the memory."""
        bites = torch.split(outputs, min(self.bite(module), MOST))
        parts = []
        with torch.no_grad():
            for done, part in enumerate(bites):
                progress(done / len(bites))
                parts.append(self.logits(module, part))
        return torch.cat(parts)

    def bite(self, module: str) -> int:
        """How many variants of a module's output may be under way at once."""
        behind = self.modules[self.modules.index(module) :]
        largest = max(self.trace.modules[name].numel() for name in behind)
        return max(int(MEMORY / (4 * 4 * largest)), 1)  # input, output and two in between

    @property
    def value(self) -> float:
        """The target's value in the trace."""
        return float(self.target.of(self.trace.heads[self.target.head][None]))

    def _steps_behind(self, module: str) -> Iterator[str]:
        names = list(self.network.trunk)
        last = names.index(self.modules[-1])
        yield from names[names.index(module) + 1 : last + 1]


def explained(classifier: Classifier, trace: Trace, asked: Asked) -> Explained:
    """Put together what every explanation needs.

    Raises:
        ExplainError: for a target that doesn't exist, or a trace of another classifier.
    """
    if trace.model != classifier.key:
        raise ExplainError(
            "This trace was made by another model. Trace the picture with the model to explain."
        )
    target = resolve(trace, asked)
    network = classifier.inference_network
    return explained_by(network, trace, target)


def explained_by(network: GoogLeNet, trace: Trace, target: Target) -> Explained:
    """As :func:`explained`, for a network whose own trace this is, and a target that exists."""
    modules = tuple(trace.modules)
    if target.head != "main":
        after = network.config.heads[target.head].after
        modules = modules[: modules.index(after) + 1]
    with torch.inference_mode(False):  # else gradients could never pass the masks
        silenced = masks(network, trace.muted)
    return Explained(network, trace, target, modules, silenced)


def masks(network: GoogLeNet, muted: frozenset[str]) -> dict[str, Tensor]:
    """Module → (channels, 1, 1): 0 for what is muted, 1 for the rest.

    ``muted`` holds "4c" (a module), "4c/5x5" (a branch) or "4c/5x5:7" (a channel of it).

    Raises:
        ExplainError: for a place that doesn't exist.
    """
    found: dict[str, Tensor] = {}
    modules = network.modules_by_name
    for place in sorted(muted):
        path, _, channel = place.partition(":")
        name, _, branch = path.partition("/")
        module = modules.get(name)
        widths = module.widths if module is not None else {}
        if not widths or (branch and branch not in widths) or (channel and not branch):
            raise ExplainError(f'There is no "{place[:60]}" to mute in this network.')
        mask = found.setdefault(name, torch.ones(sum(widths.values()), 1, 1))
        start = 0
        for each, width in widths.items():
            if branch in ("", each):
                _mute(mask[start : start + width], channel, place)
            start += width
    return found


def _mute(part: Tensor, channel: str, place: str) -> None:
    if not channel:
        part.zero_()
    elif channel.isdecimal() and len(channel) < 7 and int(channel) < len(part):
        part[int(channel)] = 0
    else:
        raise ExplainError(
            f'There is no channel "{place[:60]}"; that branch has 0 to {len(part) - 1}.'
        )


@contextmanager
def gradients_on() -> Iterator[None]:
    """Allow gradients, whatever the caller's mode."""
    with torch.inference_mode(False), torch.enable_grad():
        yield
