"""Where a concept fires on a photo, and how much the answer depends on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from inception_viz.architecture.places import Place
from inception_viz.classifier import Classifier
from inception_viz.errors import ExplainError
from inception_viz.explain.gradients import differentiate
from inception_viz.explain.rerun import ask
from inception_viz.explain.target import Asked
from inception_viz.features.concepts.result import Concept
from inception_viz.features.responses import identity
from inception_viz.trace import Trace

_RANDOM = 24  # directions to compare with


@dataclass(frozen=True, eq=False)
class Dependence:
    """How much an answer depends on a concept in one module.

    Attributes:
        module: where.
        value: the target's value as it is.
        added: its first-order change if the module's output moved everywhere by the concept's
            direction, from photos without it to photos with it.
        removed: its change with the concept taken out: every place of the map gets what photos
            without it have along the direction on average; everything behind is run again.
        chance: (directions,), the same change for random directions of the same length.
    """

    module: str
    value: float
    added: float
    removed: float
    chance: np.ndarray

    @property
    def rank(self) -> float:
        """The share of random directions whose removal changes less, up or down, 0 to 1."""
        return float((np.abs(self.chance) < abs(self.removed)).mean())


def concept_map(classifier: Classifier, trace: Trace, concept: Concept, place: str) -> np.ndarray:
    """(h, w): where the concept fires on a photo, above 0 where it is more like photos with it.

    0 is the middle between both groups' means, 1 the mean of those with it.

    Raises:
        ExplainError: for a concept of another network, or a place that it doesn't know.
    """
    direction, (without, with_it) = _along(classifier, concept, place)
    maps = trace.layer(place).double()
    along = torch.einsum("chw,c->hw", maps, direction)
    half = (with_it - without) / 2 or 1.0
    return np.asarray((along - (with_it + without) / 2) / half)


def dependence(
    classifier: Classifier, trace: Trace, concept: Concept, module: str, target: Asked = None
) -> Dependence:
    """How much the target depends on the concept in ``module``.

    Raises:
        ExplainError: as :func:`concept_map`; for a target that doesn't exist, or a module that its
            head can't see.
    """
    question = ask(classifier, trace, target)
    direction, (without, _) = _along(classifier, concept, module)
    if module not in question.modules:
        raise ExplainError(
            f'The head in question can\'t see "{module[:20]}"; it sees '
            f"{', '.join(question.modules)}."
        )
    output = question.output(module)
    slope = differentiate(question).at[module].double()
    added = float(slope.sum((1, 2)) @ torch.tensor(concept.directions[module]).double())
    random = torch.Generator().manual_seed(0)
    others = torch.randn(_RANDOM, len(direction), generator=random, dtype=torch.float64)
    others = others / others.norm(dim=1, keepdim=True)
    # Along a random direction, what photos have on average is unknown: the photo's own mean.
    means = torch.einsum("chw,nc->n", output[0].double(), others) / output[0, 0].numel()
    variants = [_without(output[0], direction, without)]
    variants += [
        _without(output[0], other, float(mean)) for other, mean in zip(others, means, strict=True)
    ]
    values = question.values(module, torch.stack(variants)) - question.value
    return Dependence(module, question.value, added, float(values[0]), np.asarray(values[1:]))


def _without(maps: Tensor, direction: Tensor, level: float) -> Tensor:
    """Maps (channels, h, w) with ``level`` along a direction of length 1 at every place."""
    along = torch.einsum("chw,c->hw", maps.double(), direction)
    changed = maps.double() + direction[:, None, None] * (level - along)
    return changed.to(maps.dtype)


def _along(
    classifier: Classifier, concept: Concept, place: str
) -> tuple[Tensor, tuple[float, float]]:
    """The direction, of length 1, and where both groups' means lie along it."""
    if concept.network != identity(classifier):
        raise ExplainError(
            f'"{concept.name}" was found in another network. Choose that one, or look for the '
            "concept in this one."
        )
    if len(concept.directions.get(place, ())) != _width(classifier, place):
        raise ExplainError(f'The concept knows no place "{place[:20]}" in this network.')
    direction = torch.tensor(concept.directions[place]).double()
    without, with_it = map(float, concept.means[place])
    return direction / (direction.norm() or 1.0), (without, with_it)


def _width(classifier: Classifier, place: str) -> int:
    """How many channels a module or branch has; −1 where there is none."""
    found, modules = Place.parse(place), classifier.network.modules_by_name
    widths = {name: module.widths for name, module in modules.items()}
    if found is None or found.channel is not None or not found.within(widths):
        return -1
    own = widths[found.module]
    return own[found.branch] if found.branch else sum(own.values())
