"""What several pages share: ways to other pages, the choice of a class, another model."""

from __future__ import annotations

import ast
import re
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

import inception_viz as iv
from inception_viz.architecture import encode
from tests.app.test_pages import start, texts
from tests.conftest import ROOT

CHAPTERS = ("4 Nine modules", "6 Auxiliary heads", "7 Where it looks", "8 Mute a branch")
IMAGENETTE = replace(iv.GoogLeNetConfig.paper(), norm="batch", classes=10)


pytestmark = pytest.mark.usefixtures("empty_cache")


def links(app: AppTest) -> list[str]:
    return [element.proto.query_string for element in app.get("page_link")]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapters_links_take_photo_and_network_along(chapter: str) -> None:
    arch = encode(iv.GoogLeNetConfig.half_width())
    found = links(start("learn", image="espresso", arch=arch, network="rebuilt", chapter=chapter))
    assert found
    assert all("image=espresso" in query and "arch=" in query for query in found)


def test_all_ways_to_other_pages_are_one_widgets() -> None:
    calls = {"page_link", "switch_page"}
    users = []
    for path in (ROOT / "app").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                users += [path.name] * (node.func.attr in calls)
    assert set(users) == {"page_link.py"}


def test_classes_stand_in_one_order_everywhere() -> None:
    app = start("grad_cam", output="margin")
    boxes = {box.key: box.options[1:] for box in app.selectbox}
    every = boxes["target"]
    assert sorted(every, key=str.casefold) == every
    assert [name for name in every if name in boxes["against"]] == boxes["against"]
    app = start("grad_cam")
    compared = next(box.options[1:] for box in app.selectbox if box.key == "compare")
    assert [name for name in every if name in compared] == compared


def test_the_rebuilt_network_is_asked_about_the_same_class() -> None:
    config = replace(IMAGENETTE, classes=4)
    labels = iv.load("imagenette").labels
    app = start("lab", model="Imagenette GoogLeNet", image="cat", target=labels[7])
    app.session_state["lab_built"] = True
    app.query_params["arch"] = encode(config)
    app.run()
    assert not app.exception
    said = texts(app)
    assert f"is called {labels[7]};" in said
    rebuilt = said.partition("**Rebuilt**")[2]
    assert not re.search(rf"Class in question, {re.escape(labels[3])}", said)
    assert rebuilt


def test_the_original_is_asked_about_the_same_class() -> None:
    arch = encode(replace(IMAGENETTE, classes=12))
    app = start(
        "lab", model="Imagenette GoogLeNet", arch=arch, network="rebuilt", target="class 11"
    )
    assert not app.exception
    assert "is called class 11; its own first choice" in texts(app)
