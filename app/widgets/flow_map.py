"""A drawing of ribbons, to click."""

from __future__ import annotations

from collections.abc import Sequence

from app.frontend import component

_map = component("flow_map")


def show(key: str, drawings: Sequence[str], invitation: str, chosen: str = "") -> str:
    """Draw them, of which the screen's width shows one; return what was just clicked, "" for none.

    ``invitation`` stands below until the mouse points at something; ``chosen`` is what stands out
    until then, by what a click on it returns. Foreign text in the drawings is
    escaped already.
    """
    result = _map(
        key=key,
        data={"drawings": list(drawings), "invitation": invitation, "chosen": chosen},
        on_clicked_change=lambda: None,
    )
    return result.clicked or ""
