"""The chapters on flow and on exchanged branches: predict, see, explain the gap."""

from __future__ import annotations

import re

import pytest
from streamlit.testing.v1 import AppTest

import inception_viz as iv
from app.session import explanations, notes
from tests.app.test_learn import answer
from tests.app.test_pages import start, texts
from tests.conftest import sample

pytestmark = pytest.mark.usefixtures("empty_cache")


def shown(app: AppTest) -> list[str | None]:
    return [group.key for group in app.pills]


def test_the_answer_is_followed_back_step_by_step() -> None:
    model = iv.load("bvlc")
    flow = iv.flow(model, model.trace(sample("cat")))
    app = start("learn", image="cat", chapter="flow")
    assert "guess_before_5a" not in shown(app), "one question after the other"
    into = {name: flow.edge(name, "main") for name in flow.names["5b"]}
    most = max(into, key=lambda name: into[name])
    assert answer(app, "guess_last_5b", most).startswith("Right. In logits: 1×1")
    front = {name: flow.edge(name, most) for name in flow.names["5a"]}
    least = min(front, key=lambda name: front[name])
    assert "The answer: " in answer(app, "guess_before_5a", least)
    assert "The logit of Egyptian cat, its score, is" in texts(app)
    assert "Explain the gap" in texts(app)


def test_a_branch_is_exchanged_and_the_whole_module() -> None:
    app = start("learn", image="cat", chapter="exchange", exchange_with="espresso")
    assert not app.exception and not app.error
    said = answer(app, "guess_exchange", app.pills(key="guess_exchange").options[0])
    before = re.search(r"([−+][\d.]+) before", said)
    model = iv.load("bvlc")
    cat, cup = model.trace(sample("cat")), model.trace(sample("espresso"))
    margin = float(cat.logits[cup.top_classes(1)[0][0]] - cat.logits[cat.top_classes(1)[0][0]])
    assert before and float(before[1].replace("−", "-")) == pytest.approx(margin, rel=0.01)
    said = answer(app, "guess_whole_exchange", "other")
    assert "Right. It says espresso" in said and "exactly as for the other photo" in said
    assert "Explain the gap" in texts(app)


def test_photos_of_one_answer_say_so() -> None:
    app = start("learn", image="cat", chapter="exchange", model="random")
    assert not app.exception and not app.error


def test_the_line_is_kept_with_the_photo_and_stands_in_the_report(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = start("learn", image="cat", chapter="exchange", exchange_with="espresso")
    answer(app, "guess_exchange", app.pills(key="guess_exchange").options[0])
    answer(app, "guess_whole_exchange", "own")
    line = "I expected <b>a cup</b>, since it is round"
    app.text_input[0].set_value(line).run()
    assert not app.exception and not app.error
    (own,) = app.session_state["notes"].values()
    assert list(own.values()) == [line]
    (about,) = own
    assert about == "Espresso in 4e exchanged"
    scene = app.session_state["scene"]
    monkeypatch.setattr(notes, "of", lambda _scene: own)
    report = explanations.report(scene)
    assert "Noted beside it" in report and "I expected &lt;b&gt;a cup&lt;/b&gt;" in report
    app.text_input[0].set_value("  ").run()
    assert not any(app.session_state["notes"].values())


def test_a_report_without_notes_has_no_such_section() -> None:
    model = iv.load("imagenette")
    report = iv.report.build(model, model.trace(sample("cat")))
    assert "Noted beside it" not in report.html and 'id="flow"' in report.html
