"""What a pupil's browser can send: codes, numbers, nicknames, answers, what it says it keeps."""

from __future__ import annotations

import json
import random
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from app.server import reach
from app.server.classrooms import SYMBOLS, Classrooms
from app.server.room import NICKNAME, ClassError
from app.session import address, classroom, held, links
from app.views.classroom.board import board_of
from app.widgets.messages import UNLINKED, plain
from tests.hostile.address import Address
from tests.hostile.mutation import NUMBERS, TEXTS, bent, bent_json
from tests.hostile.target import Target, no_sentence

_CODES = ("K7QM4P", "k7q m4p", "K7QM4O", "CLASS", SYMBOLS, "<code>", "<number>")
_KINDS = ("code", "number", "nickname", "answer", "score", "told", "address")
_CODE, _NUMBER = "<code>", "<number>"  # what is true takes their place


def targets() -> list[Target]:
    """Whatever one browser says of a class."""
    return [Target("class", _make, read, (ClassError,))]


def _make(chance: random.Random) -> tuple[str, Any]:
    kind = chance.choice(_KINDS)
    if kind == "told":
        entry = {"code": _CODE, "key": "x" * 43, "server": "s"}
        said = {"session": "<session>", "code": _CODE, "pupil": _NUMBER, "server": "", "kept": True}
        return kind, bent_json(said | {"keys": [entry, entry]}, chance)
    if kind == "answer":
        names = ["branch,4c,cat,bvlc", "1x1", "3x3", "5x5", "1x1"]
        place = chance.randrange(len(names))
        names[place] = _text(chance, names[place])
        return kind, names
    if kind == "score":
        wild = (float("nan"), float("inf"), -1e308, *NUMBERS)
        return kind, (_text(chance, "two_photos"), float(chance.choice(wild)))
    start = {"code": _CODE, "number": "ab" * 16, "nickname": "Zoe", "address": "http://10.0.0.7:80"}
    return kind, _text(chance, start[kind])


def _text(chance: random.Random, text: str) -> str:
    if chance.random() < 0.3:
        return chance.choice((*TEXTS, *_CODES, text))
    return bent(text, chance, _CODES)


def read(given: tuple[str, Any], _folder: Path) -> None:
    """Let it do what it can to a class with one pupil; the class must hold what it held."""
    kind, said = given
    rooms, pupil = Classrooms(), "ab" * 16
    own = rooms.open()
    rooms.join(own.code, pupil)
    rooms.score(own.code, pupil, "two_photos", 1)
    if kind == "code":
        assert rooms.find(said.replace(_CODE, own.code), None) == own.code
    elif kind == "number":
        rooms.join(own.code, said)
    elif kind == "nickname":
        rooms.name(own.code, pupil, said)
    elif kind == "answer":
        question, choice, *options = said
        rooms.answer(own.code, pupil, question, choice, options, options[:1])
        assert rooms.answer(own.code, pupil, question, options[0], options, []) == choice
    elif kind == "score":
        rooms.score(own.code, pupil, *said)
    elif kind == "address":
        found = reach.typed(said)
        assert found.lower().startswith(("http://", "https://")) and len(found) <= 130
        assert not {*found} & {*"<>\"' @?#\\"}
    else:
        _tell(rooms, own.code, said)
    counts = rooms.counts(own)
    assert 1 <= counts.pupils <= 2 and len(counts.tallies) <= 1
    for score in counts.games["two_photos"]:
        assert len(score.nickname) <= NICKNAME and (score.nickname or "x").isprintable()
    if kind != "answer":
        known = {"two_photos": counts.games["two_photos"]}
        json.dumps(board_of(type(counts)(counts.pupils, counts.tallies, known)))


def _tell(rooms: Classrooms, code: str, text: str) -> None:
    """Let the browser say anything, as JSON, to a session that has followed the link."""
    with warnings.catch_warnings():
        try:
            told = json.loads(text.replace(_CODE, code))
        except (ValueError, RecursionError):
            return
    stand_in: Any = SimpleNamespace(
        query_params=Address({"class": code}),
        session_state={},
        context=SimpleNamespace(ip_address=None),
    )
    with (
        patch.object(classroom, "st", stand_in),
        patch.object(address, "st", stand_in),
        patch.object(held, "st", stand_in),
        patch.object(links, "st", stand_in),
        patch.object(classroom, "SHARED", rooms),
    ):
        links.follow()
        classroom.arrive()
        now = classroom.state()
        if isinstance(told, dict) and told.get("session") == "<session>":
            told["session"] = now.session
        classroom.remembered(told)
        assert now.own is None, "a key that nobody has was taken"
        assert now.pupil == "" or rooms.has(code, now.pupil)
        classroom.arrive()
        if said := classroom.notice():
            shown = plain(said).replace(UNLINKED, "")
            assert not no_sentence(shown), no_sentence(shown)
