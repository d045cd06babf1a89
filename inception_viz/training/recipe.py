"""What is trained, networks by name, and how: every choice in one value, stored with the run."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, Self, get_args

from inception_viz.architecture.checks import INPUT_SIZES
from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.errors import TrainingError

Augmentation = Literal["none", "light", "strong"]
Precision = Literal["auto", "bf16", "fp32"]

MAX_EPOCHS = 10_000
PAPER_SIZE = 224


@dataclass(frozen=True)
class Phase:
    """``epochs`` passes over the pictures at ``size`` × ``size`` pixels."""

    size: int
    epochs: int


def parse_phases(text: str) -> tuple[Phase, ...]:
    """Read ``"96:20,128:10"``: 20 epochs at 96 pixels, then 10 at 128.

    Raises:
        TrainingError: if the text says something else.
    """
    try:
        pairs = [part.split(":") for part in text.split(",")]
        return tuple(Phase(int(size), int(epochs)) for size, epochs in pairs)
    except ValueError as error:
        raise TrainingError(
            f"The phases {text!r:.80} can't be read. Write SIZE:EPOCHS, separated by commas, "
            "such as 96:20,128:10."
        ) from error


def progressive(size: int, epochs: int) -> tuple[Phase, ...]:
    """``epochs`` in all, most of them on smaller pictures, the last third at ``size`` pixels."""
    small = max(64, round(0.6 * size / 16) * 16)
    late = max(1, round(epochs / 3))
    if epochs < 3 or small >= size:
        return (Phase(size, epochs),)
    return Phase(small, epochs - late), Phase(size, late)


@dataclass(frozen=True)
class Recipe:
    """Stochastic gradient descent on the three losses, with a one-cycle schedule.

    Attributes:
        phases: picture sizes in order, small ones first: they train several times faster.
        batch: pictures a step, over all processes together.
        learning_rate: the peak of the cycle.
        warm_up: share of all steps until the peak.
        momentum: Nesterov's, lowered towards the peak as the one-cycle schedule wants it.
        weight_decay: on convolutions and linear layers; not on biases and batch norms.
        label_smoothing: probability spread evenly over all classes.
        aux_weight: weight of each auxiliary loss in the total (paper, section 5: 0.3). 0 leaves
            the auxiliary heads untrained.
        augmentation: ``none`` (centre crop), ``light`` (random crop and flip) or ``strong`` (also
            smaller crops, colour, contrast, sharpness and erased patches).
        mix: share of the batches in which pictures are blended (MixUp, arXiv 1710.09412) or cut
            into each other (CutMix, arXiv 1905.04899).
        mix_until: share of all steps after which nothing is mixed any more.
        average: decay a step of the moving average of the weights, which is what is validated and
            kept; 0 turns it off.
        validate_every: epochs between two validations; the last epoch is always validated.
        precision: ``bf16`` autocast, ``fp32``, or ``auto``: bf16 where the hardware has it.
        seed: of the first weights, the order of the pictures and everything random.
    """

    phases: tuple[Phase, ...] = (Phase(96, 20), Phase(128, 10), Phase(192, 3))
    batch: int = 64
    learning_rate: float = 0.1
    warm_up: float = 0.2
    momentum: float = 0.9
    weight_decay: float = 5e-4
    label_smoothing: float = 0.1
    aux_weight: float = 0.3
    augmentation: Augmentation = "light"
    mix: float = 0.0
    mix_until: float = 0.85
    average: float = 0.998
    validate_every: int = 1
    precision: Precision = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what can't be trained with.

        Raises:
            TrainingError: naming the choice, its value and a remedy.
        """
        if not self.phases or self.epochs > MAX_EPOCHS:
            raise TrainingError(f"Train for 1 to {MAX_EPOCHS:,} epochs.")
        for phase in self.phases:
            if phase.size not in INPUT_SIZES or phase.epochs < 1:
                raise TrainingError(
                    f"A phase of {phase.epochs} epochs at {phase.size} pixels can't be trained; "
                    f"use 1 epoch or more at {INPUT_SIZES[0]} to {INPUT_SIZES[-1]} pixels."
                )
        bounds = {
            "batch": (2, 65_536),
            "learning_rate": (1e-7, 100.0),
            "warm_up": (0.0, 0.9),
            "momentum": (0.0, 0.999),
            "weight_decay": (0.0, 1.0),
            "label_smoothing": (0.0, 0.9),
            "aux_weight": (0.0, 10.0),
            "mix": (0.0, 1.0),
            "mix_until": (0.0, 1.0),
            "average": (0.0, 0.99999),
            "validate_every": (1, MAX_EPOCHS),
            "seed": (0, 2**31 - 1),
        }
        for name, (low, high) in bounds.items():
            value = getattr(self, name)
            if not low <= value <= high:  # also refuses NaN
                label = name.replace("_", " ")
                raise TrainingError(f"The {label} is {value}; use {low:g} to {high:g}.")
        for name, choices in (("augmentation", Augmentation), ("precision", Precision)):
            if getattr(self, name) not in get_args(choices):
                raise TrainingError(f"The {name} must be one of {', '.join(get_args(choices))}.")

    @property
    def epochs(self) -> int:
        """How many epochs in all."""
        return sum(phase.epochs for phase in self.phases)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The picture size of every epoch."""
        return tuple(phase.size for phase in self.phases for _ in range(phase.epochs))

    def to_json(self) -> str:
        """As JSON, readable by :meth:`from_json`."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what :meth:`to_json` wrote.

        Raises:
            TrainingError: if the text is something else.
        """
        try:
            values: dict[str, Any] = json.loads(text)
            phases = tuple(Phase(**phase) for phase in values.pop("phases"))
            known = {field.name for field in fields(cls)}
            return cls(phases=phases, **{k: v for k, v in values.items() if k in known})
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise TrainingError(
                "The recipe can't be read. Use a recipe.json that a training wrote."
            ) from error


@dataclass(frozen=True)
class Preset:
    """A named network: its title on screen, a sentence about it, and how to build it."""

    title: str
    summary: str
    build: Callable[[], GoogLeNetConfig]


PRESETS = {
    "paper": Preset(
        "Paper, with batch norm",
        "The nine modules of the paper. Batch norm came a year later; with it, training from "
        "scratch is quick and safe.",
        lambda: GoogLeNetConfig.paper(norm="batch"),
    ),
    "paper-lrn": Preset(
        "Paper, with LRN as in 2014",
        "As published: local response normalisation in the stem, nothing behind the convolutions. "
        "Needs a lower learning rate and patience.",
        GoogLeNetConfig.paper,
    ),
    "torchvision": Preset(
        "torchvision's variant",
        "Batch norm, 3×3 kernels in the 5×5 branch, smaller pool before stage 5.",
        GoogLeNetConfig.torchvision,
    ),
    "naive": Preset(
        "Naive modules (figure 2a)",
        "No 1×1 reduction and no pool projection: channels pile up from module to module, and "
        "every step costs far more.",
        lambda: GoogLeNetConfig.naive(norm="batch"),
    ),
}


def read_network(name: str) -> GoogLeNetConfig:
    """A preset by its name, or the config in a JSON file.

    Raises:
        TrainingError: if there is neither.
        ConfigError: if the file holds no valid config.
    """
    if name in PRESETS:
        return PRESETS[name].build()
    try:
        return GoogLeNetConfig.from_json(Path(name).read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingError(
            f"There is no preset or file {name}. Use {', '.join(PRESETS)}, or a JSON file."
        ) from error


def for_size(config: GoogLeNetConfig, size: int) -> GoogLeNetConfig:
    """The same network for pictures of ``size`` pixels.

    The heads' 5×5/3 pool gives 4×4 values at 224 pixels alone; at other sizes an adaptive pool
    does, so that the heads keep their shape.

    Raises:
        ConfigError: if the pictures are too small for it.
    """

    heads: dict[str, Any] = {
        name: replace(head, pool=head.pool if size == PAPER_SIZE else "4x4")
        for name, head in config.heads.items()
    }
    return replace(config, input_size=size, **heads)
