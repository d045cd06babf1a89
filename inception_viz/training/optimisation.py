"""Choices of the optimiser: precision, decay, schedule, mixing and averaging."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import OneCycleLR

from inception_viz import torchvision_on_cpu  # noqa: F401  (before torchvision)
from inception_viz.errors import TrainingError
from inception_viz.network.precision import fast_bfloat16
from inception_viz.training.recipe import Recipe

AVERAGE_EVERY = 4  # steps; the moving average costs memory traffic, not accuracy


def mixed_precision(recipe: Recipe) -> str:
    """Accelerate's name of the precision: "bf16" where it is wanted and fast here, else "no"."""
    if recipe.precision != "auto":
        return "bf16" if recipe.precision == "bf16" else "no"
    fast = torch.cuda.is_bf16_supported() if torch.cuda.is_available() else fast_bfloat16()
    return "bf16" if fast else "no"


def copy_weights(source: nn.Module, target: nn.Module) -> None:
    """Copy every tensor whose name and shape agree; a classifier of other classes stays random."""
    wanted = target.state_dict()
    fitting = {
        name: value
        for name, value in source.state_dict().items()
        if name in wanted and wanted[name].shape == value.shape
    }
    if not fitting:
        raise TrainingError("The weights to start from are of another network; none of them fit.")
    target.load_state_dict(fitting, strict=False)


def sgd(network: nn.Module, recipe: Recipe) -> torch.optim.SGD:
    """SGD with Nesterov's momentum; biases and batch norms don't decay."""
    matrices = [p for p in network.parameters() if p.ndim > 1]
    vectors = [p for p in network.parameters() if p.ndim <= 1]
    return torch.optim.SGD(
        [
            {"params": matrices, "weight_decay": recipe.weight_decay},
            {"params": vectors, "weight_decay": 0.0},
        ],
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        nesterov=recipe.momentum > 0,
    )


def one_cycle(optimizer: torch.optim.Optimizer, recipe: Recipe, steps: int) -> OneCycleLR:
    """The learning rate goes up, then down to almost nothing (Smith, arXiv 1708.07120)."""
    return OneCycleLR(
        optimizer,
        max_lr=recipe.learning_rate,
        total_steps=steps + 1,
        pct_start=recipe.warm_up,
        div_factor=20,
        final_div_factor=200,
        base_momentum=max(recipe.momentum - 0.1, 0),
        max_momentum=recipe.momentum,
        cycle_momentum=recipe.momentum > 0,
    )


def mixed(x: Tensor, targets: Tensor, classes: int, share: float) -> tuple[Tensor, Tensor]:
    """Blend or cut ``share`` of all batches; the classes of those become probabilities."""
    draw = float(torch.rand(()))
    if draw >= share:
        return x, targets
    from torchvision.transforms import v2

    kind, alpha = (v2.CutMix, 1.0) if draw < share / 2 else (v2.MixUp, 0.2)
    blended, wanted = kind(num_classes=classes, alpha=alpha)(x, targets)
    return blended.contiguous(memory_format=torch.channels_last), wanted


def averaging(decay: float) -> Callable[[Any, Any, Any], None]:
    """An exponential moving average that starts quickly: the first updates weigh more."""

    @torch.no_grad()
    def update(averages: list[Tensor], values: list[Tensor], count: Tensor | int) -> None:
        keep = min(decay**AVERAGE_EVERY, (1 + int(count)) / (10 + int(count)))
        if averages[0].is_floating_point():
            torch._foreach_lerp_(averages, values, 1 - keep)
        else:
            for average, value in zip(averages, values, strict=True):
                average.copy_(value)

    return update
