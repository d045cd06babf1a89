"""Feature visualisation: the picture that a channel, a branch or a class answers most.

Source: Olah, Mordvintsev and Schubert, "Feature Visualization", Distill 2017,
doi 10.23915/distill.00007; the leak for silent channels is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from inception_viz.classifier import Classifier
from inception_viz.explain.rerun import Progress, silent
from inception_viz.features import checks, robust
from inception_viz.features.aim import (
    Aim,
    What,
    aim_at,
    outputs,
    strongest,
    values,
    without_last_relu,
)
from inception_viz.features.canvas import Canvas
from inception_viz.features.leak import Leaking
from inception_viz.features.photo_index import Index
from inception_viz.network.precision import fast_bfloat16

SIZE, STEPS = 128, 64
_RATE = 0.1
_LEAK, _LEAKING_STEPS = 0.1, 16
_LOOK = 32  # steps between two looks whether a picture still gains
_GAIN = 0.01  # of what it has: less isn't worth as many steps again


@dataclass(frozen=True, eq=False)
class Painting:
    """A picture that gradients painted.

    Attributes:
        what: what it was painted for, as it is written: "4c/5x5:7"; "main:281" for a class.
        image: RGB.
        curve: what it had of it at every step, shaken as it was then.
        activation: its strongest unit of that channel or layer, measured on ``image``; for a class,
            its logit.
        reached: that over the strongest of an index's photos; see
            :func:`~inception_viz.features.checks.reached`.
        transfer: how much it is like those photos in the eyes of another network; see
            :func:`~inception_viz.features.checks.transfer`.
    """

    what: str
    image: Image.Image
    curve: np.ndarray
    activation: float
    reached: float | None = None
    transfer: float | None = None

    @property
    def alive(self) -> bool:
        """Whether it makes the channel fire at all."""
        return self.activation > 0


def picture_of(
    classifier: Classifier,
    what: What,
    *,
    start: Image.Image | None = None,
    opposite: bool = False,
    size: int = SIZE,
    steps: int = STEPS,
    seed: int = 0,
    index: Index | None = None,
    judge: Classifier | None = None,
    progress: Progress = silent,
) -> Painting:
    """Paint what makes ``what`` fire most. The classifier stays as it is.

    The same arguments give the same picture on one machine, alone or among others. It ends early
    where nothing is gained any more.

    Args:
        classifier: whose.
        what: a channel ("4c/5x5:7"), a branch, a module, a layer; a :class:`Target` for a class.
        start: the picture to begin with; None begins with noise that is nearly grey.
        opposite: paint what makes it fire least, in front of its ReLU.
        size: side of the picture in pixels, an even number.
        steps: at most so many.
        seed: another one gives another picture of the same.
        index: of photos that the picture is compared with.
        judge: another network, to compare them with its eyes; needs an index of a folder.
        progress: is told the share that is done.

    Raises:
        ExplainError: if the network has no such layer, channel or class.
    """
    return pictures_of(
        classifier,
        [what],
        start=start,
        opposite=opposite,
        size=size,
        steps=steps,
        seed=seed,
        index=index,
        judge=judge,
        progress=progress,
    )[0]


def pictures_of(
    classifier: Classifier,
    whats: Sequence[What],
    *,
    start: Image.Image | None = None,
    opposite: bool = False,
    size: int = SIZE,
    steps: int = STEPS,
    seed: int = 0,
    index: Index | None = None,
    judge: Classifier | None = None,
    progress: Progress = silent,
) -> list[Painting]:
    """The same for several of one layer, or several classes of one head, in one go.

    Raises:
        ExplainError: as :func:`picture_of`.
        ValueError: for aims of several layers, an odd size, or an index of other weights.
    """
    if index is not None and index.model != classifier.key:
        raise ValueError("The index is of another network.")
    aims = [aim_at(classifier, what) for what in whats]
    if len({(aim.layer, aim.target is None) for aim in aims}) != 1:
        raise ValueError("Give channels of one layer, or classes of one head.")
    if size % 2 or size < 16:
        raise ValueError(f"The size is {size}; it must be an even number from 16.")
    seeds = [crc32(f"{aim} {seed}".encode()) for aim in aims]
    canvas, shaker = Canvas(seeds, size), robust.Shaker(seeds)
    if start is not None:
        square = start.convert("RGB").resize((size, size), Image.Resampling.LANCZOS)
        canvas.show(_pixels([square]).expand(len(aims), -1, -1, -1))
    with torch.inference_mode(False), torch.enable_grad():
        pictures, curves = _paint(
            classifier, aims, canvas, shaker, -1.0 if opposite else 1.0, steps, progress
        )
    images = [_image(picture) for picture in pictures]
    fired = activations(classifier, aims, images)
    painted = [
        Painting(str(aim), image, curve, activation)
        for aim, image, curve, activation in zip(aims, images, curves, fired, strict=True)
    ]
    return painted if index is None else [_checked(one, index, judge) for one in painted]


def _checked(painted: Painting, index: Index, judge: Classifier | None) -> Painting:
    what = painted.what
    return replace(
        painted,
        reached=checks.reached(painted.activation, what, index),
        transfer=None if judge is None else checks.transfer(painted.image, what, index, judge),
    )


def _paint(
    classifier: Classifier,
    aims: Sequence[Aim],
    canvas: Canvas,
    shaker: robust.Shaker,
    sign: float,
    steps: int,
    progress: Progress,
) -> tuple[Tensor, list[np.ndarray]]:
    """The pictures (N, 3, size, size), values 0 to 1, and what each had at every step."""
    leaking = Leaking(classifier.inference_network)
    fast = fast_bfloat16()
    if fast:  # once, else autocast would do it at every step
        for layer in leaking.network.modules():
            if isinstance(layer, nn.Conv2d):
                layer.to(torch.bfloat16)
    if sign < 0 and not aims[0].target:
        without_last_relu(leaking.network, aims[0].layer)
    optimiser = torch.optim.Adam([canvas.coefficients], lr=_RATE)
    curve = np.full((steps, len(aims)), np.nan)
    final = canvas.pixels().detach()
    ends = np.full(len(aims), steps)
    for step in range(steps):
        progress(step / steps)
        leaking.leak(_LEAK if step < _LEAKING_STEPS else 0.0)
        x = classifier.preprocessing.normalise(255 * shaker.shaken(canvas.pixels()))
        with torch.autocast("cpu", torch.bfloat16, enabled=fast):
            had = values(outputs(leaking.network, x, aims), aims)
        (canvas.coefficients.grad,) = torch.autograd.grad(-sign * had.sum(), canvas.coefficients)
        optimiser.step()
        curve[step] = had.detach().float().numpy()
        if (step + 1) % _LOOK == 0 or step + 1 == steps:
            going = ends == steps
            now = canvas.pixels().detach()
            final[torch.from_numpy(going)] = now[torch.from_numpy(going)]
            ends[going & ~_gaining(sign * curve[: step + 1])] = step + 1
            if (ends <= step + 1).all():
                break
    progress(1.0)
    return final, [curve[:end, i] for i, end in enumerate(ends)]


def _gaining(curve: np.ndarray) -> np.ndarray:
    """Which of the curves (steps, N) gained in the last half of a look."""
    if len(curve) < 2 * _LOOK:
        return np.ones(curve.shape[1], bool)
    half = _LOOK // 2
    before, after = curve[-2 * half : -half].mean(axis=0), curve[-half:].mean(axis=0)
    gained: np.ndarray = after - before > _GAIN * np.abs(before)
    return gained


def activations(
    classifier: Classifier, aims: Sequence[Aim], images: Sequence[Image.Image]
) -> list[float]:
    """Each image's strongest unit of its own aim; images of one size, seen with grey around."""
    x = classifier.preprocessing.normalise(255 * robust.framed(_pixels(images)))
    with torch.no_grad():
        return strongest(outputs(classifier.inference_network, x, aims), aims)


def _pixels(images: Sequence[Image.Image]) -> Tensor:
    """(N, 3, height, width), values 0 to 1."""
    stacked = np.stack([np.asarray(image.convert("RGB")) for image in images])
    return torch.from_numpy(stacked).permute(0, 3, 1, 2).float() / 255


def _image(picture: Tensor) -> Image.Image:
    values = (255 * picture).round().to(torch.uint8).permute(1, 2, 0)
    return Image.fromarray(values.numpy())
