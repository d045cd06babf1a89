"""Table 1 of the paper beside what its filter counts really cost.

Source of the printed figures: Szegedy et al., "Going Deeper with Convolutions", arXiv 1409.4842,
table 1. The paper's K is 1,024 parameters (weights without biases), its M a million operations.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inception_viz.architecture.config import COLUMNS, GoogLeNetConfig
from inception_viz.architecture.cost import totals
from inception_viz.architecture.plan import Layer, plan

if TYPE_CHECKING:
    import pandas as pd

_Printed = tuple[str, str, int, tuple[str, ...], float | None, int | None]
_BLANK = ("",) * 6
# type → patch and stride, output, depth, the six filter columns, params in K, ops in M, as printed.
_PRINTED: dict[str, _Printed] = {
    "convolution": ("7×7/2", "112×112×64", 1, _BLANK, 2.7, 34),
    "max pool 1": ("3×3/2", "56×56×64", 0, _BLANK, None, None),
    "convolution 2": ("3×3/1", "56×56×192", 2, ("", "64", "192", "", "", ""), 112, 360),
    "max pool 2": ("3×3/2", "28×28×192", 0, _BLANK, None, None),
    "inception (3a)": ("", "28×28×256", 2, ("64", "96", "128", "16", "32", "32"), 159, 128),
    "inception (3b)": ("", "28×28×480", 2, ("128", "128", "192", "32", "96", "64"), 380, 304),
    "max pool 3": ("3×3/2", "14×14×480", 0, _BLANK, None, None),
    "inception (4a)": ("", "14×14×512", 2, ("192", "96", "208", "16", "48", "64"), 364, 73),
    "inception (4b)": ("", "14×14×512", 2, ("160", "112", "224", "24", "64", "64"), 437, 88),
    "inception (4c)": ("", "14×14×512", 2, ("128", "128", "256", "24", "64", "64"), 463, 100),
    "inception (4d)": ("", "14×14×528", 2, ("112", "144", "288", "32", "64", "64"), 580, 119),
    "inception (4e)": ("", "14×14×832", 2, ("256", "160", "320", "32", "128", "128"), 840, 170),
    "max pool 4": ("3×3/2", "7×7×832", 0, _BLANK, None, None),
    "inception (5a)": ("", "7×7×832", 2, ("256", "160", "320", "32", "128", "128"), 1072, 54),
    "inception (5b)": ("", "7×7×1024", 2, ("384", "192", "384", "48", "128", "128"), 1388, 71),
    "average pool": ("7×7/1", "1×1×1024", 0, _BLANK, None, None),
    "linear": ("", "1×1×1000", 1, _BLANK, 1000, 1),
}
_LAYERS = {  # of the rows that are neither modules nor max pools
    "convolution": ("conv1",),
    "convolution 2": ("conv2_reduce", "conv2"),
    "average pool": ("average",),
    "linear": ("classifier",),
}
KILO = 1024
_WORTH_A_MARK = 0.01  # relative; less is rounding


@dataclass(frozen=True)
class Count:
    """Parameters, and MACs of convolutions and linear layers for one picture."""

    parameters: int
    macs: int


WELL_KNOWN = {  # as torchvision builds them, at 224 pixels
    "AlexNet": Count(61_100_840, 714_188_480),
    "VGG-16": Count(138_357_544, 15_470_264_320),
}


@dataclass(frozen=True)
class AuditRow:
    """One line of the table: the paper's figure and ours.

    Attributes:
        name: as in the paper's column "type", pools numbered.
        patch, output, depth, filters: the printed columns; six filter counts, "" where blank.
        paper_params, paper_ops: printed, in K (1,024) and M; None where the table is blank.
        params, ops: computed, in the same units.
        computed_output, computed_depth: what the network has.
    """

    name: str
    patch: str
    output: str
    depth: int
    filters: tuple[str, ...]
    paper_params: float | None
    paper_ops: int | None
    params: float
    ops: float
    computed_output: str
    computed_depth: int

    @property
    def remark(self) -> str:
        """Why paper and computation differ; empty where they agree."""
        wrong_params = differ(self.paper_params, self.params)
        wrong_ops = differ(self.paper_ops, self.ops)
        if self.name == "convolution":
            return (
                "A 7×7 convolution from 3 to 64 channels has 9,408 weights. The printed figures "
                "fit one split into 7×1 and 1×7 (2 · 7 · 3 · 64 = 2,688 weights); the networks "
                "that were published have the whole 7×7."
            )
        if wrong_params and wrong_ops:
            return (
                "Parameters and operations fit each other in print, but not the filter counts of "
                "their row."
            )
        return wrong_params * (
            "The printed operations fit the filter counts, the printed parameters don't: most "
            "likely a slip in print."
        )


def differ(printed: float | None, computed: float) -> bool:
    """Whether two figures differ by more than the printed one's rounding, and by 1 % or more."""
    if printed is None:
        return False
    gap = abs(printed - computed)
    return gap > 1 and gap / printed >= _WORTH_A_MARK


def audit() -> list[AuditRow]:
    """Every row of the paper's table 1, in its order."""
    every, rows = plan(GoogLeNetConfig.paper()), []
    for name, printed in _PRINTED.items():
        module = name.removeprefix("inception (").rstrip(")")
        own = _LAYERS.get(name, (name.replace("max pool ", "pool"),))
        of_row = [layer for layer in every if layer.name in own or layer.place == module]
        cost, last = totals(of_row), of_row[-1]
        output = f"{last.size}×{last.size}×{last.outputs}"
        figures = cost.weights / KILO, cost.macs / 1e6, output, _depth(of_row)
        rows.append(AuditRow(name, *printed, *figures))
    return rows


def audit_table() -> pd.DataFrame:
    """The audit, one row a line of the table."""
    import pandas as pd

    return pd.DataFrame(
        {
            "type": row.name,
            "patch/stride": row.patch,
            "output": row.output,
            "depth": row.depth,
            **dict(zip(COLUMNS.values(), row.filters, strict=True)),
            "params, paper (K)": row.paper_params,
            "params, computed (K)": round(row.params, 1),
            "ops, paper (M)": row.paper_ops,
            "ops, computed (M)": round(row.ops, 1),
            "remark": row.remark,
        }
        for row in audit()
    )


def _depth(of_row: list[Layer]) -> int:
    """Weighted layers one behind the other."""
    branches = Counter(layer.branch for layer in of_row if layer.weights)
    return max(branches.values(), default=0)
