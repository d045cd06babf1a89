"""Which exchanged branches carry one picture's answer over to another: a small set of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from inception_viz.architecture.places import Place
from inception_viz.classifier import Classifier
from inception_viz.errors import ExplainError
from inception_viz.explain.interchange import exchanged, maps_of, pair
from inception_viz.explain.rerun import Progress, Question, question_of, silent, within
from inception_viz.trace import Trace

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Exchanged:
    """One branch on the way to B's answer.

    Attributes:
        place: the branch.
        margin: of B's answer over the best other class, in logits, with this branch and all before
            it exchanged; the answer is B's where it is above 0.
        first_choice: the head's first choice then.
        kept: whether the branch is still needed at the end.
        without: the first choice with the whole set but this branch; None if it isn't kept.
    """

    place: str
    margin: float
    first_choice: int
    kept: bool
    without: int | None


@dataclass(frozen=True, eq=False)
class CarryingSet:
    """Branches whose exchange makes picture A's answer that of picture B.

    Found greedily: each round takes the branch that gives B's answer the widest margin, at the end
    what became dispensable is taken out again. A smaller set of other branches may exist.

    Attributes:
        places: the set, in the network's order; empty where A's answer is B's already.
        steps: the rounds, in order.
        trace: A's trace with the set exchanged.
        head: whose answers are meant.
        first_a, first_b: that head's first choices for A and B, as class indices.
        margin_a: margin of B's answer over the best other class for A as it is, in logits.
    """

    places: tuple[str, ...]
    steps: tuple[Exchanged, ...]
    trace: Trace
    head: str
    first_a: int
    first_b: int
    margin_a: float

    @property
    def minimal(self) -> bool:
        """The check: it carries B's answer, and taking any single branch out of it undoes that."""
        carries = int(self.trace.heads[self.head].argmax()) == self.first_b
        return carries and all(step.without != self.first_b for step in self.steps if step.kept)

    def to_frame(self) -> pd.DataFrame:
        """One row a round."""
        import pandas as pd

        columns = ["place", "margin", "first_choice", "kept", "without"]
        return pd.DataFrame([vars(step) for step in self.steps], columns=columns)


def carrying_set(
    classifier: Classifier,
    trace_a: Trace,
    trace_b: Trace,
    *,
    head: str = "main",
    modules: Sequence[str] | None = None,
    progress: Progress = silent,
) -> CarryingSet:
    """Look for a small set of branches that carries B's answer over to A.

    There always is one: all that the network knows passes through each module, so exchanging a
    whole module gives B's answer exactly.

    Each round tries every branch that is left, with the network behind it run again: about ten
    plain forward passes for the paper's network, less in later ``modules``.

    Args:
        trace_a, trace_b: of the same classifier, whole.
        head: whose first choice is meant.
        modules: whose branches may be exchanged, one at least; default all that the head sees.

    Raises:
        ExplainError: for no module or one that the head can't see, a head that doesn't exist, a
            trace of another classifier, or one that has something muted or exchanged.
    """
    question = pair(classifier, trace_a, trace_b, head)
    allowed = _allowed(question, modules)
    search = _Search(question, trace_b)
    taken: list[tuple[Place, float, int]] = []
    now, answer = trace_a, _answer(trace_a, question)
    while answer != question.target.index:
        # Nobody knows how many rounds it takes: each gets half of what is left.
        done = 1 - 0.5 ** len(taken)
        here: Progress = lambda share, done=done: progress(done + share * (1 - done) / 2)  # type: ignore[misc]  # noqa: E731
        place = search.best(now, [p for p in allowed if p not in {t for t, *_ in taken}], here)
        now = search.with_all([*(t for t, *_ in taken), place])
        answer = _answer(now, question)
        taken.append((place, search.margin(now), answer))
    kept = [place for place, *_ in taken]
    without = search.prune(kept)
    if len(kept) < len(taken):
        now = search.with_all(kept)
    progress(1.0)
    places = tuple(str(place) for place in allowed if place in kept)
    return CarryingSet(
        places,
        tuple(
            Exchanged(str(place), margin, choice, place in kept, without.get(place))
            for place, margin, choice in taken
        ),
        now,
        head,
        int(trace_a.heads[head].argmax()),
        question.target.index,
        search.margin(trace_a),
    )


class _Search:
    """The exchanges between two traces that may be tried."""

    def __init__(self, question: Question, trace_b: Trace) -> None:
        self.question, self.trace_b = question, trace_b

    def with_all(self, places: Sequence[Place]) -> Trace:
        """A's trace with these places exchanged."""
        return exchanged(self.question, self.trace_b, places) if places else self.question.trace

    def best(self, now: Trace, places: Sequence[Place], progress: Progress) -> Place:
        """Which of the places gives B's answer the widest margin if it is exchanged, too."""
        network = self.question.network
        question = question_of(network, now, self.question.target)
        by_module: dict[str, list[Place]] = {}
        for place in places:
            by_module.setdefault(place.module, []).append(place)
        margins: dict[Place, float] = {}
        for done, (module, own) in enumerate(by_module.items()):
            variants = question.output(module).repeat(len(own), 1, 1, 1)
            for variant, place in zip(variants, own, strict=True):
                widths = network.modules_by_name[module].widths
                variant[place.channels(widths)] = maps_of(self.trace_b, place)
            here = within(progress, done, len(by_module))
            found = self._margins(question.all_logits(module, variants, here)).tolist()
            margins |= dict(zip(own, found, strict=True))
        return max(margins, key=margins.__getitem__)

    def margin(self, trace: Trace) -> float:
        """Of B's answer over the best other class, in logits."""
        return float(self._margins(trace.heads[self.question.target.head][None])[0])

    def prune(self, kept: list[Place]) -> dict[Place, int]:
        """Take out of ``kept`` what isn't needed; the first choice without each that stays."""
        wanted = self.question.target.index
        while True:
            without = {
                place: _answer(self.with_all([p for p in kept if p != place]), self.question)
                for place in kept
            }
            spare = next((place for place, first in without.items() if first == wanted), None)
            if spare is None:
                return without
            kept.remove(spare)

    def _margins(self, logits: Tensor) -> Tensor:
        index = self.question.target.index
        others = torch.cat([logits[:, :index], logits[:, index + 1 :]], dim=1)
        best = others.max(dim=1).values if others.shape[1] else torch.zeros(len(logits))
        return (logits[:, index] - best).double()


def _answer(trace: Trace, question: Question) -> int:
    return int(trace.heads[question.target.head].argmax())


def _allowed(question: Question, modules: Sequence[str] | None) -> list[Place]:
    """All branches of the modules, in the network's order."""
    if modules is not None and not modules:
        raise ExplainError("Name one module at least whose branches may be exchanged.")
    for name in modules or ():
        if name not in question.modules:
            raise ExplainError(
                f'The head in question can\'t see a module "{name[:20]}"; it sees '
                f"{', '.join(question.modules)}."
            )
    return [
        Place(name, branch)
        for name, widths, _ in question.each()
        if modules is None or name in modules
        for branch in widths
    ]
