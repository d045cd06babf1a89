"""Is a map right about what matters? Delete or insert pixels in its order and watch the answer.

Source: Petsiuk, Das, Saenko, "RISE: Randomized Input Sampling for Explanation of Black-box Models",
arXiv 1806.07421, section 4.3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from inception_viz.classifier import Classifier
from inception_viz.errors import ExplainError
from inception_viz.explain.rerun import Progress, ask, silent, within
from inception_viz.explain.target import Asked, Target
from inception_viz.trace import Trace

if TYPE_CHECKING:
    import pandas as pd

Game = Literal["deletion", "insertion"]
STEPS = 20
_BATCH = 8
_RANDOM_MAPS = 2
_BLUR = (51, 20.0)  # pixels for a 224-pixel input: kernel and standard deviation


@dataclass(frozen=True, eq=False)
class Curve:
    """How the answer follows as pixels go, or come.

    Attributes:
        share: (steps + 1,), part of the pixels deleted or inserted, 0 to 1.
        value: (steps + 1,), probability of the class.
    """

    share: np.ndarray
    value: np.ndarray

    @property
    def area(self) -> float:
        """Area under the curve, 0 to 1. Low is good for deletion, high for insertion."""
        return float(np.trapezoid(self.value, self.share))


@dataclass(frozen=True, eq=False)
class Faithfulness:
    """A map's curves beside those of maps that know nothing.

    Attributes:
        deletion, insertion: ranking → curve; rankings are ``map``, ``random`` (mean of several
            coarse random maps) and ``centre`` (the nearer the middle, the earlier).
        target: the class in question.
    """

    deletion: Mapping[str, Curve]
    insertion: Mapping[str, Curve]
    target: Target

    def to_frame(self) -> pd.DataFrame:
        """One row a point of a curve."""
        import pandas as pd

        return pd.concat(
            pd.DataFrame({"game": game, "ranking": name, "share": c.share, "probability": c.value})
            for game, curves in (("deletion", self.deletion), ("insertion", self.insertion))
            for name, c in curves.items()
        ).reset_index(drop=True)


def faithfulness(
    classifier: Classifier,
    trace: Trace,
    values: np.ndarray,
    target: Asked = None,
    *,
    steps: int = STEPS,
    seed: int = 0,
    progress: Progress = silent,
) -> Faithfulness:
    """Play both games with a map, with random maps and with the centre prior.

    Deleted pixels become grey (the input's zero); insertion starts from the blurred photo. The
    probability of the target's class is watched, at the target's head.

    Args:
        trace: of the picture, with nothing muted.
        values: (size, size) map at input size; higher is more important.
        target: the class; default the first choice.
        steps: in how many equal portions the pixels go.
        seed: of the random maps.

    Raises:
        ExplainError: for a map of another size, an unknown target, a trace of another classifier or
            one with something muted.
    """
    question = ask(classifier, trace, target)
    if trace.muted or trace.exchanged:
        what = "Unmute everything" if trace.muted else "Take the trace without the exchange"
        raise ExplainError(f"{what} first: these curves are about the whole network.")
    size = trace.input.shape[-1]
    if values.shape != (size, size):
        raise ExplainError(f"The map is {values.shape}; it must be {(size, size)}, input size.")
    target_class = Target(question.target.index, head=question.target.head, kind="probability")
    random_maps = [random_map(size, seed + i) for i in range(_RANDOM_MAPS)]
    orders = [_ranks(ranking) for ranking in (values, centre_prior(size), *random_maps)]
    share = np.linspace(0, 1, steps + 1)
    grey, soft = torch.zeros_like(trace.input), blurred(trace.input)
    games = []
    for half, (start, end) in enumerate(((trace.input, grey), (soft, trace.input))):
        here = within(progress, half, 2)
        by_map, by_centre, *by_chance = _play(
            classifier, start, end, orders, target_class, steps, here
        )
        found = {"map": by_map, "centre": by_centre, "random": np.mean(by_chance, axis=0)}
        curves = {name: Curve(share, probability) for name, probability in found.items()}
        games.append(MappingProxyType(curves))
    progress(1.0)
    return Faithfulness(games[0], games[1], target_class)


def centre_prior(size: int) -> np.ndarray:
    """(size, size): high in the middle; what a photographer would guess."""
    along = np.linspace(-1, 1, size)
    return np.exp(-2 * (along[:, None] ** 2 + along[None, :] ** 2))


def random_map(size: int, seed: int, cells: int = 7) -> np.ndarray:
    """(size, size): noise as coarse as a map of the last modules, so that it is a fair opponent."""
    noise = torch.rand(1, 1, cells, cells, generator=torch.Generator().manual_seed(seed))
    enlarged: np.ndarray = F.interpolate(noise, (size, size), mode="bilinear")[0, 0].numpy()
    return enlarged


def blurred(x: Tensor) -> Tensor:
    """The input with nothing left to recognise but its colours."""
    from inception_viz import torchvision_on_cpu  # noqa: F401, I001  (before torchvision)
    from torchvision.transforms.v2.functional import gaussian_blur  # slow to import

    kernel, sigma = (value * x.shape[-1] / 224 for value in _BLUR)
    soft: Tensor = gaussian_blur(x, [int(kernel) // 2 * 2 + 1] * 2, [max(sigma, 0.1)] * 2)
    return soft


def _ranks(values: np.ndarray) -> Tensor:
    """(1, 1, size, size): 0 for the highest value of a map, 1 for the next, …"""
    order = torch.from_numpy(np.argsort(-values, axis=None, kind="stable").copy())
    ranks = torch.empty_like(order)
    ranks[order] = torch.arange(len(order))
    return ranks.reshape(1, 1, *values.shape)


def _play(
    classifier: Classifier,
    start: Tensor,
    end: Tensor,
    orders: Sequence[Tensor],
    target: Target,
    steps: int,
    progress: Progress,
) -> np.ndarray:
    """The target's value (orders, steps + 1) while pixels of ``start`` become those of ``end``."""
    values = np.empty((len(orders), steps + 1))
    values[:, [0, steps]] = _values(classifier, torch.cat([start, end]), target)  # all orders' ends
    between = [(row, step) for row in range(len(orders)) for step in range(1, steps)]
    pixels = start[0, 0].numel()
    for first in range(0, len(between), _BATCH):
        progress(first / max(len(between), 1))
        part = between[first : first + _BATCH]
        batch = [torch.where(orders[row] < n * pixels // steps, end, start) for row, n in part]
        values[tuple(zip(*part, strict=True))] = _values(classifier, torch.cat(batch), target)
    return values


def _values(classifier: Classifier, x: Tensor, target: Target) -> np.ndarray:
    x = x.contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        logits = classifier.inference_network(x, heads=target.head != "main")
    found: np.ndarray = target.of(getattr(logits, target.head)).numpy()
    return found
