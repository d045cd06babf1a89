"""Ways to other pages: the photo and the network come along."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from app.session import address, links
from inception_viz.architecture import Place

NO_MORE: Mapping[str, str] = {}


def show(
    page: str,
    label: str,
    view: Mapping[str, str] = NO_MORE,
    *,
    icon: str = ":material/arrow_right_alt:",
    help: str | None = None,  # noqa: A002
    fresh: bool = False,
) -> None:
    """Draw a link to the page of that folder in app/views; ``label`` and ``help`` are Markdown.

    ``view`` is what the address says there beside the photo and the network; a ``fresh`` link shows
    exactly that, whatever was chosen before.
    """
    query = links.fresh(view) if fresh else address.link() | dict(view)
    st.page_link(script(page), label=label, icon=icon, help=help, query_params=query)


def go(page: str, view: Mapping[str, str] = NO_MORE) -> None:
    """Leave for another page at once."""
    st.switch_page(script(page), query_params=address.link() | dict(view))


def maps_of(place: Place) -> dict[str, str]:
    """The view of the page *Branch activations* that shows a module, or one of its branches."""
    branch = {address.BRANCH: place.branch} if place.branch else {}
    return {address.MODULE: place.module} | branch


def script(page: str) -> str:
    """The file of a page, as Streamlit wants it."""
    return f"views/{page}/page.py"
