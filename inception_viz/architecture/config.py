"""The architecture table of GoogLeNet as data: every channel count of a network stands here alone.

Source: Szegedy et al., "Going Deeper with Convolutions", arXiv 1409.4842, table 1 and section 5.
"""

from __future__ import annotations

import json
import string
from collections.abc import Callable
from dataclasses import asdict, astuple, dataclass, field, fields, replace
from typing import Any, Literal, Self, get_args

from inception_viz.architecture.checks import (
    MAX_MODULES_PER_STAGE,
    check_heads,
    check_row,
    check_values,
    choice,
    from_object,
    json_object,
    refuse_unknown,
)
from inception_viz.architecture.local_response import LrnConfig, check_lrn
from inception_viz.errors import ConfigError
from inception_viz.files.foreign import shown

Branch = Literal["1x1", "3x3", "5x5", "pool"]
Kernel5x5 = Literal["5", "3", "3+3"]
Norm = Literal["none", "lrn", "batch"]
HeadPool = Literal["5x5/3", "4x4"]
Padding = Literal["even", "same"]

BRANCHES: tuple[Branch, ...] = get_args(Branch)
STAGES = (3, 4, 5)
HEAD_NAMES = {"main": "main head", "aux1": "first auxiliary head", "aux2": "second auxiliary head"}
COLUMNS = {  # of a module's row, with their titles in the paper's table 1
    "f_1x1": "#1×1",
    "f_3x3_r": "#3×3 reduce",
    "f_3x3": "#3×3",
    "f_5x5_r": "#5×5 reduce",
    "f_5x5": "#5×5",
    "f_pp": "pool proj",
}


@dataclass(frozen=True)
class ModuleRow:
    """The six filter counts of one inception module, in the order of the paper's table 1.

    ``f_3x3_r = 0`` or ``f_5x5_r = 0`` means no reduce layer, ``f_pp = 0`` no projection behind the
    max pool (the naive module of figure 2a). ``f_1x1``, ``f_3x3`` or ``f_5x5`` of 0 leaves that
    branch out; ``f_pp = None`` leaves the pool branch out.
    """

    f_1x1: int
    f_3x3_r: int
    f_3x3: int
    f_5x5_r: int
    f_5x5: int
    f_pp: int | None


@dataclass(frozen=True)
class StemConfig:
    """Filters of the three convolutions in front of module 3a."""

    conv1: int = 64
    conv2_reduce: int = 64
    conv2: int = 192


@dataclass(frozen=True)
class AuxHeadConfig:
    """One auxiliary classifier (paper, section 5): where it attaches and how wide it is.

    ``pool`` is the average pool in front: the paper's 5×5 with stride 3 (4×4 outputs from a 14×14
    map), or torchvision's adaptive pool to 4×4.
    """

    after: str
    conv: int = 128
    fc: int = 1024
    dropout: float = 0.7
    pool: HeadPool = "5x5/3"


_PAPER_ROWS = {
    3: (ModuleRow(64, 96, 128, 16, 32, 32), ModuleRow(128, 128, 192, 32, 96, 64)),
    4: (
        ModuleRow(192, 96, 208, 16, 48, 64),
        ModuleRow(160, 112, 224, 24, 64, 64),
        ModuleRow(128, 128, 256, 24, 64, 64),
        ModuleRow(112, 144, 288, 32, 64, 64),
        ModuleRow(256, 160, 320, 32, 128, 128),
    ),
    5: (ModuleRow(256, 160, 320, 32, 128, 128), ModuleRow(384, 192, 384, 48, 128, 128)),
}


@dataclass(frozen=True)
class GoogLeNetConfig:
    """Everything that shapes one GoogLeNet. Valid by construction: see :class:`ConfigError`.

    Attributes:
        stem: filters of the convolutions in front of module 3a.
        stage3, stage4, stage5: the modules' rows in order; they are named 3a, 3b, … by position.
        kernel_5x5: what the 5×5 branch convolves with: ``"5"`` (paper), ``"3"`` (torchvision,
            pytorch/vision#906) or ``"3+3"``, two 3×3 convolutions in a row.
        norm: ``"lrn"`` (local response normalisation in the stem, biases), ``"batch"`` (batch norm
            behind every convolution, no biases) or ``"none"`` (biases only).
        lrn: the constants of that local response normalisation.
        padding: ``"even"`` (as much on all sides; pools round up) or ``"same"``, TensorFlow's: what
            a stride leaves over goes to the right and the bottom.
        classes: outputs of every head.
        aux1, aux2: the auxiliary heads, the paper's softmax0 and softmax1; None leaves one out.
        dropout: in front of the main classifier (paper: 0.4).
        input_size: side of the square input in pixels.
        pool4: kernel of the max pool between stages 4 and 5 (paper: 3; torchvision: 2).
    """

    stem: StemConfig = field(default_factory=StemConfig)
    stage3: tuple[ModuleRow, ...] = _PAPER_ROWS[3]
    stage4: tuple[ModuleRow, ...] = _PAPER_ROWS[4]
    stage5: tuple[ModuleRow, ...] = _PAPER_ROWS[5]
    kernel_5x5: Kernel5x5 = "5"
    norm: Norm = "lrn"
    classes: int = 1000
    aux1: AuxHeadConfig | None = AuxHeadConfig(after="4a")
    aux2: AuxHeadConfig | None = AuxHeadConfig(after="4d")
    dropout: float = 0.4
    input_size: int = 224
    pool4: int = 3
    lrn: LrnConfig = field(default_factory=LrnConfig)
    padding: Padding = "even"

    def __post_init__(self) -> None:
        """Refuse what can't be built.

        Raises:
            ConfigError: naming the row, the column, the value and a remedy.
        """
        for stage, rows in self.stages.items():
            if isinstance(rows, list):  # lists are welcome, tuples are kept
                object.__setattr__(self, f"stage{stage}", tuple(rows))
        _check(self)

    # Presets --------------------------------------------------------------------------------

    @classmethod
    def paper(cls, **changes: Any) -> Self:
        """The paper's table 1 with LRN; keyword arguments replace single fields."""
        return cls(**changes)

    @classmethod
    def torchvision(cls, **changes: Any) -> Self:
        """What ``torchvision.models.googlenet`` builds.

        Deviates from the paper: batch norm, a 3×3 kernel in the 5×5 branch, a 2×2 pool in front of
        stage 5, adaptive pools in the auxiliary heads, dropout 0.2.
        """
        own: dict[str, Any] = {"kernel_5x5": "3", "norm": "batch", "dropout": 0.2, "pool4": 2}
        heads = {"aux1": AuxHeadConfig("4a", pool="4x4"), "aux2": AuxHeadConfig("4d", pool="4x4")}
        return cls(**own | heads | changes)

    @classmethod
    def naive(cls, **changes: Any) -> Self:
        """The paper's table with the naive module of figure 2a: no reduce layers, no projection."""
        return cls._of_rows(lambda row: replace(row, f_3x3_r=0, f_5x5_r=0, f_pp=0), changes)

    @classmethod
    def half_width(cls, **changes: Any) -> Self:
        """Half of the paper's filters everywhere, in the stem, the modules and the heads."""
        stem = StemConfig(32, 32, 96)
        heads = {"aux1": AuxHeadConfig("4a", 64, 512), "aux2": AuxHeadConfig("4d", 64, 512)}
        halved = {"stem": stem, **heads, **changes}
        return cls._of_rows(lambda row: ModuleRow(*(n // 2 for n in astuple(row))), halved)

    @classmethod
    def without_5x5(cls, **changes: Any) -> Self:
        """The paper's table without the 5×5 branches."""
        return cls._of_rows(lambda row: replace(row, f_5x5_r=0, f_5x5=0), changes)

    @classmethod
    def without_projection(cls, **changes: Any) -> Self:
        """The paper's table without the 1×1 convolutions behind the max pools."""
        return cls._of_rows(lambda row: replace(row, f_pp=0), changes)

    @classmethod
    def _of_rows(cls, change: Callable[[ModuleRow], ModuleRow], changes: dict[str, Any]) -> Self:
        stages = {f"stage{stage}": tuple(map(change, rows)) for stage, rows in _PAPER_ROWS.items()}
        return cls(**stages | changes)

    # Derived --------------------------------------------------------------------------------

    @property
    def modules(self) -> dict[str, ModuleRow]:
        """Module name → row, in order: ``{"3a": …, "3b": …, "4a": …}``."""
        return {
            f"{stage}{letter}": row
            for stage in STAGES
            for letter, row in zip(string.ascii_lowercase, self.stages[stage], strict=False)
        }

    @property
    def stages(self) -> dict[int, tuple[ModuleRow, ...]]:
        """Stage → its modules' rows."""
        return {3: self.stage3, 4: self.stage4, 5: self.stage5}

    @property
    def heads(self) -> dict[str, AuxHeadConfig]:
        """The auxiliary heads that exist, by name."""
        heads = {"aux1": self.aux1, "aux2": self.aux2}
        return {name: head for name, head in heads.items() if head is not None}

    @property
    def attached(self) -> dict[str, str]:
        """Module → the auxiliary head that reads it."""
        return {head.after: name for name, head in self.heads.items()}

    # JSON -----------------------------------------------------------------------------------

    def to_json(self, indent: int | None = None) -> str:
        """The config as JSON, readable by :meth:`from_json`."""
        values = asdict(self)
        rows = {name: asdict(row) for name, row in self.modules.items()}
        for stage in STAGES:
            del values[f"stage{stage}"]
        return json.dumps({"modules": rows, **values}, indent=indent)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read what :meth:`to_json` wrote; fields that are left out take the paper's value.

        Raises:
            ConfigError: if the text isn't JSON, has unknown fields or describes no valid network.
        """
        values = json_object(text)
        rows = values.pop("modules", None)
        if rows is not None:
            for stage, stage_rows in _rows_by_stage(rows).items():
                values[f"stage{stage}"] = stage_rows
        known = {f.name for f in fields(cls)}
        refuse_unknown(None, values, known)
        if "stem" in values:
            values["stem"] = from_object(StemConfig, values["stem"], "stem")
        if "lrn" in values:
            values["lrn"] = from_object(LrnConfig, values["lrn"], "lrn")
        for head in ("aux1", "aux2"):
            if values.get(head) is not None:
                values[head] = from_object(AuxHeadConfig, values[head], head)
        return cls(**values)


def _check(config: GoogLeNetConfig) -> None:
    """Raise :class:`ConfigError` unless ``config`` describes a network that can be built."""
    _is_a(StemConfig, config.stem, "The stem must be a StemConfig", "stem")
    for stage, rows in config.stages.items():
        _is_a(tuple, rows, f"Stage {stage} must be a tuple of rows")
        if not 1 <= len(rows) <= MAX_MODULES_PER_STAGE:
            raise ConfigError(
                f"Stage {stage} has {len(rows)} modules; keep from 1 to {MAX_MODULES_PER_STAGE}."
            )
    for name, row in config.modules.items():
        _is_a(ModuleRow, row, f"Module {name} must be a ModuleRow of six counts", name)
        check_row(name, row)
    choice(None, "kernel_5x5", config.kernel_5x5, get_args(Kernel5x5))
    choice(None, "norm", config.norm, get_args(Norm))
    choice(None, "padding", config.padding, get_args(Padding))
    check_lrn(config.lrn)
    check_values(config)
    for name, head in config.heads.items():
        _is_a(AuxHeadConfig, head, f"Head {name} must be an AuxHeadConfig or None", name)
        choice(name, "pool", head.pool, get_args(HeadPool))
    check_heads(config)


def _is_a(kind: type, value: object, wanted: str, row: str | None = None) -> None:
    if not isinstance(value, kind):
        raise ConfigError(f"{wanted}, not {value!r:.60}.", row=row)


def _rows_by_stage(rows: object) -> dict[int, tuple[ModuleRow, ...]]:
    if not isinstance(rows, dict):
        raise ConfigError('"modules" must map module names to rows, such as {"3a": {…}}.')
    stages: dict[int, list[ModuleRow]] = {stage: [] for stage in STAGES}
    for name, values in rows.items():
        following = {f"{s}{string.ascii_lowercase[len(own) :][:1]}": s for s, own in stages.items()}
        if name not in following:
            raise ConfigError(
                f'Module "{shown(name)}" is out of place. Name the modules of a stage in order: '
                "3a, 3b, … 4a, 4b, … 5a, 5b, …"
            )
        stages[following[name]].append(from_object(ModuleRow, values, name))
    return {stage: tuple(stage_rows) for stage, stage_rows in stages.items()}
