"""Which pixels an answer rests on, with captum: integrated gradients, occlusion, guided Grad-CAM.

These follow the answer down to the pixels; the maps in :mod:`~inception_viz.explain.grad_cam` stop
at a module.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from inception_viz.classifier import Classifier
from inception_viz.errors import ExplainError
from inception_viz.explain.rerun import (
    Explained,
    Progress,
    explained,
    gradients_on,
    silent,
)
from inception_viz.explain.target import Asked, Target
from inception_viz.network.googlenet import GoogLeNet
from inception_viz.trace import Trace

PixelMethod = Literal["integrated_gradients", "occlusion", "guided_grad_cam"]

IG_STEPS = 32
WINDOWS = 7  # occluding windows side by side; they overlap by half
_BATCH = 8


@dataclass(frozen=True, eq=False)
class PixelMap:
    """One value a pixel of the network's input.

    Attributes:
        values: (size, size), the colour channels added up; signed.
        target: the output in question.
        method: how it was found.
        module: where guided Grad-CAM took its Grad-CAM; empty for the other methods.
    """

    values: np.ndarray
    target: Target
    method: PixelMethod
    module: str = ""

    @property
    def strong(self) -> float:
        """The size that all but the strongest 0.5 % of the pixels stay below: a scale's end."""
        return float(np.quantile(np.abs(self.values), 0.995)) or 1.0

    @property
    def total(self) -> float:
        """All pixels added up."""
        return float(self.values.sum(dtype=np.float64))


class PixelMethodInfo(NamedTuple):
    """A method's name and what it does, for a student."""

    title: str
    words: str
    attribute: Callable[[_Answer, Tensor, str, Progress], Tensor]


class _Answer(nn.Module):
    """The input (N, 3, size, size) → the target (N,), counting the passes that are done."""

    def __init__(self, what: Explained, network: GoogLeNet) -> None:
        super().__init__()
        self.what, self.network = what, network
        self.count, self.expected = 0, 1
        self.progress: Progress = silent

    def forward(self, x: Tensor) -> Tensor:
        self.progress(min(self.count / self.expected, 1.0))
        self.count += len(x)
        head = self.what.target.head
        last = self.what.modules[-1]
        for name, step in self.network.trunk.items():
            x = step(x)
            if name in self.what.masks:
                x = x * self.what.masks[name]
            if name == last:
                break
        logits = self.network.classify(x) if head == "main" else self.network.aux[head](x)
        return self.what.target.of(logits)


def pixel_map(
    classifier: Classifier,
    trace: Trace,
    target: Asked = None,
    method: PixelMethod = "occlusion",
    *,
    module: str = "",
    progress: Progress = silent,
) -> PixelMap:
    """Attribute ``target`` to the pixels of the input. Slow: seconds.

    Args:
        classifier: the one that made ``trace``.
        trace: of the picture; may have branches muted.
        target: what to explain; default the first choice.
        method: ``integrated_gradients`` from a grey picture; ``occlusion`` by grey windows;
            ``guided_grad_cam``, guided backpropagation times Grad-CAM.
        module: where guided Grad-CAM takes its Grad-CAM; default the last that the head sees.
        progress: is told the share that is done; what it raises stops the work.

    Raises:
        ExplainError: for an unknown method, target or module, or a trace of another classifier.
    """
    if method not in PIXEL_METHODS:
        raise ExplainError(f'There is no method "{method:.40}"; use {", ".join(PIXEL_METHODS)}.')
    what = explained(classifier, trace, target)
    module = (module or what.modules[-1]) if method == "guided_grad_cam" else ""
    if module and module not in what.modules:
        raise ExplainError(
            f"The head in question can't see module {module[:20]}; it sees "
            f"{', '.join(what.modules)}."
        )
    with gradients_on():
        # captum hangs hooks on what it explains, so it gets a network of its own.
        answer = _Answer(what, copy.deepcopy(what.network)).eval()
        answer.progress = progress
        values = PIXEL_METHODS[method].attribute(answer, trace.input.clone(), module, progress)
    progress(1.0)
    return PixelMap(values.detach()[0].sum(0).numpy(), what.target, method, module)


def _integrated_gradients(answer: _Answer, x: Tensor, _module: str, _progress: Progress) -> Tensor:
    from captum.attr import IntegratedGradients

    answer.expected = IG_STEPS
    found: Tensor = IntegratedGradients(answer).attribute(
        x, n_steps=IG_STEPS, internal_batch_size=_BATCH
    )
    return found


def _occlusion(answer: _Answer, x: Tensor, _module: str, _progress: Progress) -> Tensor:
    from captum.attr import Occlusion

    window = max(x.shape[-1] // WINDOWS, 1)
    stride = max(window // 2, 1)
    across = -(-(x.shape[-1] - window) // stride) + 1
    answer.expected = across**2
    with torch.no_grad():
        found: Tensor = Occlusion(answer).attribute(
            x,
            sliding_window_shapes=(3, window, window),
            strides=(3, stride, stride),
            perturbations_per_eval=_BATCH,
        )
    return found / 3  # every colour channel carries the whole window's effect


def _guided_grad_cam(answer: _Answer, x: Tensor, module: str, _progress: Progress) -> Tensor:
    from captum.attr import GuidedGradCam

    answer.expected = 2
    layer = answer.network.trunk[module]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Setting backward hooks on ReLU activations")
        found: Tensor = GuidedGradCam(answer, layer).attribute(
            x.requires_grad_(), interpolate_mode="bilinear"
        )
    return found


PIXEL_METHODS: dict[PixelMethod, PixelMethodInfo] = {
    "occlusion": PixelMethodInfo(
        "Occlusion",
        "A grey square slides over the photo; each place shows how much the answer drops while it "
        "is covered.",
        _occlusion,
    ),
    "integrated_gradients": PixelMethodInfo(
        "Integrated gradients",
        f"The photo fades in from grey in {IG_STEPS} steps; each pixel gets what its own change "
        "added to the answer on the way.",
        _integrated_gradients,
    ),
    "guided_grad_cam": PixelMethodInfo(
        "Guided Grad-CAM",
        "Backpropagation that lets only positive signals pass, times the module's Grad-CAM. Crisp, "
        "but it follows edges of the photo more than the network's reasons: read it with care "
        "(Adebayo et al. 2018).",
        _guided_grad_cam,
    ),
}
