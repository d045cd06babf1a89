"""Both sides and their difference, as maps of the network or as maps over the photo."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from app.session.scene import Scene
from app.widgets import branch_map, figure, picture
from app.widgets.messages import plain
from inception_viz.explain import Comparison
from inception_viz.figures import (
    BRANCH_NAMES,
    Grid,
    Painting,
    grid_csv,
    paint_difference,
    short_number,
)
from inception_viz.files import csv_text

_HOW = (
    "Left and middle: the two sides. Right: the second minus the first, red where the second is "
    "higher, blue where it is lower, white where they agree."
)


@dataclass(frozen=True)
class Pair:
    """Two scenes that share the photo or the model."""

    first: Scene
    second: Scene

    @property
    def sides(self) -> tuple[Scene, Scene]:
        """Both."""
        return self.first, self.second

    @property
    def same_photo(self) -> bool:
        """Whether it is one photo on two networks."""
        return self.first.trace.picture.sha256 == self.second.trace.picture.sha256

    @property
    def names(self) -> tuple[str, str]:
        """What tells the sides apart: their models, or their photos."""
        if self.same_photo:
            return self.first.model.title, self.second.model.title
        return self.first.photo, self.second.photo


def networks(
    key: str, title: str, pair: Pair, paintings: list[Painting], compared: Comparison
) -> None:
    """Draw both sides' ``paintings`` and what ``compared`` says."""
    drawn = [
        *(replace(p, widths=s.trace.widths) for p, s in zip(paintings, pair.sides, strict=True)),
        replace(paint_difference(compared), widths=pair.first.trace.widths),
    ]
    with figure.frame(key, title, _HOW, csv=csv_text(compared.to_frame())):
        named = zip(st.columns(3), drawn, (*pair.names, "Difference"), strict=True)
        for place, (column, painting, name) in enumerate(named):
            with column:
                st.markdown(f"**{plain(name)}**")
                branch_map.show(f"{key}_{place}", painting, {}, narrow=True)
    if compared.missing:
        places = ", ".join(f"{m} {BRANCH_NAMES[b]}" for m, b in compared.missing)
        st.caption(f"On one side only, so without a difference: {places}.")


def photos(
    key: str,
    title: str,
    pair: Pair,
    maps: tuple[np.ndarray, np.ndarray],
    difference: np.ndarray | None,
    grids: tuple[Grid, Grid],
) -> None:
    """Both maps on one scale; their difference where both are of one photo; ``grids``: to save."""
    top = max(float(values.max()) for values in maps)
    comparable = difference is not None and pair.same_photo
    how = "Yellow is strong, dark is none; both maps are on one scale."
    if comparable:
        how += " In the difference red is stronger on the second side, blue on the first."
    first, second = grids
    saved = [first, second, second.minus(first)] if comparable else grids
    with figure.frame(key, title, how, csv=grid_csv(saved)):
        columns = st.columns(3)
        for column, side, values, name in zip(columns, pair.sides, maps, pair.names, strict=False):
            caption = f"{name}, 0 to {short_number(top)}"
            with column:
                jpeg = picture.over_photo(side.trace, values, maximum=top)
                picture.show(jpeg, caption, plain(caption))
        if comparable and difference is not None:
            caption = f"Difference, up to ±{short_number(float(np.abs(difference).max()))}"
            with columns[2]:
                jpeg = picture.over_photo(pair.first.trace, difference, signed=True)
                picture.show(jpeg, caption, caption)
        elif not pair.same_photo:
            columns[2].caption(
                "Two photos have no pixel in common, so no map of their difference is shown. What "
                "differs branch by branch, or channel by channel, stands below."
            )
