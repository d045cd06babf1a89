"""Changes of a picture: files of them, and what a browser sends for each."""

from __future__ import annotations

import json
import random
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from PIL import Image

import inception_viz as iv
from app.session import breaking, held
from inception_viz.pictures import Blur, Changes, Cut, Paint, Patch, Turn
from tests.hostile.mutation import bent_json, damaged
from tests.hostile.target import Target

_SIDE = 64


def targets() -> list[Target]:
    """Both kinds of text."""
    errors = (iv.ChangeError,)
    return [
        Target("changes file", _file, _read_file, errors),
        Target("change message", _message, _read_message, errors),
    ]


@cache
def _square() -> Image.Image:
    return Image.effect_noise((_SIDE, _SIDE), 90).convert("RGB")


@cache
def _changes() -> Changes:
    place = (3, 4, 20, 30)
    return Changes(
        _SIDE,
        (
            Cut(*place, (1, 2, 3)),
            Cut(*place),
            Blur(*place, 2.5),
            Turn(*place, 45),
            Patch(*place, 30, 30),
            Paint(((1, 2), (60, 60), (0, 63)), 5, (9, 9, 9)),
        ),
    )


def _file(chance: random.Random) -> bytes:
    plain = json.loads(_changes().to_json())
    text = bent_json(plain, chance) if chance.random() < 0.9 else json.dumps(plain)
    data = text.encode("utf-8", "surrogatepass")
    return damaged(data, chance) if chance.random() < 0.2 else data


def _read_file(data: bytes, _folder: Path) -> None:
    """As the page does, which knows the side of its square."""
    found = Changes.from_json(data.decode("utf-8", "replace"))
    assert Changes.from_json(found.to_json()) == found
    if found.side == _SIDE:
        found.apply(_square())


def _message(chance: random.Random) -> Any:
    made: list[dict[str, Any]] = [
        {"change": change} for change in json.loads(_changes().to_json())["changes"]
    ]
    made += [{"by": -1}, {"by": 1}, {"to": "start"}]
    chance.shuffle(made)
    steps = [{"number": number} | step for number, step in enumerate(made, 6)]
    text = bent_json({"base": "square", "steps": steps}, chance)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _read_message(message: Any, _folder: Path) -> None:
    """Nothing is raised, the picture stays one, and what is wrong is said."""
    picture = iv.read_picture(_square())
    game = breaking.Game("x", picture, [Changes(_SIDE)], 5)
    messages = [message]
    if isinstance(message, dict) and message.get("base") == "square":
        message["base"] = game.id
        if isinstance(steps := message.get("steps"), list):
            messages = [message | {"steps": [step]} for step in steps]
    wrong = ""
    with patch.object(held, "st", SimpleNamespace(session_state={"break_it": game})):
        for one in messages:
            breaking.take(one)
            wrong = wrong or game.wrong
    assert game.changed().size == (_SIDE, _SIDE)
    assert 0 <= game.place < len(game.steps) and game.number >= 5
    json.loads(game.changes.to_json())
    if wrong:
        raise iv.ChangeError(wrong)
