"""What the heads believe on the way: certainty and agreement."""

from __future__ import annotations

from dataclasses import dataclass
from math import log2

import torch

from inception_viz.classifier import Classifier
from inception_viz.explain.rerun import ask
from inception_viz.explain.target import Asked
from inception_viz.sources.base import HeadFit
from inception_viz.trace import Trace


@dataclass(frozen=True)
class HeadBelief:
    """What one head believes.

    Attributes:
        head: ``aux1``, ``aux2`` or ``main``.
        after: the module it reads.
        depth: place of that module, 1 for the first.
        probability: of the class in question.
        rank: of the class in question, 1 for the first choice.
        first_choice: index of its first choice.
        entropy: of its probabilities in bits; 0 is certain, log2(classes) knows nothing.
        highest_entropy: log2(classes).
        agrees: whether its first choice is the main head's.
        overlap: Σ min(p, p_main), 0 to 1: how much of its belief is the main head's, too.
        fit: how well it repeats the main head, if it learned to after the trunk was trained.
    """

    head: str
    after: str
    depth: int
    probability: float
    rank: int
    first_choice: int
    entropy: float
    highest_entropy: float
    agrees: bool
    overlap: float
    fit: HeadFit | None


def beliefs(classifier: Classifier, trace: Trace, target: Asked = None) -> list[HeadBelief]:
    """Every trained head's belief, from the earliest to the main head.

    Raises:
        ExplainError: for a class that doesn't exist, or a trace of another classifier.
    """
    index = ask(classifier, trace, target).target.index
    modules = list(trace.modules)
    main = trace.probabilities("main")
    places = {name: head.after for name, head in classifier.config.heads.items()}
    places["main"] = modules[-1]
    found = []
    for head, after in places.items():
        if head not in trace.heads:
            continue
        p = trace.probabilities(head)
        best = int(p.argmax())
        found.append(
            HeadBelief(
                head=head,
                after=after,
                depth=modules.index(after) + 1,
                probability=float(p[index]),
                rank=int((p > p[index]).sum()) + 1,
                first_choice=best,
                entropy=float(torch.special.entr(p.double()).sum() / torch.tensor(2.0).log()),
                highest_entropy=log2(len(p)) if len(p) > 1 else 0.0,
                agrees=best == int(main.argmax()),
                overlap=float(torch.minimum(p, main).sum()),
                fit=classifier.weights.fits.get(head),
            )
        )
    return found
