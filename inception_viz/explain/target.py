"""The output that an explanation is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from torch import Tensor

from inception_viz.architecture.config import HEAD_NAMES
from inception_viz.errors import ExplainError
from inception_viz.network.googlenet import probabilities
from inception_viz.trace import Trace

Kind = Literal["logit", "probability"]


@dataclass(frozen=True)
class Target:
    """One number that a head puts out.

    Attributes:
        index: the class.
        against: with it, the margin: the logit of ``index`` minus the logit of ``against``.
        head: ``main``, ``aux1`` or ``aux2``.
        kind: the class's logit, or its probability (softmax over all classes).
    """

    index: int
    against: int | None = None
    head: str = "main"
    kind: Kind = "logit"

    def of(self, logits: Tensor) -> Tensor:
        """The target's value for logits (N, classes), as (N,)."""
        if self.kind == "probability":
            return probabilities(logits)[:, self.index]
        value = logits[:, self.index]
        return value if self.against is None else value - logits[:, self.against]

    @property
    def unit(self) -> str:
        """What its value is measured in."""
        return "probability" if self.kind == "probability" else "logits"

    def classes(self, labels: Sequence[str]) -> str:
        """The class, or both: "espresso", "espresso over cup"."""
        name = labels[self.index]
        return name if self.against is None else f"{name} over {labels[self.against]}"

    def describe(self, labels: Sequence[str]) -> str:
        """In words: "logit of espresso", "margin of espresso over cup"."""
        kind = self.kind if self.against is None else "margin"
        words = f"{kind} of {self.classes(labels)}"
        return words if self.head == "main" else f"{words} ({HEAD_NAMES[self.head]})"


Asked = Target | int | str | None


def resolve(trace: Trace, asked: Asked) -> Target:
    """Make a :class:`Target` of a class's index or label; None is the main head's first choice.

    Raises:
        ExplainError: if the class or the head doesn't exist, with what does.
    """
    if asked is None:
        return Target(trace.top_classes(1)[0][0])
    if isinstance(asked, str):
        return Target(find_class(trace.labels, asked))
    target = asked if isinstance(asked, Target) else Target(int(asked))
    for index in (target.index, target.against):
        if index is not None and not 0 <= index < len(trace.labels):
            raise ExplainError(
                f"There is no class {index}; this network's classes are 0 to "
                f"{len(trace.labels) - 1}."
            )
    if target.against is not None and target.kind == "probability":
        raise ExplainError("A margin compares two logits; choose the kind logit for it.")
    if target.against == target.index:
        raise ExplainError("A margin needs two different classes.")
    if target.head not in trace.heads:
        raise ExplainError(
            f'These weights have no trained head "{target.head}"; there are '
            f"{', '.join(trace.heads)}."
        )
    return target


def find_class(labels: Sequence[str], name: str) -> int:
    """The index of a label, or of one of its synonyms ("tabby" for "tabby, tabby cat").

    A number is taken as the index itself.

    Raises:
        ExplainError: naming what comes close.
    """
    wanted = " ".join(name.split()).lower()
    names: dict[str, int] = {}
    for index, label in enumerate(labels):
        for synonym in (label, *label.split(",")):
            names.setdefault(" ".join(synonym.split()).lower(), index)
    if wanted in names:
        return names[wanted]
    if wanted.isdecimal() and int(wanted) < len(labels):
        return int(wanted)
    near = get_close_matches(wanted, names, n=3, cutoff=0.6)
    near += [n for n in names if wanted and wanted in n and n not in near][: 3 - len(near)]
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise ExplainError(f'No class of this network is called "{name[:60]}".{hint}')
