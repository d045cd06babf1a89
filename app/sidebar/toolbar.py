"""What every page has at its top: a link to this view, a report, large type for projectors."""

from __future__ import annotations

from functools import partial

import streamlit as st

from app.frontend import component
from app.session import address, explanations, photos
from app.session.scene import Scene

_link = component("copy_link")
_REPORT_HELP = (
    "Everything about this photo in this model as one HTML file that opens without internet: "
    "answers, maps, contributions, Grad-CAM, every channel, versions. Takes a few seconds."
)


def show(scene: Scene | None) -> None:
    """Draw it; no report without a ``scene``."""
    with st.container(horizontal=True, key="toolbar", vertical_alignment="center", gap="small"):
        st.toggle(
            "Large type",
            key=address.LARGE,
            bind="query-params",
            help="For projectors: everything larger.",
        )
        note, done = "The address of exactly this view, to send or to keep.", "Link copied"
        if photos.own() is not None:
            note += " Your own photo is not in it: whoever opens it is told so."
            done = "Copied without your photo"
        if scene is not None:
            st.download_button(
                "Report",
                partial(explanations.report, scene),
                file_name="inception-viz-report.html",
                mime="text/html",
                on_click="ignore",
                help=_REPORT_HELP,
                key="report",
            )
        _link(key="copy_link", data={"note": note, "done": done}, width="content")
