"""What to train: the lab's network, a preset, a file."""

from __future__ import annotations

import streamlit as st

import inception_viz as iv
from app.session import lab, models
from app.session.scene import found
from app.views.train.orders import Network
from app.widgets import choice, messages
from app.widgets.markdown import plain
from app.widgets.waiting import result_of
from inception_viz.architecture import decode
from inception_viz.sources import Weights
from inception_viz.training import PRESETS

_FILE = "file"
_LAB = "lab"


def show() -> Network | None:
    """Draw the choice; None until there is a network."""
    edited = lab.config()
    names = {_LAB: "The one from the architecture lab"} if edited else {}
    names |= {name: preset.title for name, preset in PRESETS.items()}
    names[_FILE] = "A JSON file of yours …"
    chosen = choice.select("train_network", "Architecture", names)
    if chosen == _LAB and edited is not None:
        return _from_lab(edited)
    if chosen != _FILE:
        st.caption(PRESETS[chosen].summary)
        return Network(PRESETS[chosen].build())
    file = st.file_uploader("Config (JSON)", key="train_config", max_upload_size=1)
    if file is not None:
        with messages.errors():
            text = file.getvalue().decode("utf-8", "replace")
            return Network(iv.GoogLeNetConfig.from_json(text))
    return None


def _from_lab(config: iv.GoogLeNetConfig) -> Network:
    """The lab's network, with the weights that were carried over if it was rebuilt."""
    scene = found()
    text = lab.architecture()
    if scene is None or not text or not lab.built() or decode(text) != config:
        st.caption("It begins with random weights. Rebuild it in the lab to carry weights over.")
        return Network(config)
    carried = st.toggle(
        f"Begin with the weights of {plain(scene.base.title)} that were carried over",
        True,
        key="train_carried",
        help="What doesn't fit, such as a last layer for other classes, begins at random.",
    )

    def weights() -> Weights:
        job = models.rebuilt(scene.base, text, lab.origins(config), lab.kept_filters())
        return result_of(job).classifier.weights

    return Network(config, weights if carried else None)
