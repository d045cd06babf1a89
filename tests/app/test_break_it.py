"""The page Break it, and what it keeps of what a browser sends."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

import inception_viz as iv
from app.session import breaking, classroom, held, questions
from app.session.breaking import Best, Game
from inception_viz.pictures import Change, Changes, Cut, fit_image
from inception_viz.sources import save_weights
from tests.app.test_pages import png, start, texts
from tests.conftest import noise_photo, sample, tiny_config

pytestmark = pytest.mark.usefixtures("empty_cache")

HALF = Cut(0, 112, 224, 112)  # of the cat, which is a tiger cat then


def board(app: AppTest) -> dict[str, Any]:
    """What the component was given."""
    data = [json.loads(c.proto.json) for c in app.get("bidi_component") if c.proto.json]
    (found,) = [one for one in data if "place" in one]
    return found  # type: ignore[no-any-return]


def changed(app: AppTest, *steps: Change) -> AppTest:
    game: Game = app.session_state["break_it"]
    game.commit(Changes(game.changes.side, steps))
    return app.run()


def test_what_stands_there_is_what_the_network_sees_and_says() -> None:
    app = start("break_it", image="cat")
    assert not app.exception and not app.error
    model = iv.load("bvlc")
    trace = model.trace(sample("cat"))
    data = board(app)
    assert data["says"] == "It says Egyptian cat" and not data["broken"]
    assert data["changed"].startswith("Changed: 0\N{NO-BREAK SPACE}% of")
    before, after = (answers for _, answers in data["answers"])
    assert before == after
    assert [row[2] for row in before] == [share for _, share in trace.predictions(3)]
    seen = fit_image(trace.picture.image, trace.fitting, model.preprocessing.background)
    assert app.session_state["break_it"].picture.image == seen
    assert "Change the picture, and the branches are compared here." in texts(app)


def test_a_change_that_breaks_the_answer_is_scored_kept_and_explained() -> None:
    app = changed(start("break_it", image="cat"), HALF)
    assert not app.exception and not app.error
    data = board(app)
    assert data["says"] == "Broken: tiger cat instead of Egyptian cat" and data["broken"]
    game: Game = app.session_state["break_it"]
    differ = (np.asarray(game.changed().image) != np.asarray(game.picture.image)).any(2)
    assert data["pixels"] == f"{differ.sum():,} of 50,176"
    assert game.best is not None and game.best.share == differ.mean()
    assert data["best"].endswith("tiger cat") and not data["can_return"]
    assert "The margin of tiger cat over Egyptian cat goes from" in texts(app)
    app.segmented_control(key="fooled_by").set_value("flow").run()
    assert not app.exception and not app.error
    assert "more flows from" in texts(app)
    best = game.best
    changed(app)
    assert board(app)["says"] == "It says Egyptian cat" and board(app)["can_return"]
    changed(app, HALF, Cut(0, 0, 50, 50))
    assert game.best == best, "a larger change is no better"
    app.session_state["model"] = "imagenette"
    app.run()
    assert not app.exception and game.best is None, "another network's best is its own"


def test_another_photo_begins_another_game_and_the_best_is_still_known() -> None:
    app = changed(start("break_it", image="cat"), HALF)
    first: Game = app.session_state["break_it"]
    app.query_params["image"] = "espresso"
    app.run()
    second: Game = app.session_state["break_it"]
    assert second.id != first.id and not second.changes.steps and second.number > first.number
    assert board(app)["best"].startswith("Aim")
    app.query_params["image"] = "cat"
    app.run()
    assert "tiger cat" in board(app)["best"] and board(app)["clean"]


@pytest.mark.parametrize("fit", ["pad", "squash", "0.4-0.5-0.3"])
def test_any_part_of_a_photo_is_changed(fit: str) -> None:
    app = changed(start("break_it", image="cat", fit=fit), HALF)
    assert not app.exception and not app.error
    assert app.session_state["break_it"].picture.size == (224, 224)
    assert "0 of" not in board(app)["pixels"][:4]


def test_changes_are_saved_and_replayed() -> None:
    app = start("break_it", image="cat")
    text = Changes(224, (HALF,)).to_json().encode()
    app.file_uploader(key="break_it_file").upload("x.json", text).run()
    assert not app.exception and not app.error
    assert board(app)["says"] == "Broken: tiger cat instead of Egyptian cat"
    for content, words in (
        (b"\xff\x00nonsense", "holds no changes"),
        (Changes(100).to_json().encode(), "square of 100 pixels; this network sees 224"),
    ):
        app.file_uploader(key="break_it_file").upload("y.json", content).run()
        assert not app.exception
        assert words in app.error[0].value
        assert board(app)["broken"], "nothing else is lost"


def test_a_network_of_one_class_cannot_be_broken(tmp_path: Path) -> None:
    weights = iv.load("random", config=tiny_config(classes=1, aux1=None, aux2=None)).weights
    save_weights(weights, tmp_path / "one.safetensors")
    app = start(image="cat", model="A file of yours …")
    content = (tmp_path / "one.safetensors").read_bytes()
    app.file_uploader(key="weights_file").upload("one.safetensors", content).run()
    app.switch_page("views/break_it/page.py").run()
    changed(app, HALF)
    assert not app.exception and not app.error
    assert "knows one class" in board(app)["says"] and not board(app)["broken"]


@pytest.fixture
def game() -> Iterator[Game]:
    """A game of a small square, in a session of its own."""
    picture = iv.read_picture(Image.new("RGB", (8, 8), "red"))
    made = Game("x", picture, [Changes(8)], 5)
    with patch.object(held, "st", SimpleNamespace(session_state={"break_it": made})):
        yield made


def sent(game: Game, *steps: object) -> None:
    breaking.take({"base": game.id, "steps": list(steps)})


def shown(game: Game) -> list[Change]:
    return list(game.changes.steps)


SMALL = {"kind": "cut", "x": 1, "y": 1, "width": 2, "height": 2, "colour": [0, 0, 0]}
ONE, OTHER = Cut(1, 1, 2, 2, (0, 0, 0)), Cut(2, 1, 2, 2, (0, 0, 0))


def test_what_is_sent_again_is_done_once(game: Game) -> None:
    first, second = {"number": 6, "change": SMALL}, {"number": 7, "change": SMALL | {"x": 2}}
    sent(game, first)
    sent(game, first, second)
    sent(game, first, second)
    assert shown(game) == [ONE, OTHER] and game.number == 7
    sent(game, {"number": 8, "by": -1}, {"number": 9, "by": -1}, {"number": 10, "by": 1})
    assert shown(game) == [ONE] and len(game.steps) == 3
    sent(game, {"number": 11, "by": 1}, {"number": 12, "by": 1})
    assert shown(game) == [ONE, OTHER], "there is nothing more to redo"
    sent(game, {"number": 13, "to": "start"}, {"number": 14, "by": -1})
    assert shown(game) == [ONE, OTHER], "starting again can be undone"
    game.best = Best(0.1, Changes(8, (OTHER,)), "cat")
    sent(game, {"number": 15, "to": "best"})
    assert shown(game) == [OTHER]


def test_what_cannot_be_done_is_said_until_the_next_step(game: Game) -> None:
    sent(game, {"number": 6, "change": SMALL | {"x": 7}})
    assert "reaches beyond the square of 8" in game.wrong
    assert game.number == 6 and not game.changes.steps
    sent(game, {"number": 7, "change": SMALL})
    assert game.wrong == "" and shown(game) == [ONE]


@pytest.mark.parametrize(
    "message",
    [
        None,
        "x",
        [],
        {},
        {"steps": [{"number": 6, "change": SMALL}]},
        {"base": "another", "steps": [{"number": 6, "change": SMALL}]},
    ],
)
def test_messages_for_others_do_nothing(game: Game, message: object) -> None:
    breaking.take(message)
    assert game.number == 5 and not game.changes.steps and not game.wrong


@pytest.mark.parametrize("number", [None, "6", 6.0, True, -1, 5, 2**60, float("nan")])
def test_only_new_whole_numbers_count(game: Game, number: object) -> None:
    sent(game, {"number": number, "change": SMALL})
    assert game.number == 5 and not game.changes.steps


def test_the_smallest_is_kept_for_each_square_and_network(game: Game) -> None:
    large, small = Best(0.5, Changes(8), "cat"), Best(0.1, Changes(8), "dog")
    assert breaking.note_score("m", "s", large) == large
    assert breaking.note_score("m", "s", small) == small
    assert breaking.note_score("m", "s", large) == small
    assert breaking.note_score("n", "s", large) == large
    for number in range(63):
        breaking.note_score("m", f"{number}", small)
    assert breaking.note_score("n", "s", large) == large
    breaking.note_score("m", "one more", small)
    assert breaking.note_score("m", "s", large) == large, "the oldest went"


def test_the_archive_holds_exactly_both_pictures_and_the_changes(game: Game) -> None:
    game.commit(Changes(8, (ONE,)))
    with zipfile.ZipFile(io.BytesIO(breaking.archive(game))) as file:
        assert sorted(file.namelist()) == ["after.png", "before.png", "changes.json"]
        before, after = (Image.open(file.open(f"{name}.png")) for name in ("before", "after"))
        changes = Changes.from_json(file.read("changes.json").decode())
        assert before.convert("RGB") == game.picture.image
        assert changes.apply(before.convert("RGB")) == after.convert("RGB")
        assert changes == game.changes


def test_an_uploaded_photo_stays_in_its_session() -> None:
    app = start("break_it")
    app.segmented_control(key="photo_origin").set_value("Upload").run()
    app.file_uploader(key="upload").upload("mine.png", png(noise_photo(0))).run()
    changed(app, HALF)
    assert not app.exception and not app.error
    other = start("break_it")
    mine, theirs = (a.session_state["break_it"] for a in (app, other))
    assert mine.id != theirs.id and not theirs.changes.steps
    assert set(app.query_params) <= {"image"}, "nothing of it is in the address"


def test_the_smallest_change_of_an_answer_counts_in_a_class(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted: list[tuple[str, float]] = []
    monkeypatch.setattr(classroom, "score", lambda game, value: counted.append((game, value)))
    app = changed(start("break_it", image="cat"), HALF)
    game: Game = app.session_state["break_it"]
    assert game.best is not None
    assert counted == [("break_it", round(100 * game.best.share, 2))]
    assert questions.GAMES["break_it"].lowest, "the fewer pixels, the better"
