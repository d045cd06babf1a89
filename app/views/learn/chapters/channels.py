"""From edges to parts to things: what channels of early, middle and late modules look for."""

from __future__ import annotations

import streamlit as st

from app.session import address, channels
from app.session.scene import Scene
from app.views.learn.chapters import two_photos
from app.views.learn.chapters.question import ask
from app.widgets import figure, messages, page_link, picture
from app.widgets.picture import Small
from app.widgets.waiting import wait_for
from inception_viz.architecture import Place, receptive_fields
from inception_viz.explain import strongest_channels
from inception_viz.features import Tile
from inception_viz.figures import BRANCH_NAMES, data_url

_HOW = (
    "One picture a branch, of the channel that fires most on your photo. Gradients painted them: "
    "they begin with noise and change it so that the channel fires more and more. Click one to see "
    "the channel."
)
_OPENED = "lesson_opened"
_PER_BRANCH = 2  # one to show, one to ask about


def show(scene: Scene) -> None:
    """Draw the chapter."""
    opened = Place.parse(st.session_state.pop(_OPENED, ""))
    if opened is not None:
        page_link.go("branches", {address.MODULE: opened.module, address.CHANNEL: str(opened)})
    names = list(scene.model.config.modules)
    stages = list(dict.fromkeys([names[0], names[len(names) // 2], names[-1]]))
    fields = receptive_fields(scene.model.config)
    st.markdown(
        "A map shows where a channel fires, not what for. So let the network paint: start with "
        "noise, ask how the channel would fire more, change the picture a little, and again. Early "
        f"channels ({stages[0]}) of a trained network like edges and textures, in the middle there "
        "are parts such as eyes, wheels and fur, late ones like whole things. Nobody told them to."
    )
    with messages.errors():
        strongest = strongest_channels(scene.trace, _PER_BRANCH)
        shown = [
            Place(branch.module, branch.branch, numbers[0])
            for branch, numbers in strongest.items()
            if branch.module in stages
        ]
        asked = _mystery(scene, strongest, stages)
        job = channels.tiles(scene.model, [*shown, asked])
        tiles = wait_for("lesson_tiles", job, "Painting what channels look for …")
        if tiles is None:
            return
        with figure.frame("lesson_channels", "Early, middle, late", _HOW):
            for column, module in zip(st.columns(len(stages)), stages, strict=True):
                own = {place: tiles[place] for place in shown if place.module == module}
                with column:
                    _gallery(module, own, fields[module].size)
        branch, field = BRANCH_NAMES[str(asked.branch)], fields[asked.module].size
        reason = (
            f"It is channel {asked.channel} of {asked.module}'s {branch} branch; {asked.module} "
            f"sees {field} pixels at once."
        )
        mystery, question = st.columns([1, 4], vertical_alignment="center")
        with mystery:
            picture.show(tiles[asked].webp, "The picture that another channel fires on most")
        with question:
            ask(
                "guess_module",
                scene,
                "Which module does the channel with this picture belong to?",
                {module: module for module in stages},
                lambda: ([asked.module], reason),
                counts_as="module",
            )
    two_photos.show(scene)
    page_link.show("branches", "See all channels, as maps or as pictures", {"tiles": "pictures"})


def _mystery(scene: Scene, strongest: dict[Place, tuple[int, ...]], stages: list[str]) -> Place:
    """A channel to ask about; the same for one photo in one model, and none of those shown."""
    branches = [b for b, numbers in strongest.items() if b.module in stages and len(numbers) > 1]
    branches = branches or [b for b in strongest if b.module in stages]
    branch = branches[int(scene.trace.picture.sha256[:8], 16) % len(branches)]
    return Place(branch.module, branch.branch, strongest[branch][-1])


def _gallery(module: str, tiles: dict[Place, Tile], field: int) -> None:
    st.markdown(f"**{module}**: sees {field}×{field} pixels")
    small = [
        Small(
            str(place),
            data_url(tile.webp, "webp"),
            f"What {place} looks for",
            tip=f"Open {place}",
            note=BRANCH_NAMES[str(place.branch)],
        )
        for place, tile in tiles.items()
    ]
    picture.strip(f"lesson_{module}", f"Channels of {module}", small, "", _open, layout="gallery")


def _open(place: str) -> None:
    st.session_state[_OPENED] = place
