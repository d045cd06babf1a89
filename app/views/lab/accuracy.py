"""How often the network and the rebuilt one are right about a folder of photos."""

from __future__ import annotations

import streamlit as st

from app.server import folders
from app.session import explanations
from app.session.scene import Scene
from app.widgets import messages
from app.widgets.waiting import wait_for
from inception_viz.batch import MAX_PHOTOS
from inception_viz.figures import percent
from inception_viz.surgery import Operation


def show(scene: Scene, done: Operation) -> None:
    """Draw the choice of a folder, and both figures."""
    with st.expander("Accuracy on a folder of photos", icon=":material/folder_open:"):
        if not folders.allowed():
            st.caption(folders.REFUSED)
            return
        folder = st.text_input(
            "A folder on this computer, one folder per class; up to "
            f"{MAX_PHOTOS} photos are looked at",
            key="lab_accuracy",
            placeholder="/home/me/photos",
        ).strip()
        if not folder:
            return
        with messages.errors():
            job = explanations.accuracy(scene.base, done.classifier, folder)
            found = wait_for("lab_accuracy_job", job, "Both networks look at the photos …")
            if found is None:
                return
            before, after = (percent(right / max(found.photos, 1)) for right in found.right)
            order = " The folders were taken for the classes in their order." * found.in_order
            lost = f" {found.unreadable} files could not be read." * bool(found.unreadable)
            st.markdown(
                f"Original: **{before}** right. Rebuilt: **{after}** right. "
                f"{found.photos} photos.{order}{lost}"
            )
