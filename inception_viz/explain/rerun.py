"""What every explanation asks, and the part of the network behind a module, run again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from inception_viz.architecture.config import Branch
from inception_viz.classifier import Classifier
from inception_viz.errors import ExplainError
from inception_viz.explain.edits import Edits, edits_of
from inception_viz.explain.target import Asked, Target, resolve
from inception_viz.network.googlenet import GoogLeNet, split
from inception_viz.network.recording import recording
from inception_viz.trace import Trace, batch_of_one, frozen

Progress = Callable[[float], None]
"""Is told the share that is done, 0 to 1; what it raises stops the work and reaches the caller."""

MEMORY = 256 * 2**20  # bytes of activations in flight at once, roughly
MAX_VARIANTS = 8  # under way at once: more is no faster, and others wait for their turn


def silent(_share: float) -> None:
    """A :data:`Progress` that nobody watches."""


def within(progress: Progress, done: int, of: int) -> Progress:
    """The progress of one part, where ``done`` parts of ``of`` are behind."""
    return lambda share: progress((done + share) / of)


@dataclass(frozen=True, eq=False)
class Question:
    """One trace's target, and how to get to it from any module's output.

    Attributes:
        network: the classifier's inference network; never changed.
        trace: the picture's trace.
        target: the output in question.
        modules: the modules that the target's head can see, in order.
        edits: what the trace has changed on purpose.
        baseline: module → the output (1, channels, 1, 1) that stands for "left out", where the
            question is about leaving out.
    """

    network: GoogLeNet
    trace: Trace
    target: Target
    modules: tuple[str, ...]
    edits: Edits
    baseline: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def value(self) -> float:
        """The target's value in the trace."""
        return float(self.target.of(self.trace.heads[self.target.head][None]))

    def each(
        self, progress: Progress = silent
    ) -> Iterator[tuple[str, Mapping[Branch, int], Progress]]:
        """The modules in order: name, its branches' widths, the progress of its part."""
        for done, name in enumerate(self.modules):
            widths = self.network.modules_by_name[name].widths
            yield name, widths, within(progress, done, len(self.modules))

    def output(self, module: str) -> Tensor:
        """The module's output as traced, (1, channels, height, width)."""
        return batch_of_one(self.trace.modules[module])

    def walk(self, x: Tensor, after: str | None = None) -> Iterator[tuple[str, Tensor]]:
        """Run the trunk as far as the head sees it, with the edits; yields (step, output).

        ``x`` is the image, or what the step ``after`` puts out.
        """
        return self.network.walk(x, after=after, upto=self.modules[-1], edit=self.edits)

    def last_output(self, x: Tensor, after: str | None = None) -> Tensor:
        """What the last module that the head sees puts out."""
        output = x
        for _, output in self.walk(x, after):  # noqa: B007
            pass
        return output

    def logits(self, module: str, x: Tensor) -> Tensor:
        """The head's logits (N, classes) if ``module`` puts out ``x`` (N, channels, h, w)."""
        return self.network.answer(self.target.head, self.last_output(x, after=module))

    def values(self, module: str, outputs: Tensor, progress: Progress = silent) -> Tensor:
        """The target's value (N,) for N outputs of a module."""
        return self.target.of(self.all_logits(module, outputs, progress)).double()

    def all_logits(self, module: str, outputs: Tensor, progress: Progress = silent) -> Tensor:
        """The logits (N, classes) for N outputs of a module, in batches that fit the memory."""
        batches = torch.split(outputs, min(self.batch_size(module), MAX_VARIANTS))
        logits = []
        with torch.no_grad():
            for done, batch in enumerate(batches):
                progress(done / len(batches))
                logits.append(self.logits(module, batch))
        return torch.cat(logits)

    def nothing(self, module: str) -> Tensor:
        """(1, C, H, W): the baseline all over the module's map."""
        spread = self.baseline[module].expand_as(self.output(module))
        return spread.contiguous(memory_format=torch.channels_last)

    def without_each(self, module: str) -> Tensor:
        """(branches, C, H, W): its output, in each another branch at the baseline (else at 0)."""
        output, widths = self.output(module), self.network.modules_by_name[module].widths
        none = self.baseline.get(module, torch.zeros_like(output[:, :, :1, :1]))
        variants = output.repeat(len(widths), 1, 1, 1)
        for variant, (branch, left_out) in zip(variants, split(none, widths).items(), strict=True):
            split(variant, widths, dim=0)[branch].copy_(left_out[0])
        return variants

    def batch_size(self, module: str) -> int:
        """How many variants of a module's output may be under way at once."""
        behind = self.modules[self.modules.index(module) :]
        largest = max(self.trace.modules[name].numel() for name in behind)
        return max(int(MEMORY / (4 * 4 * largest)), 1)  # input, output and two in between


def ask(classifier: Classifier, trace: Trace, target: Asked = None) -> Question:
    """Put together what every explanation needs.

    Raises:
        ExplainError: for a target that doesn't exist, or a trace of another classifier.
    """
    if trace.model != classifier.key:
        raise ExplainError(
            "This trace was made by another model. Trace the picture with the model to explain."
        )
    return question_of(classifier.inference_network, trace, resolve(trace, target))


def question_of(network: GoogLeNet, trace: Trace, target: Target) -> Question:
    """As :func:`ask`, for a network whose own trace this is, and a target that exists."""
    modules = tuple(trace.modules)
    if target.head != "main":
        after = network.config.heads[target.head].after
        modules = modules[: modules.index(after) + 1]
    return Question(network, trace, target, modules, edits_of(network, trace))


def retrace(question: Question, first: str, **changes: Any) -> Trace:
    """The trace that the picture has with the question's edits; in front of ``first`` it stays.

    Args:
        question: to the main head.
        first: the first module that is edited.
        changes: other fields of the new trace.
    """
    network, trace, edits = question.network, question.trace, question.edits
    attached = network.config.attached
    heads: dict[str, Tensor] = {}
    with torch.no_grad(), recording(network) as record:
        outputs = {first: edits(first, question.output(first))}
        outputs |= question.walk(outputs[first], after=first)
        for name, x in outputs.items():
            if attached.get(name) in trace.heads:
                heads[attached[name]] = network.answer(attached[name], x)[0]
        heads["main"] = network.classify(outputs[question.modules[-1]])[0]
    modules = {name: outputs[name][0] for name in trace.modules if name in outputs}
    branches = {n: network.modules_by_name[n].split(out, dim=0) for n, out in modules.items()}
    reduces = {
        name: {branch: record[f"{name}/{branch}/reduce"][0] for branch in trace.reduces[name]}
        for name in modules
        if name != first  # its reduces lie in front of what is edited
    }
    return replace(
        trace,
        heads=frozen({**trace.heads, **heads}),
        modules=frozen({**trace.modules, **modules}),
        branches=frozen({**trace.branches, **branches}),
        reduces=frozen({**trace.reduces, **reduces}),
        **changes,
    )


@contextmanager
def gradients_on() -> Iterator[None]:
    """Allow gradients, whatever the caller's mode."""
    with torch.inference_mode(False), torch.enable_grad():
        yield
