"""Ways to other pages: the photo and the network come along."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from app.session import address, links
from inception_viz.architecture import Place


def show(
    page: str,
    label: str,
    view: Mapping[str, str] | None = None,
    *,
    icon: str = ":material/arrow_right_alt:",
    help: str | None = None,  # noqa: A002
    fresh: bool = False,
) -> None:
    """Draw a link to the page of that folder in app/views; ``label`` and ``help`` are Markdown.

    ``view`` is what the address says there beside the photo and the network; a ``fresh`` link shows
    exactly that, whatever was chosen before.
    """
    query = links.fresh(view or {}) if fresh else address.link() | dict(view or {})
    place = f"views/{page}/page.py"
    st.page_link(place, label=label, icon=icon, help=help, query_params=query)


def go(page: str, view: Mapping[str, str] | None = None) -> None:
    """Leave for another page at once."""
    st.switch_page(f"views/{page}/page.py", query_params=address.link() | dict(view or {}))


def maps_of(place: Place) -> dict[str, str]:
    """The view of the page *Branch activations* that shows a module, or one of its branches."""
    branch = {address.BRANCH: place.branch} if place.branch else {}
    return {address.MODULE: place.module} | branch
