"""The network map, to click."""

from __future__ import annotations

from collections.abc import Mapping

from app.frontend import component
from app.session import address
from inception_viz.architecture import Place
from inception_viz.figures import HeadAnswer, Painting, network_map

_map = component("branch_map")


def show(
    key: str, painting: Painting, heads: Mapping[str, HeadAnswer], *, narrow: bool = False
) -> Place | None:
    """Draw the map; return what was just clicked: the stem, a branch. The SVG escapes labels.

    ``narrow``: the map stands beside others, so there is never room for the wide layout.
    """
    large = address.large()
    result = _map(
        key=key,
        data={
            "wide": "" if narrow else network_map(painting, heads, "wide", large=large),
            "tall": network_map(painting, heads, "tall", large=large),
        },
        on_clicked_change=lambda: None,
    )
    return Place.parse(result.clicked or "")
