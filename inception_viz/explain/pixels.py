"""Which pixels an answer rests on: integrated gradients, occlusion, guided Grad-CAM.

These follow the answer down to the pixels; the maps in :mod:`~inception_viz.explain.grad_cam` stop
at a module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from inception_viz.classifier import Classifier
from inception_viz.errors import ExplainError
from inception_viz.explain.grad_cam import cams_from
from inception_viz.explain.gradients import differentiate
from inception_viz.explain.registry import Entry, choose, registry
from inception_viz.explain.rerun import Progress, Question, ask, gradients_on, silent
from inception_viz.explain.target import Asked, Target
from inception_viz.network.recording import bare_copy
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


@dataclass(frozen=True, kw_only=True)
class PixelMethodInfo(Entry):
    """A way to attribute an answer to pixels.

    Attributes:
        attribute: does it: the answer and the input (1, 3, size, size) → as many values.
        by_module: whether it takes a Grad-CAM of a module.
    """

    id: PixelMethod
    attribute: Callable[[_Answer, Tensor], Tensor]
    by_module: bool = False


class _Answer(nn.Module):
    """The input (N, 3, size, size) → the target (N,), counting the passes that are done."""

    def __init__(self, question: Question, module: str, progress: Progress) -> None:
        # captum hangs hooks on what it explains, so it gets a network of its own.
        super().__init__()
        self.network = bare_copy(question.network)
        self.question = replace(question, network=self.network)
        self.module, self.progress = module, progress
        self.count, self.expected = 0, 1

    def forward(self, x: Tensor) -> Tensor:
        self.progress(min(self.count / self.expected, 1.0))
        self.count += len(x)
        output = self.question.last_output(x)
        return self.question.target.of(self.network.answer(self.question.target.head, output))


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
        trace: of the picture; may have branches muted.
        target: what to explain; default the first choice.
        method: ``integrated_gradients`` from a grey picture; ``occlusion`` by grey windows;
            ``guided_grad_cam``, guided backpropagation times Grad-CAM.
        module: where guided Grad-CAM takes its Grad-CAM; default the last that the head sees.

    Raises:
        ExplainError: for an unknown method, target or module, or a trace of another classifier.
    """
    chosen = choose(PIXEL_METHODS, method, "method")
    question = ask(classifier, trace, target)
    module = (module or question.modules[-1]) if chosen.by_module else ""
    if module and module not in question.modules:
        raise ExplainError(
            f"The head in question can't see module {module[:20]}; it sees "
            f"{', '.join(question.modules)}."
        )
    with gradients_on():
        values = chosen.attribute(_Answer(question, module, progress).eval(), trace.input.clone())
    progress(1.0)
    return PixelMap(values.detach()[0].sum(0).numpy(), question.target, method, module)


def _integrated_gradients(answer: _Answer, x: Tensor) -> Tensor:
    from captum.attr import IntegratedGradients

    answer.expected = IG_STEPS
    found: Tensor = IntegratedGradients(answer).attribute(
        x, n_steps=IG_STEPS, internal_batch_size=_BATCH
    )
    return found


def _occlusion(answer: _Answer, x: Tensor) -> Tensor:
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


def _guided_grad_cam(answer: _Answer, x: Tensor) -> Tensor:
    """Guided backpropagation (Springenberg et al., arXiv 1412.6806) times Grad-CAM.

    captum's would change the warning filters of all threads.
    """
    with ExitStack() as hooks:
        for layer in answer.network.modules():
            if isinstance(layer, nn.ReLU):
                hooks.enter_context(layer.register_full_backward_hook(_only_positive))
        (slope,) = torch.autograd.grad(answer(x.requires_grad_()), x)
    answer.progress(0.5)
    cams = cams_from(answer.question.trace, differentiate(answer.question))
    return slope * torch.from_numpy(cams[answer.module])


def _only_positive(_layer: nn.Module, found: Sequence[Tensor], _above: object) -> tuple[Tensor]:
    """The gradients that a ReLU passes on."""
    return (found[0].clamp(min=0),)


PIXEL_METHODS: Mapping[PixelMethod, PixelMethodInfo] = registry(
    PixelMethodInfo(
        id="occlusion",
        title="Occlusion",
        words="A grey square slides over the photo; each place shows how much the answer drops "
        "while it is covered.",
        attribute=_occlusion,
    ),
    PixelMethodInfo(
        id="integrated_gradients",
        title="Integrated gradients",
        words=f"The photo fades in from grey in {IG_STEPS} steps; each pixel gets what its own "
        "change added to the answer on the way.",
        attribute=_integrated_gradients,
    ),
    PixelMethodInfo(
        id="guided_grad_cam",
        title="Guided Grad-CAM",
        words="Backpropagation that lets only positive signals pass, times the module's Grad-CAM. "
        "Crisp, but it follows edges of the photo more than the network's reasons: read it with "
        "care (Adebayo et al. 2018).",
        attribute=_guided_grad_cam,
        by_module=True,
    ),
)
