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
        removed: its change with the concept taken out: every place of the map moves along the
            direction until the discriminant reads what it reads for photos without it on average;
            everything behind is run again.
        chance: (directions,), its change if each place moves as far along a random direction: what
            the photo's own places put out, added up with random weights.
    """

    module: str
    value: float
    added: float
    removed: float
    chance: np.ndarray

    @property
    def rank(self) -> float:
        """The share of random directions that change it less, up or down, 0 to 1."""
        return float((np.abs(self.chance) < abs(self.removed)).mean())


def concept_map(classifier: Classifier, trace: Trace, concept: Concept, place: str) -> np.ndarray:
    """(h, w): where the concept fires on a photo, above 0 where it is more like photos with it.

    What the discriminant reads at each place: 0 in the middle between both groups' means, 1 at the
    mean of those with it. Its mean over the map is what decides on which side a photo is, and thus
    what ``concept.accuracy`` counts.

    Raises:
        ExplainError: for a concept of another network, or a place that it doesn't know.
    """
    _check(classifier, concept, place)
    return np.asarray(_read(trace.layer(place), concept, place))


def dependence(
    classifier: Classifier, trace: Trace, concept: Concept, module: str, target: Asked = None
) -> Dependence:
    """How much the target depends on the concept in ``module``.

    The discriminant reads how much of it is there; the output moves along the difference of the
    means, which is how activations differ with it. The discriminant is no such direction, for it
    also leans away from what else varies between photos (Haufe et al., NeuroImage 2014). After
    that the discriminant can't tell, as with LEACE (Belrose et al., NeurIPS 2023).

    Beside it stand random directions, added up from what the photo's own places put out. With all
    channels drawn alike, even the difference of two random groups of photos would often change
    more than any of them.

    Raises:
        ExplainError: as :func:`concept_map`; for a target that doesn't exist, or a module that its
            head can't see.
    """
    question = ask(classifier, trace, target)
    _check(classifier, concept, module)
    if module not in question.modules:
        raise ExplainError(
            f'The head in question can\'t see "{module[:20]}"; it sees '
            f"{', '.join(question.modules)}."
        )
    output = question.output(module)
    direction = torch.tensor(concept.directions[module]).double()
    slope = differentiate(question).at[module].double()
    added = float(slope.sum((1, 2)) @ direction)
    # The discriminant reads 1 for photos with it, −1 without it: a whole direction apart.
    steps = -(_read(output[0], concept, module) + 1) / 2
    random = torch.Generator().manual_seed(0)
    places = output[0].double().flatten(1)
    weights = torch.randn(_RANDOM, places.shape[1], generator=random, dtype=torch.float64)
    others = weights @ places.T
    others *= direction.norm() / others.norm(dim=1, keepdim=True).clamp(min=1e-12)
    along = torch.cat([direction[None], others])[:, :, None, None] * steps
    variants = (output.double() + along).to(output.dtype)
    values = question.values(module, variants) - question.value
    return Dependence(module, question.value, added, float(values[0]), np.asarray(values[1:]))


def _read(maps: Tensor, concept: Concept, place: str) -> Tensor:
    """(h, w), what the discriminant reads at each place of (channels, h, w)."""
    discriminant = torch.tensor(concept.discriminants[place]).double()
    return torch.einsum("chw,c->hw", maps.double(), discriminant) - concept.middles[place]


def _check(classifier: Classifier, concept: Concept, place: str) -> None:
    if concept.network != identity(classifier):
        raise ExplainError(
            f'"{concept.name}" was found in another network. Choose that one, or look for the '
            "concept in this one."
        )
    if len(concept.directions.get(place, ())) != _width(classifier, place):
        raise ExplainError(f'The concept knows no place "{place[:20]}" in this network.')


def _width(classifier: Classifier, place: str) -> int:
    """How many channels a module or branch has; −1 where there is none."""
    found, modules = Place.parse(place), classifier.network.modules_by_name
    widths = {name: module.widths for name, module in modules.items()}
    if found is None or found.channel is not None or not found.within(widths):
        return -1
    own = widths[found.module]
    return own[found.branch] if found.branch else sum(own.values())
