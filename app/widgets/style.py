"""The few rules of style that the theme has no setting for."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app.frontend import text
from app.session import address

FAVICON = Path(__file__).parents[2] / "assets" / "icon.png"
_PAGE, _LARGE = text("page.css"), text("large.css")


def show() -> None:
    """Add the rules to the page."""
    st.html(f"<style>{_PAGE}{_LARGE if address.large() else ''}</style>")
