"""The numbers behind a figure, as text for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
import plotly.graph_objects as go

from inception_viz.explain.channels import Layer
from inception_viz.files.foreign import rows_text


def figure_csv(fig: go.Figure) -> str:
    """Every point of a plotly figure as CSV: series, x, y. Series without a name get none."""
    series = ((trace.name or "", trace.x, trace.y) for trace in fig.data)
    points = [
        (name, x, y)
        for name, xs, ys in series
        if xs is not None and ys is not None
        for x, y in zip(xs, ys, strict=True)
    ]
    return rows_text(["series", "x", "y"], points) if points else ""


@dataclass(frozen=True, eq=False)
class Grid:
    """A map (height, width), and what it is of, in words; "" and None where that is nothing.

    Attributes:
        values: the map; all else is a column of :func:`grid_csv`, where any map has it.
        module, branch, channel: the place; ``channel`` counts from 0.
        step: what of the place it is: "reduce", …
        photo, model, target: what it was made of and what it explains.
    """

    values: np.ndarray
    module: str
    branch: str = ""
    step: str = ""
    channel: int | None = None
    photo: str = ""
    model: str = ""
    target: str = ""

    def minus(self, other: Grid) -> Grid:
        """The difference of two maps of one size; where the words differ, they say so."""

        def words(own: str, others: str) -> str:
            return own if own == others else f"{own} − {others}"

        return replace(
            self,
            values=self.values - other.values,
            photo=words(self.photo, other.photo),
            model=words(self.model, other.model),
            target=words(self.target, other.target),
        )


_WORDS = tuple(field.name for field in fields(Grid) if field.name != "values")


def grid_csv(grids: Iterable[Grid]) -> str:
    """Maps as CSV, one line a unit: module, branch, …, row, column, value, photo, model, target.

    Rows and columns count from 0. There is no column for what no map has.
    """
    maps = list(grids)
    known = [name for name in _WORDS if any(getattr(grid, name) not in ("", None) for grid in maps)]
    place = [name for name in known if name in ("module", "branch", "step", "channel")]
    made = known[len(place) :]
    rows: list[list[object]] = []
    for grid in maps:
        before, after = ([getattr(grid, name) for name in names] for names in (place, made))
        rows += ([*before, *at, value, *after] for at, value in np.ndenumerate(grid.values))
    return rows_text([*place, "row", "column", "value", *made], rows)


def channels_csv(layers: Mapping[str, Layer]) -> str:
    """Every channel of some layers as CSV: layer, channel, mean, maximum, share of units at 0."""
    rows = [
        (name, channel, *figures)
        for name, layer in layers.items()
        for channel, figures in enumerate(
            zip(layer.mean, layer.maximum, layer.zero_share, strict=True)
        )
    ]
    columns = ["layer", "channel", "mean", "maximum", "zero_share"]
    return rows_text(columns, rows) if rows else ""
