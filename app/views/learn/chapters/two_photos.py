"""The question of the two photos: which of them makes this channel fire?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import streamlit as st

from app.session import address, channel_photos, channels, classroom, models
from app.session.channel_photos import Seen
from app.session.held import Held
from app.session.scene import Scene
from app.widgets import messages, page_link, picture
from app.widgets.messages import plain
from app.widgets.waiting import result_of, wait_for
from inception_viz.architecture import Place
from inception_viz.features import Tile, TwoPhotos, two_photos
from inception_viz.figures import BRANCH_NAMES, short_number


@dataclass
class _Game:
    number: int = 0
    chosen: int | None = None
    counted: bool = False
    asked: int = 0
    right: int = 0
    machine: int = 0


_game = Held("two_photos", _Game)
_COUNTED = 10  # of the questions, in a class


@messages.errors()
def show(scene: Scene) -> None:
    """Draw the question, what came out, and the score so far."""
    st.subheader("Which of these two makes it fire?", anchor=False)
    sources = channel_photos.sources(scene.model)
    source = channel_photos.OWN if channel_photos.OWN in sources else channel_photos.SAMPLES
    job = channel_photos.seen(scene.model, source)
    seen = wait_for("quiz_photos", job, "Looking for photos that make channels fire …")
    question = two_photos(seen.index, _game().number) if seen is not None else None
    place = Place.parse(question.place) if question is not None else None
    if seen is None or question is None or place is None:
        st.caption("There are too few photos to ask about.")
        return
    tiles = wait_for("quiz_tile", channels.tiles(scene.model, [place]), "Painting a channel …")
    if tiles is None:
        return
    units = question.shown
    crops = [
        channel_photos.crop_of(seen, question.place, unit, side=320, marked=False) for unit in units
    ]
    with st.container(border=True):
        st.markdown(
            f"First: what channel {place.channel} of {place.module} "
            f"{BRANCH_NAMES[str(place.branch)]} looks for. "
            "**Predict**: on which of the two photos does it fire?"
        )
        painted, *both = st.columns(3)
        with painted:
            picture.show(tiles[place].webp, "What the channel looks for", "It looks for this")
        for number, (column, crop) in enumerate(zip(both, crops, strict=True)):
            with column:
                picture.show(crop, f"Photo {'AB'[number]}", seen.title(units[number]))
                st.button(
                    f"Photo {'AB'[number]}",
                    key=f"photo_{number}",
                    disabled=_game().chosen is not None,
                    on_click=partial(_choose, number),
                    width="stretch",
                )
        if _game().chosen is not None:
            _outcome(scene, seen, question, tiles[place])


def _choose(number: int) -> None:
    _game().chosen = number


def _outcome(scene: Scene, seen: Seen, question: TwoPhotos, tile: Tile) -> None:
    """Say what was right, count it once, and offer the next question."""
    game = _game()
    right = question.right
    judge = result_of(models.of_source("imagenette" if scene.model.source == "bvlc" else "bvlc"))
    machine = result_of(channel_photos.nearest_photo(judge, scene.model, seen, question, tile))
    if not game.counted:
        game.counted = True
        game.asked += 1
        game.right += game.chosen == right
        game.machine += machine == right
        if game.asked <= _COUNTED:
            classroom.score("two_photos", game.right)
    values = [question.strong.value, question.weak.value]
    said = (
        f"On photo {'AB'[right]} its strongest unit reaches {short_number(values[0])}, on the "
        f"other {short_number(values[1])}."
    )
    if game.chosen == right:
        st.success(f"Right. {said}", icon=":material/check_circle:")
    else:
        st.warning(f"It is photo {'AB'[right]}. {said}", icon=":material/lightbulb:")
    st.markdown(
        f"You: **{game.right} of {game.asked}**. A machine that takes the photo most like the "
        f"picture, in the eyes of {plain(judge.title)}: **{game.machine} of {game.asked}**. "
        f"Chance: {game.asked / 2:g} of {game.asked}."
    )
    following, look = st.columns(2)
    following.button("Next channel", key="next_photos", on_click=_go_on, type="primary")
    with look:
        view = {address.MODULE: question.place.partition("/")[0], address.CHANNEL: question.place}
        page_link.show("branches", "See this channel", view)


def _go_on() -> None:
    game = _game()
    game.number, game.chosen, game.counted = game.number + 1, None, False
