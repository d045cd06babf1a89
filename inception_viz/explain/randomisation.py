"""Does a map depend on what the network has learned? Shuffle its weights and look again.

Source: Adebayo et al., "Sanity Checks for Saliency Maps", arXiv 1810.03292: a map that stays the
same when the weights are destroyed explains the photo, not the network.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from inception_viz.classifier import Classifier
from inception_viz.errors import ExplainError
from inception_viz.explain.grad_cam import Cams, Variant, cams_from
from inception_viz.explain.gradients import differentiate
from inception_viz.explain.rerun import (
    Progress,
    explained,
    explained_by,
    silent,
)
from inception_viz.explain.target import Asked, Target
from inception_viz.network.googlenet import GoogLeNet
from inception_viz.trace import Trace, assemble, run

SUSPICIOUS = 0.7  # rank correlation with every weight shuffled that is called out


@dataclass(frozen=True, eq=False)
class Randomised:
    """One stage of the shuffling.

    Attributes:
        down_to: the deepest-lying step whose weights are shuffled; all behind it are, too.
        correlation: Spearman's rank correlation of the map with the true one, −1 to 1; NaN if
            either map is flat.
        values: (size, size), the map after ReLU.
    """

    down_to: str
    correlation: float
    values: np.ndarray


@dataclass(frozen=True, eq=False)
class SanityCheck:
    """A module's map while the network is destroyed from the answer down to the input.

    Attributes:
        module: whose map.
        stages: from the classifier alone to all weights.
        target: the output in question.
    """

    module: str
    stages: tuple[Randomised, ...]
    target: Target

    @property
    def suspicious(self) -> bool:
        """Whether the map hardly changes with every weight shuffled."""
        final = self.stages[-1].correlation
        return bool(final > SUSPICIOUS)


def sanity_check(
    classifier: Classifier,
    trace: Trace,
    target: Asked = None,
    *,
    module: str = "",
    variant: Variant = "grad_cam",
    seed: int = 0,
    progress: Progress = silent,
) -> SanityCheck:
    """Shuffle the weights layer after layer, from the classifier down, and compare the maps.

    The classifier itself keeps its weights; a copy is shuffled.

    Raises:
        ExplainError: for a module that the head can't see, an unknown target or variant, or a trace
            of another classifier or with something muted.
    """
    what = explained(classifier, trace, target)
    if trace.muted:
        raise ExplainError("Unmute everything first: this check is about the whole network.")
    module = module or what.modules[-1]
    truth = cams_from(trace, differentiate(what), variant)
    compared = truth.raw(module)
    with torch.inference_mode(False):  # else the copy could never be differentiated
        network = copy.deepcopy(what.network)
    generator = torch.Generator().manual_seed(seed)
    stages = []
    order = _from_the_answer_down(network, what.target.head, what.modules[-1])
    for done, (name, part) in enumerate(order):
        progress(done / len(order))
        _shuffle(part, generator)
        cams = _cams(network, trace, what.target, variant)
        stages.append(Randomised(name, rank_correlation(compared, cams.raw(module)), cams[module]))
    progress(1.0)
    return SanityCheck(module, tuple(stages), what.target)


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's rank correlation of two maps; NaN if one of them is flat."""
    ranks = [_ranks(values.ravel()) for values in (first, second)]
    if any(r.std() == 0 for r in ranks):
        return float("nan")
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks, equal values sharing their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    mean_rank: np.ndarray = (ends - (counts - 1) / 2)[inverse]
    return mean_rank


def _from_the_answer_down(network: GoogLeNet, head: str, last: str) -> list[tuple[str, nn.Module]]:
    names = list(network.trunk)
    trunk = [(n, network.trunk[n]) for n in names[: names.index(last) + 1]]
    weighted = [(n, part) for n, part in trunk if any(True for _ in part.parameters())]
    answer = network.classifier if head == "main" else network.aux[head]
    return [("classifier", answer), *reversed(weighted)]


def _shuffle(part: nn.Module, generator: torch.Generator) -> None:
    """Move every weight of a layer; the values stay, so activations keep their scale."""
    with torch.no_grad():
        for parameter in part.parameters():
            flat = parameter.flatten()
            mixed = flat[torch.randperm(len(flat), generator=generator)]
            parameter.copy_(mixed.reshape(parameter.shape))


def _cams(network: GoogLeNet, trace: Trace, target: Target, variant: Variant) -> Cams:
    logits, record = run(network, trace.input)
    shuffled = assemble(
        network,
        logits,
        record,
        picture=trace.picture,
        fitting=trace.fitting,
        input=trace.input,
        labels=trace.labels,
        model="shuffled",
        trained_heads=tuple(trace.heads),
    )
    return cams_from(shuffled, differentiate(explained_by(network, shuffled, target)), variant)
