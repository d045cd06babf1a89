"""The page Class, its line on other pages, and what of *Learn* is counted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.server.classrooms import Classrooms, Own
from app.session import questions
from app.session.classroom import State
from app.views.classroom import board
from app.views.learn.chapters import CHAPTERS
from tests.app.arriving import arrive
from tests.app.test_pages import start, texts
from tests.conftest import ROOT

pytestmark = pytest.mark.usefixtures("empty_cache", "rooms")
PUPIL = "ab" * 16


def state(app: AppTest) -> State:
    found: State = app.session_state["class_state"]
    return found


def data(app: AppTest, name: str) -> dict[str, Any]:
    """What a component of ours shows."""
    for component in app.get("bidi_component"):
        if component.proto.component_name.endswith(name):
            found: dict[str, Any] = json.loads(component.proto.json or component.proto.mixed.json)
            return found
    raise AssertionError(f"There is no {name}.")


def join(app: AppTest, rooms: Classrooms, code: str, pupil: str = PUPIL) -> AppTest:
    """What comes of the browser's telling its number."""
    rooms.join(code, pupil)
    state(app).pupil, state(app).heard = pupil, code
    return app.run()


def line(app: AppTest) -> str:
    return "\n".join(e.proto.body for e in app.get("html") if 'class="iv-class"' in e.proto.body)


def guess(app: AppTest, key: str, option: object) -> AppTest:
    next(group for group in app.pills if group.key == key).set_value(option).run()
    assert not app.exception
    return app


def test_a_teacher_opens_a_class_and_ends_it(rooms: Classrooms) -> None:
    app = arrive("classroom", {})
    assert not app.exception
    assert data(app, "class_memory")["own"] is None
    app.button(key="class_open").click().run()
    assert not app.exception
    own = state(app).own
    assert own is not None and rooms.owns(own)
    said = texts(app)
    assert f'<p class="iv-code">{own.code}</p>' in said
    assert f"/learn?class={own.code}" in said and 'alt="QR code of http' in said
    assert own.key not in said and app.query_params["class"] == own.code
    assert data(app, "class_memory")["own"] == {"code": own.code, "key": own.key}
    assert data(app, "class_board")["pupils"] == 0
    rooms.join(own.code, PUPIL)
    rooms.answer(own.code, PUPIL, "branch,4c,cat,bvlc", "1x1", ["1x1", "3x3"], ["3x3"])
    app.run()
    (card,) = data(app, "class_board")["questions"]
    assert card["words"] == "Which branch of 4c is most active?"
    (view,) = card["views"]
    assert (view["seen"], view["note"]) == ("Cat, BVLC GoogLeNet", "1 answer, 0 right")
    assert [(b["name"], b["count"], b["right"]) for b in view["bars"]] == [
        ("1×1", 1, False), ("3×3", 0, True),
    ]  # fmt: skip
    app.button(key="class_end").click().run()
    assert not app.exception
    assert not rooms.is_open(own.code) and "class" not in app.query_params
    assert f"Class **{own.code}** has ended" in texts(app)
    assert "1×1" in app.session_state["class_ended"].table
    assert data(app, "class_memory")["gone"] == [own.code]


def test_the_key_is_never_in_an_address(rooms: Classrooms) -> None:
    app = arrive("classroom", {})
    app.button(key="class_open").click().run()
    own = state(app).own
    assert own is not None
    for view in ("explore", "learn", "classroom"):
        app.switch_page(f"views/{view}/page.py").run()
        assert app.query_params["class"] == own.code
        assert own.key not in str(dict(app.query_params))
        links = [e.proto for e in app.get("page_link")]
        assert own.key not in str(links)


@pytest.mark.parametrize("page", ["explore", "learn", "branches", "train"])
def test_a_link_leads_into_the_class_on_any_page(page: str, rooms: Classrooms) -> None:
    code = rooms.open().code
    app = arrive(page, {"class": f" {code.lower()}"})
    assert not app.exception and not app.toast
    assert app.query_params["class"] == code
    memory = data(app, "class_memory")
    assert memory["asks"] and memory["open"] and memory["code"] == code
    join(app, rooms, code)
    assert "0 answers counted" in line(app) and not data(app, "class_memory")["asks"]
    app.switch_page("views/teach/page.py").run()
    assert app.query_params["class"] == code and "0 answers counted" in line(app)


def test_nothing_of_it_is_there_without_a_class() -> None:
    app = start("learn", image="cat")
    assert not [c for c in app.get("bidi_component") if "class_memory" in str(c.proto)]
    assert not line(app) and "class" not in app.query_params


def test_an_answer_is_counted_once_and_the_first_stands(rooms: Classrooms) -> None:
    own = rooms.open()
    app = join(start("learn", image="cat", **{"class": own.code}), rooms, own.code)
    guess(app, "guess_branch", "1x1")
    assert "1 answer counted" in line(app)
    assert "your first answer counts: 1×1" in texts(app)
    guess(app, "guess_branch", "3x3")
    assert "your first answer counts: 1×1" in texts(app) and "Right." in app.success[0].value
    (tally,) = rooms.counts(own).tallies
    assert tally.question == "branch,3a,cat,bvlc" and tally.chosen["1x1"] == tally.answers == 1
    assert [o for o, n in tally.right.items() if n] == ["3x3"]
    app.button_group(key="learn_module").set_value("4c").run()
    guess(app, "guess_branch", "1x1")
    assert "2 answers counted" in line(app)


def test_what_a_link_has_chosen_is_nobody_s_answer(rooms: Classrooms) -> None:
    own = rooms.open()
    query = {"image": "cat", "class": own.code, "guess_branch": "1x1"}
    app = join(arrive("learn", query), rooms, own.code)
    assert app.warning and "0 answers counted" in line(app)
    assert rooms.counts(own).tallies == ()


def test_what_is_answered_before_the_browser_has_told_counts_as_well(rooms: Classrooms) -> None:
    own = rooms.open()
    app = start("learn", image="cat", **{"class": own.code})
    guess(app, "guess_branch", "1x1")
    assert rooms.counts(own).tallies == () and len(state(app).waiting) == 1


def test_the_teacher_s_own_answers_are_not_counted(rooms: Classrooms) -> None:
    app = arrive("classroom", {})
    app.button(key="class_open").click().run()
    own = state(app).own
    assert own is not None
    app.switch_page("views/learn/page.py").run()
    assert "you aren't counted" in data(app, "class_memory")["words"]
    guess(app, "guess_branch", "1x1")
    counts = rooms.counts(own)
    assert counts.pupils == 0 and counts.tallies == () and not state(app).waiting


KEYS = {  # chapter → its questions' keys and the ids that a class counts them by
    "parallel": {"guess_branch": "branch,3a,cat,bvlc"},
    "module": {},
    "reduction": {"guess_saving": "saving"},
    "nine": {"guess_dearest": "dearest,bvlc"},
    "pooling": {"guess_last": "last,5b,cat,bvlc"},
    "heads": {"guess_early": "early,4a,cat,bvlc"},
    "looking": {"guess_cam": "cam,5b,cat,bvlc"},
    "muting": {"guess_mute": "mute,3a,cat,bvlc", "guess_whole": "whole,3a,cat,bvlc"},
    "channels": {"guess_module": "module,cat,bvlc"},
    "flow": {
        "guess_last_5b": "flow_last,5b,cat,bvlc",
        "guess_before_5a": "flow_before,5a,cat,bvlc",
    },
    "exchange": {
        "guess_exchange": "exchange,4e,espresso,cat,bvlc",
        "guess_whole_exchange": "whole_exchange,4e,espresso,cat,bvlc",
    },
}  # fmt: skip


def test_every_chapter_and_question_is_known() -> None:
    assert [chapter.name for chapter in CHAPTERS] == list(KEYS)
    asked = [name.partition(",")[0] for found in KEYS.values() for name in found.values()]
    assert asked == list(questions.QUESTIONS)


@pytest.mark.parametrize("chapter", [name for name, found in KEYS.items() if found])
def test_every_question_of_the_lesson_is_counted(chapter: str, rooms: Classrooms) -> None:
    own = rooms.open()
    query = {"image": "cat", "chapter": chapter, "exchange_with": "espresso", "class": own.code}
    app = join(arrive("learn", query), rooms, own.code)
    for key in KEYS[chapter]:
        group = next(group for group in app.pills if group.key == key)
        guess(app, key, group.options[0] if key != "guess_saving" else 25)
    counts = rooms.counts(own)
    assert {tally.question for tally in counts.tallies} == {*KEYS[chapter].values()}
    assert all(tally.answers == 1 and any(tally.right.values()) for tally in counts.tallies)
    shown = board.board_of(counts)["questions"]
    for card in shown:
        assert "{" not in card["words"] and card["words"].endswith("?")
        names = [bar["name"] for view in card["views"] for bar in view["bars"]]
        assert len(names) > 1 and not {"true", "false", "5x5", "own", "25"} & {*names}


def test_nothing_of_an_own_photo_or_class_leaves_the_session(rooms: Classrooms) -> None:
    own = rooms.open()
    app = join(start("learn", image="cat", **{"class": own.code}), rooms, own.code)
    guess(app, "guess_branch", "1x1")
    app.selectbox(key="target").set_value(7).run()
    guess(app, "guess_branch", "1x1")
    app.segmented_control(key="fit").set_value("pad").run()
    guess(app, "guess_branch", "pool")
    assert [tally.question for tally in rooms.counts(own).tallies] == [
        "branch,3a,cat,bvlc", "branch,3a,own",
    ]  # fmt: skip
    assert questions.in_words("branch,3a,own")[1] == "own photos, classes or networks"


def test_the_game_of_two_photos_counts_what_is_right(rooms: Classrooms) -> None:
    own = rooms.open()
    query = {"image": "cat", "chapter": "channels", "class": own.code}
    app = join(arrive("learn", query), rooms, own.code)
    right = 0
    for _ in range(2):
        app.button(key="photo_0").click().run()
        right += "Right." in "\n".join(str(e.value) for e in app.success)
        app.button(key="next_photos").click().run()
    assert [score.value for score in rooms.counts(own).games["two_photos"]] == [right]
    (game,) = board.board_of(rooms.counts(own))["games"]
    assert game["title"] == "Which of these two makes it fire?" and game["names"] == []


def test_a_nickname_is_typed_and_left_behind(rooms: Classrooms) -> None:
    own = rooms.open()
    app = join(start("learn", image="cat", **{"class": own.code}), rooms, own.code)
    rooms.score(own.code, PUPIL, "two_photos", 3)
    app.text_input(key=f"class_nickname_{own.code}").set_value("<b>*Zoe*</b>").run()
    assert rooms.of_pupil(own.code, PUPIL)[1] == "<b>*Zoe*</b>"
    (shown,) = board.board_of(rooms.counts(own))["games"][0]["names"]
    assert shown["name"] == "<b>*Zoe*</b>" and shown["score"] == "3"
    rooms.hide(own, shown["number"], True)
    (shown,) = board.board_of(rooms.counts(own))["games"][0]["names"]
    assert shown["hidden"] and "Zoe" not in str(shown)
    assert "Your teacher has hidden it" in texts(app.run())
    app.button(key="class_leave").click().run()
    assert "class" not in app.query_params and not line(app)
    assert rooms.of_pupil(own.code, PUPIL)[1] == ""
    guess(app, "guess_branch", "1x1")
    assert rooms.counts(own).tallies == ()


def test_a_late_address_does_not_lead_back_into_what_was_left(rooms: Classrooms) -> None:
    own = rooms.open()
    app = join(start("learn", image="cat", **{"class": own.code}), rooms, own.code)
    app.button(key="class_leave").click().run()
    app.query_params["class"] = own.code  # a click before the browser's address has changed
    app.run()
    assert state(app).code == "" and "class" not in app.query_params


def test_an_unknown_class_is_said_once_with_what_to_do(rooms: Classrooms) -> None:
    app = start(**{"class": "K7QM4P"})
    assert "No class K7QM4P is open" in app.warning[0].value
    assert "Ask for the code" in app.warning[0].value
    assert "class" not in app.query_params and not app.toast
    app.switch_page("views/learn/page.py").run()
    assert not app.warning
    app = start(**{"class": "<script>x</script>"})
    assert "A class code has 6 letters and digits" in app.warning[0].value
    assert "script" not in texts(app).replace("</style>", "")


def test_a_class_that_ends_under_way_is_said(rooms: Classrooms) -> None:
    own = rooms.open()
    app = join(start("learn", image="cat", **{"class": own.code}), rooms, own.code)
    rooms.end(own)
    guess(app, "guess_branch", "1x1")
    assert app.warning[0].value.startswith(f"Class {own.code} has ended")
    assert "nothing is counted any more" in app.warning[0].value
    assert "class" not in app.query_params and not line(app)
    assert data(app, "class_memory")["gone"] == [own.code]


def test_a_code_is_typed_on_the_page(rooms: Classrooms) -> None:
    own = rooms.open()
    app = arrive("classroom", {})
    app.text_input(key="class_code").set_value("wrong")
    app.button[1].click().run()
    assert "A class code has 6" in app.warning[0].value
    app.text_input(key="class_code").set_value(own.code.lower())
    app.button[1].click().run()
    assert not app.exception and app.query_params["class"] == own.code
    assert "You are in this class as a pupil" in texts(app)


def test_sign_in_stays_in_force(rooms: Classrooms) -> None:
    own = rooms.open()
    app = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60)
    app.secrets["auth"] = {"redirect_uri": "x", "cookie_secret": "y"}
    app.query_params["class"] = own.code
    app.run()
    assert [b.label for b in app.button] == ["Sign in"]
    assert not app.get("bidi_component") and own.code not in texts(app)


def test_a_false_own_sees_no_board(rooms: Classrooms) -> None:
    own = rooms.open()
    app = arrive("classroom", {})
    state(app).own = Own(own.code, "guessed")
    app.run()
    assert not app.exception and 'class="iv-code"' not in texts(app)
