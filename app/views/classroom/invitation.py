"""How pupils come in: the code, the link and its QR code; how the teacher ends it all."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from html import escape

import segno
import streamlit as st

from app.server import reach
from app.server.classrooms import Own
from app.session import address, teaching
from app.session.held import Held
from app.views import CLASS_PAGE
from app.widgets import copy_link, messages
from app.widgets.messages import plain

_LESSON = "learn"
_typed = Held("class_address", str)  # where pupils find the server, in the teacher's words
_CLOSED = (
    "**Pupils can't open this page yet**: the server listens to this computer alone. Start it with "
    "`streamlit run app/main.py --server.address 0.0.0.0`, in a network whose people you trust, or "
    "put a proxy in front (docs/deploying.md); then open a class."
)
_HERE = (
    "You came as *localhost*, which leads pupils to their own computers, so this is the address "
    "that this one seems to have in its network. A firewall may keep it out: try it on a phone."
)
_GO_THERE = (
    "You came as *localhost*. Come as {} instead, and links that you copy lead pupils here, too."
)


def show(own: Own) -> None:
    """Draw the invitation, and what the teacher can do with the class."""
    found = reach.reach(CLASS_PAGE)
    base = _typed() or found.base
    link = f"{base}/{_LESSON}?{address.CLASS}={own.code}"
    st.html(
        f'<div class="iv-invitation"><div><p class="iv-code">{own.code}</p>'
        f'<p class="iv-link">{escape(link.partition("://")[2])}</p></div>'
        f'<img alt="QR code of {escape(link)}" src="{qr_code(link)}"></div>'
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        copy_link.of("class_link", link, "Copy the pupils' link")
        with st.popover("Another address", icon=":material/lan:"):
            _another(found.base)
        save(own.code, partial(teaching.table, own), "class_saved")
        with st.popover("End the class", icon=":material/stop_circle:"):
            st.markdown("Ending it deletes what it has counted from the server.")
            st.button("End it now", key="class_end", type="primary", on_click=teaching.end)
    if found.closed and not _typed():
        st.warning(_CLOSED, icon=":material/wifi_off:")
    elif found.here and not _typed():
        st.caption(_HERE)


def prepare() -> None:
    """Say before a class is opened what would keep pupils out."""
    found = reach.reach(CLASS_PAGE)
    if found.closed:
        st.caption(_CLOSED)
    elif found.here:
        st.caption(_GO_THERE.format(plain(f"{found.base}/{CLASS_PAGE}")))


def qr_code(link: str) -> str:
    """The QR code of a link as the address of an SVG: dark on white, with its quiet zone."""
    drawn = segno.make(link, error="m", micro=False)
    return drawn.svg_data_uri(dark="#000", light="#fff", border=3, omitsize=True)


def save(code: str, table: str | Callable[[], str], key: str) -> None:
    """Draw a button that saves what a class has counted."""
    st.download_button(
        "Save CSV",
        table,
        file_name=f"class-{code}.csv",
        mime="text/csv",
        on_click="ignore",
        key=key,
        help="A row for each answer and each score; pupils are numbers, in no order.",
    )


def _another(base: str) -> None:
    text = st.text_input(
        "The pupils' address",
        value=_typed() or base,
        max_chars=120,
        key="class_address_typed",
        help="Where they reach this server: 192.168.1.5:8501, or https://viz.school.example.",
    )
    with messages.errors():
        wanted = reach.typed(text)
        wanted = "" if wanted == base else wanted
        if wanted != _typed():
            _typed.set(wanted)
            st.rerun()
    st.caption(f"Found out by itself: {plain(base)}")
