"""Does a map depend on what the network has learned? Shuffle its weights and look again.

Source: Adebayo et al., "Sanity Checks for Saliency Maps", arXiv 1810.03292: a map that stays the
same when the weights are destroyed explains the photo, not the network.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from inception_viz.classifier import Classifier
from inception_viz.errors import ExplainError
from inception_viz.explain.grad_cam import Cams, Variant, cams_from
from inception_viz.explain.gradients import differentiate
from inception_viz.explain.rerun import Progress, ask, question_of, silent
from inception_viz.explain.target import Asked, Target
from inception_viz.network.googlenet import GoogLeNet
from inception_viz.network.recording import bare_copy
from inception_viz.trace import Trace, outputs_of

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
    question = ask(classifier, trace, target)
    if trace.muted or trace.exchanged:
        what = "Unmute everything" if trace.muted else "Take the trace without the exchange"
        raise ExplainError(f"{what} first: this check is about the whole network.")
    module = module or question.modules[-1]
    truth = cams_from(trace, differentiate(question), variant)
    compared = truth.raw(module)
    with torch.inference_mode(False):  # else the copy could never be differentiated
        network = bare_copy(question.network)
    generator = torch.Generator().manual_seed(seed)
    stages = []
    order = _from_the_answer_down(network, question.target.head, question.modules[-1])
    for done, (name, part) in enumerate(order):
        progress(done / len(order))
        _shuffle(part, generator)
        cams = _cams(network, trace, question.target, variant)
        stages.append(Randomised(name, rank_correlation(compared, cams.raw(module)), cams[module]))
    progress(1.0)
    return SanityCheck(module, tuple(stages), question.target)


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's rank correlation of two maps; NaN if one of them is flat."""
    import pandas as pd

    maps = pd.DataFrame({"first": first.ravel(), "second": second.ravel()})
    return float(maps.corr(method="spearman").to_numpy()[0, 1])


def _from_the_answer_down(network: GoogLeNet, head: str, last: str) -> list[tuple[str, nn.Module]]:
    names = list(network.trunk)
    seen = ((name, network.trunk[name]) for name in reversed(names[: names.index(last) + 1]))
    answer = network.classifier if head == "main" else network.aux[head]
    return [("classifier", answer), *((name, step) for name, step in seen if [*step.parameters()])]


def _shuffle(part: nn.Module, generator: torch.Generator) -> None:
    """Move every weight of a layer; the values stay, so activations keep their scale."""
    with torch.no_grad():
        for parameter in part.parameters():
            mixed = torch.randperm(parameter.numel(), generator=generator)
            parameter.copy_(parameter.flatten()[mixed].reshape(parameter.shape))


def _cams(network: GoogLeNet, trace: Trace, target: Target, variant: Variant) -> Cams:
    outputs = outputs_of(network, trace.input, trace.heads)
    shuffled = replace(trace, model="shuffled", **outputs)
    return cams_from(shuffled, differentiate(question_of(network, shuffled, target)), variant)
