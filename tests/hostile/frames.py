"""What a browser can send as a camera's frame."""

from __future__ import annotations

import base64
import random
from functools import cache
from pathlib import Path
from typing import Any

import inception_viz as iv
from app.session import live
from inception_viz.architecture import Place
from tests.hostile import address
from tests.hostile.mutation import NUMBERS, TEXTS, bent
from tests.hostile.pictures import targets as pictures
from tests.hostile.target import Target

_PLACES = ("4c/5x5", "4c/5x5:3", "3a/pool", "5b/1x1:0", "9z/3x3", "4c", "stem", "conv1:2")
_START = "data:image/jpeg;base64,"
_STARTS = (_START, "data:image/png;base64,", "data:image/jpeg;base64", "data:", "")


def targets() -> list[Target]:
    """A frame, or one that is to be frozen."""
    return [Target("camera frame", _make, _read, (iv.ImageError,), megabytes=256)]


@cache
def _jpegs() -> Target:
    return next(target for target in pictures() if target.name == "jpeg")


def _make(chance: random.Random) -> Any:
    if chance.random() < 0.05:
        return chance.choice((None, [], "frame", 3, {}, [{}]))
    content = _jpegs().make(chance)
    encoded = base64.b64encode(content).decode()
    text = chance.choice(_STARTS if chance.random() < 0.2 else (_START,)) + encoded
    sent: dict[str, Any] = {
        "picture": bent(text, chance, TEXTS) if chance.random() < 0.2 else text,
        "number": chance.choice((1, 2, *NUMBERS)),
        "branch": bent(chance.choice(_PLACES), chance, _PLACES),
        "skeleton": chance.choice(TEXTS),
        "lacks": [chance.choice((*_PLACES, *TEXTS)) for _ in range(chance.randrange(6))],
    }
    for key in chance.sample(list(sent), chance.randrange(3)):
        sent[key] = chance.choice((None, [], {}, 3, *TEXTS))
    return sent


def _read(sent: Any, _folder: Path) -> None:
    """Take it, look at it, freeze it; what is understood must exist."""
    classifier, trace = address.scene()
    with address.streamlit(address.Address()):
        live.take(sent)
        came, state = live.camera().take_sent(), live.camera()
        assert (came is None) == (not isinstance(sent, dict))
        branch = live.branch_in(trace)
        assert branch.branch in trace.branches[branch.module]
        lacks = came.lacks if came else ()
        assert all(Place.parse(place) for place in live.pictures(classifier, trace, lacks))
        refused = ""
        try:
            if state.content:
                live.look(classifier, trace, branch, "cam", scored=False)
        except iv.ImageError as error:
            refused = str(error)
        live.freeze(sent)
        assert state.frozen or state.wrong or came is None
        if refused:
            raise iv.ImageError(refused)
