"""The network map, to click."""

from __future__ import annotations

from collections.abc import Mapping

from app.frontend import component
from app.session import address
from app.session.channels import Looks
from inception_viz.architecture import Place
from inception_viz.figures import HeadAnswer, Painting, data_url, network_map

_map = component("branch_map")


def show(
    key: str,
    painting: Painting,
    heads: Mapping[str, HeadAnswer],
    *,
    narrow: bool = False,
    looks: Looks | None = None,
) -> Place | None:
    """Draw the map; return what was just clicked: the stem, a branch. The SVG escapes labels.

    ``narrow``: the map stands beside others, so there is never room for the wide layout. ``looks``
    are shown beside the branch under the mouse.
    """
    large = address.large()
    result = _map(
        key=key,
        data={
            "wide": "" if narrow else network_map(painting, heads, "wide", large=large),
            "tall": network_map(painting, heads, "tall", large=large),
            "looks": _looks(looks),
        },
        on_clicked_change=lambda: None,
    )
    return Place.parse(result.clicked or "")


def _looks(looks: Looks | None) -> dict[str, object] | None:
    if looks is None:
        return None
    sprite = looks.sprite
    return {
        "src": data_url(sprite.encoded, sprite.kind),
        "columns": sprite.columns,
        "rows": sprite.rows,
        "places": looks.places,
    }
