"""Parts of a class: what a browser tells of itself, where pupils find it, what the board shows."""

from __future__ import annotations

import csv
import io
import re

import pytest

from app.server import reach
from app.server.classrooms import Classrooms
from app.server.room import ClassError, Counts, Score, Tally
from app.session import classroom, questions, teaching
from app.session.classroom import State
from app.views.classroom import board, invitation

pytestmark = pytest.mark.usefixtures("rooms")
PUPIL = "ab" * 16


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> State:
    """A session's state without a page."""
    now = State()
    monkeypatch.setattr(classroom, "state", lambda: now)
    monkeypatch.setattr(classroom, "say", lambda text: setattr(now, "notice", (text, 0)))
    monkeypatch.setattr("app.session.address.write", lambda *_: None)
    return now


def told(now: State, code: str, pupil: str = PUPIL, **more: object) -> dict[str, object]:
    said: dict[str, object] = {
        "session": now.session,
        "code": code,
        "pupil": pupil,
        "server": "",
        "kept": True,
    }
    return said | {"keys": []} | more


def test_the_browser_s_number_joins_and_what_waits_is_counted(
    session: State, rooms: Classrooms
) -> None:
    own = rooms.open()
    session.code = own.code
    classroom.answer("branch", "a", ["a", "b"], ["a"])
    classroom.score("two_photos", 4)
    classroom.remembered(told(session, own.code, kept=False))
    counts = rooms.counts(own)
    assert counts.pupils == 1 and counts.tallies[0].answers == 1
    assert counts.games["two_photos"][0].value == 4
    assert session.heard == own.code and not session.kept and not session.waiting


def test_another_session_s_word_is_not_taken(session: State, rooms: Classrooms) -> None:
    own = rooms.open()
    session.code = own.code
    classroom.remembered(told(session, own.code) | {"session": "another"})
    assert session.pupil == "" and rooms.counts(own).pupils == 0


def test_a_key_brings_the_teacher_back_and_a_false_one_nobody(
    session: State, rooms: Classrooms
) -> None:
    own = rooms.open()
    session.code = own.code
    false = {"code": own.code, "key": "x", "server": rooms.server}
    classroom.remembered(told(session, own.code, keys=[false]))
    assert session.own is None and session.pupil == PUPIL
    true = {"code": own.code, "key": own.key, "server": rooms.server}
    classroom.remembered(told(session, "", keys=[false, true]))
    assert session.own == own and session.teaches


def test_a_restart_of_the_server_is_said_to_both(session: State, rooms: Classrooms) -> None:
    before = Classrooms().open()
    key = {"code": before.code, "key": before.key, "server": "another"}
    classroom.remembered(told(session, "", keys=[key]))
    said = session.notice[0]
    assert "The server was restarted" in said and before.code in said and "Open a new one" in said
    assert session.gone == (before.code,)
    session.lost = before.code
    classroom.remembered(told(session, before.code, server="another"))
    assert "The server was restarted" in session.notice[0]
    assert "Ask your teacher for the new code" in session.notice[0]


def test_who_was_there_is_let_in_also_while_codes_are_refused(
    session: State, rooms: Classrooms
) -> None:
    own = rooms.open()
    rooms.join(own.code, PUPIL)
    session.lost = own.code
    classroom.remembered(told(session, own.code, pupil="cd" * 16))
    assert session.code == ""
    session.lost = own.code
    classroom.remembered(told(session, own.code))
    assert session.code == own.code and session.pupil == PUPIL


# Where pupils find the server.


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (" 192.168.1.5:8501 ", "http://192.168.1.5:8501"),
        ("https://viz.school.example/", "https://viz.school.example"),
        ("http://[fe80::1]:8501", "http://[fe80::1]:8501"),
        ("viz/app", "http://viz/app"),
    ],
)
def test_an_address_is_understood(text: str, meant: str) -> None:
    assert reach.typed(text) == meant


@pytest.mark.parametrize(
    "text",
    ["", "javascript:alert(1)", "javascript://x/%0aalert(1)", 'a"onerror=x', "a b", "ftp://x",
     "http://x?y", "http://u@x", "x" * 200, "<b>"],
)  # fmt: skip
def test_no_address_is_refused(text: str) -> None:
    with pytest.raises(ClassError, match="An address looks like"):
        reach.typed(text)


@pytest.mark.parametrize(
    ("url", "listens", "base", "here", "closed"),
    [
        ("http://localhost:8501/class-live", "localhost", "http://10.0.0.7:8501", True, True),
        ("http://127.0.0.1:8501/class-live", "0.0.0.0", "http://10.0.0.7:8501", True, False),
        ("https://viz.example/app/class-live/", "localhost", "https://viz.example/app", False,
         False),
        ("http://10.0.0.9:80/class-live", "0.0.0.0", "http://10.0.0.9:80", False, False),
    ],
)  # fmt: skip
def test_others_reach_the_server_where_it_listens(
    url: str, listens: str, base: str, here: bool, closed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stand:
        class context:  # noqa: N801
            pass

        @staticmethod
        def get_option(name: str) -> object:
            return listens if name == "server.address" else 8501

    Stand.context.url = url  # type: ignore[attr-defined]
    monkeypatch.setattr(reach, "st", Stand)
    monkeypatch.setattr(reach, "own_address", lambda: "10.0.0.7")
    assert reach.reach("class-live") == reach.Reach(base, here, closed)


def test_the_qr_code_holds_the_link() -> None:
    import segno

    link = "http://192.168.1.5:8501/learn?class=K7QM4P"
    drawn = invitation.qr_code(link)
    assert drawn.startswith("data:image/svg+xml") and "script" not in drawn
    matrix = [list(row) for row in segno.make(link, error="m", micro=False).matrix]
    dark = sum(map(sum, matrix))
    steps = re.findall(r"[hH](-?\d+)", drawn[drawn.index("qrline") :])
    assert sum(int(step) for step in steps) == dark, "every dark square is drawn, no other"


# The board.


def test_the_newest_question_comes_first_and_rare_views_are_counted_together() -> None:
    tallies = (
        Tally("branch,3a,cat,bvlc", {"1x1": 1}, {"1x1": 1}, 1),
        Tally("mute,3a,cat,bvlc", {"1x1": 5}, {"1x1": 0}),
        *(Tally(f"branch,3a,{p},bvlc", {"1x1": n}, {"1x1": 0})
          for n, p in enumerate(("espresso", "goldfish", "rocket", "own"), 2)),
    )  # fmt: skip
    shown = board.board_of(Counts(5, tallies, {}))["questions"]
    assert [card["words"][:6] for card in shown] == ["Muting", "Which "]
    assert [view["note"] for view in shown[1]["views"]] == [
        "5 answers, 0 right", "4 answers, 0 right", "3 answers, 0 right",
    ]  # fmt: skip
    assert shown[1]["more"] == "2 more ways to ask it, 3 answers: in the CSV."


@pytest.mark.parametrize("values", [[3.0], [0.0, 1.0, 1.0], [n / 7 for n in range(-50, 90)]])
def test_a_distribution_holds_every_score_once(values: list[float]) -> None:
    bars = board.distribution(values)
    assert sum(bar["count"] for bar in bars) == len(values) and len(bars) <= 8
    assert sum(bar["share"] for bar in bars) == pytest.approx(100)


def test_the_lowest_score_comes_first_where_it_is_the_best(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scores = (Score(1, 5, "five", False), Score(2, 3, "three", False), Score(3, 1, "", False))
    monkeypatch.setitem(questions.GAMES, "g", questions.Game("G", "steps", lowest=True))
    (game,) = board.board_of(Counts(3, (), {"g": scores}))["games"]
    assert [named["name"] for named in game["names"]] == ["three", "five"]
    monkeypatch.setitem(questions.GAMES, "g", questions.Game("G", "points"))
    (game,) = board.board_of(Counts(3, (), {"g": scores}))["games"]
    assert [named["name"] for named in game["names"]] == ["five", "three"]


def test_the_table_has_a_row_for_each_answer_and_no_names(
    rooms: Classrooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = rooms.open()
    rooms.join(own.code, PUPIL)
    rooms.name(own.code, PUPIL, "=Zoe")
    rooms.answer(own.code, PUPIL, "saving", "25", ["25", "90"], ["90"])
    rooms.score(own.code, PUPIL, "two_photos", 3)
    text = teaching.table(own)
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [row["answer"] for row in rows] == ["about 25\N{NO-BREAK SPACE}%", ""]
    assert [row["right"] for row in rows] == ["no", ""]
    assert (rows[1]["game"], rows[1]["score"]) == ("Which of these two makes it fire?", "3")
    assert "Zoe" not in text and PUPIL not in text
