"""The architecture table of GoogLeNet as data: every channel count of a network stands here alone.

Source: Szegedy et al., "Going Deeper with Convolutions", arXiv 1409.4842, table 1 and section 5.
"""

from __future__ import annotations

import json
import string
from dataclasses import asdict, dataclass, field, fields, replace
from math import ceil
from typing import Any, Literal, Self, get_args

from inception_viz.architecture.checks import (
    MAX_FILTERS,
    check_row,
    choice,
    fraction,
    from_object,
    json_object,
    refuse_unknown,
    whole,
)
from inception_viz.errors import ConfigError
from inception_viz.files.wording import shown

Branch = Literal["1x1", "3x3", "5x5", "pool"]
Kernel5x5 = Literal["5", "3", "3+3"]
Norm = Literal["none", "lrn", "batch"]
HeadPool = Literal["5x5/3", "4x4"]

BRANCHES: tuple[Branch, ...] = get_args(Branch)
STAGES = (3, 4, 5)

MAX_CLASSES = 100_000
MAX_MODULES_PER_STAGE = len(string.ascii_lowercase)
INPUT_SIZES = range(32, 1025)


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

    def widths(self, in_channels: int) -> dict[Branch, int]:
        """Output channels of each branch that exists; an unprojected pool keeps ``in_channels``."""
        pool = None if self.f_pp is None else self.f_pp or in_channels
        counts: dict[Branch, int | None] = {
            "1x1": self.f_1x1,
            "3x3": self.f_3x3,
            "5x5": self.f_5x5,
            "pool": pool,
        }
        return {branch: count for branch, count in counts.items() if count}


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

    def pooled_size(self, map_size: int) -> int:
        """Side of the pooled map for a ``map_size`` × ``map_size`` input."""
        return 4 if self.pool == "4x4" else (map_size - 5) // 3 + 1


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

    def __post_init__(self) -> None:
        """Refuse what can't be built.

        Raises:
            ConfigError: naming the row, the column, the value and a remedy.
        """
        for stage in STAGES:  # lists are welcome, tuples are kept
            rows = getattr(self, f"stage{stage}")
            if isinstance(rows, list):
                object.__setattr__(self, f"stage{stage}", tuple(rows))
        _check(self)

    # Presets --------------------------------------------------------------------------------

    @classmethod
    def paper(cls, **changes: Any) -> Self:
        """The paper's table 1 with LRN; keyword arguments replace single fields."""
        return replace(cls(), **changes)

    @classmethod
    def torchvision(cls, **changes: Any) -> Self:
        """What ``torchvision.models.googlenet`` builds.

        Deviates from the paper: batch norm, a 3×3 kernel in the 5×5 branch, a 2×2 pool in front of
        stage 5, adaptive pools in the auxiliary heads, dropout 0.2.
        """
        config = cls(
            kernel_5x5="3",
            norm="batch",
            aux1=AuxHeadConfig(after="4a", pool="4x4"),
            aux2=AuxHeadConfig(after="4d", pool="4x4"),
            dropout=0.2,
            pool4=2,
        )
        return replace(config, **changes)

    @classmethod
    def naive(cls, **changes: Any) -> Self:
        """The paper's table with the naive module of figure 2a: no reduce layers, no projection."""
        return replace(cls._rows_changed(f_3x3_r=0, f_5x5_r=0, f_pp=0), **changes)

    @classmethod
    def half_width(cls, **changes: Any) -> Self:
        """Half of the paper's filters everywhere, in the stem, the modules and the heads."""
        stages = {
            f"stage{stage}": tuple(_halved(row) for row in rows)
            for stage, rows in _PAPER_ROWS.items()
        }
        heads = {
            name: AuxHeadConfig(after=after, conv=64, fc=512)
            for name, after in (("aux1", "4a"), ("aux2", "4d"))
        }
        return replace(cls(stem=StemConfig(32, 32, 96), **stages, **heads), **changes)  # type: ignore[arg-type]

    @classmethod
    def without_5x5(cls, **changes: Any) -> Self:
        """The paper's table without the 5×5 branches."""
        return replace(cls._rows_changed(f_5x5_r=0, f_5x5=0), **changes)

    @classmethod
    def without_projection(cls, **changes: Any) -> Self:
        """The paper's table without the 1×1 convolutions behind the max pools."""
        return replace(cls._rows_changed(f_pp=0), **changes)

    @classmethod
    def _rows_changed(cls, **changes: int) -> Self:
        stages = {
            f"stage{stage}": tuple(replace(row, **changes) for row in rows)
            for stage, rows in _PAPER_ROWS.items()
        }
        return cls(**stages)  # type: ignore[arg-type]

    # Derived --------------------------------------------------------------------------------

    @property
    def modules(self) -> dict[str, ModuleRow]:
        """Module name → row, in order: ``{"3a": …, "3b": …, "4a": …}``."""
        return {
            f"{stage}{letter}": row
            for stage in STAGES
            for letter, row in zip(string.ascii_lowercase, self._rows(stage), strict=False)
        }

    def _rows(self, stage: int) -> tuple[ModuleRow, ...]:
        return {3: self.stage3, 4: self.stage4, 5: self.stage5}[stage]

    @property
    def channels(self) -> dict[str, tuple[int, int]]:
        """Module name → (input channels, output channels)."""
        channels, current = {}, self.stem.conv2
        for name, row in self.modules.items():
            out = sum(row.widths(current).values())
            channels[name] = (current, out)
            current = out
        return channels

    @property
    def out_channels(self) -> int:
        """Channels of the last module, which the main classifier averages and reads."""
        return list(self.channels.values())[-1][1]

    @property
    def heads(self) -> dict[str, AuxHeadConfig]:
        """The auxiliary heads that exist, by name."""
        heads = {"aux1": self.aux1, "aux2": self.aux2}
        return {name: head for name, head in heads.items() if head is not None}

    def map_size(self, module: str) -> int:
        """Side of the square map that the modules of ``module``'s stage work on."""
        stage3 = pooled(pooled(ceil(self.input_size / 2), 3), 3)
        stage4 = pooled(stage3, 3)
        return {3: stage3, 4: stage4, 5: pooled(stage4, self.pool4)}[int(module[0])]

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
        refuse_unknown("the config", values, known)
        if "stem" in values:
            values["stem"] = from_object(StemConfig, values["stem"], "the stem")
        for head in ("aux1", "aux2"):
            if values.get(head) is not None:
                values[head] = from_object(AuxHeadConfig, values[head], f"head {head}")
        return cls(**values)


def _halved(row: ModuleRow) -> ModuleRow:
    halves = {column: count // 2 for column, count in asdict(row).items()}
    return ModuleRow(**halves)


def pooled(size: int, kernel: int) -> int:
    """Output side of a max pool with stride 2 and ceil rounding (no padding)."""
    out = max(ceil((size - kernel) / 2), 0) + 1
    return out - 1 if (out - 1) * 2 >= size else out  # a window must start inside the map


def _check(config: GoogLeNetConfig) -> None:
    """Raise :class:`ConfigError` unless ``config`` describes a network that can be built."""
    if not isinstance(config.stem, StemConfig):
        raise ConfigError(f"The stem must be a StemConfig, not {config.stem!r:.60}.")
    for column in ("conv1", "conv2_reduce", "conv2"):
        whole("The stem", column, getattr(config.stem, column), 1, MAX_FILTERS)
    for stage in STAGES:
        _check_stage(stage, getattr(config, f"stage{stage}"))
    for name, row in config.modules.items():
        if not isinstance(row, ModuleRow):
            raise ConfigError(f"Module {name} must be a ModuleRow of six counts, not {row!r:.60}.")
        check_row(name, row)
    choice("kernel_5x5", config.kernel_5x5, get_args(Kernel5x5))
    choice("norm", config.norm, get_args(Norm))
    whole("The config", "classes", config.classes, 1, MAX_CLASSES)
    whole("The config", "input_size", config.input_size, INPUT_SIZES[0], INPUT_SIZES[-1])
    whole("The config", "pool4", config.pool4, 2, 3)
    fraction("The config", "dropout", config.dropout)
    _check_heads(config)


def _check_stage(stage: int, rows: Any) -> None:
    if not isinstance(rows, tuple):
        raise ConfigError(f"Stage {stage} must be a tuple of rows, not {rows!r:.60}.")
    if not 1 <= len(rows) <= MAX_MODULES_PER_STAGE:
        raise ConfigError(
            f"Stage {stage} has {len(rows)} modules; keep from 1 to {MAX_MODULES_PER_STAGE}."
        )


def _check_heads(config: GoogLeNetConfig) -> None:
    order = list(config.modules)
    for name in ("aux1", "aux2"):
        head = getattr(config, name)
        if head is None:
            continue
        where = f"Head {name}"
        if not isinstance(head, AuxHeadConfig):
            raise ConfigError(f"{where} must be an AuxHeadConfig or None, not {head!r:.60}.")
        if head.after not in order:
            raise ConfigError(
                f'{where}, column after: there is no module "{shown(str(head.after))}". '
                f"Attach it after one of {', '.join(order)}, or remove the head."
            )
        whole(where, "conv", head.conv, 1, MAX_FILTERS)
        whole(where, "fc", head.fc, 1, MAX_FILTERS)
        fraction(where, "dropout", head.dropout)
        choice("pool", head.pool, get_args(HeadPool), where)
        size = config.map_size(head.after)
        if head.pool == "5x5/3" and size < 5:
            raise ConfigError(
                f"{where} sees a {size}×{size} map after {head.after}, too small for its 5×5 "
                'average pool. Raise input_size, attach it earlier, or set its pool to "4x4".'
            )
    if config.aux1 and config.aux2:
        first, second = config.aux1.after, config.aux2.after
        if order.index(first) >= order.index(second):
            raise ConfigError(
                f"Head aux1 sits after {first}, head aux2 after {second}; aux1 must come first. "
                "Move one of them."
            )


def _rows_by_stage(rows: object) -> dict[int, tuple[ModuleRow, ...]]:
    if not isinstance(rows, dict):
        raise ConfigError('"modules" must map module names to rows, such as {"3a": {…}}.')
    stages: dict[int, list[ModuleRow]] = {stage: [] for stage in STAGES}
    expected = {s: iter(string.ascii_lowercase) for s in STAGES}
    for name, values in rows.items():
        stage = int(name[0]) if name[:1] in {"3", "4", "5"} else None
        if stage is None or name != f"{stage}{next(expected[stage], '')}":
            raise ConfigError(
                f'Module "{shown(name)}" is out of place. Name the modules of a stage in order: '
                "3a, 3b, … 4a, 4b, … 5a, 5b, …"
            )
        stages[stage].append(from_object(ModuleRow, values, f"module {name}"))
    return {stage: tuple(stage_rows) for stage, stage_rows in stages.items()}
