"""The page Flow, and the small flow on Explore."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import inception_viz as iv
from app.session.flows import Opened, read
from inception_viz.sources import save_weights
from tests.app.test_pages import start, texts
from tests.conftest import sample, tiny_config

pytestmark = pytest.mark.usefixtures("empty_cache")


@pytest.fixture(scope="module")
def found() -> iv.Flow:
    model = iv.load("bvlc")
    return iv.flow(model, model.trace(sample("espresso")))


def drawings(app: AppTest) -> str:
    """All that our own components were given."""
    return "\n".join(
        json.loads(element.proto.json)["drawings"][0]
        for element in app.get("bidi_component")
        if "drawings" in (element.proto.json or "")
    )


def buttons(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def test_the_page_says_and_draws_what_flows(found: iv.Flow) -> None:
    app = start("flow", image="espresso")
    assert not app.exception and not app.error
    said = texts(app)
    assert "The logit of espresso, its score, is <b>15.55</b>" in said
    assert "comes all the way from the photo" in said and "biases" in said
    assert "agree within <0.1" in said.replace("\\", "")
    options = app.segmented_control(key="output").options
    assert options == ["logit", "margin"], "a probability is no sum"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"output": "margin"}, "margin of espresso over"),
        ({"head": "aux2"}, "logit of espresso (second auxiliary head)"),
        ({"ribbons": "all"}, "logit of espresso"),
        ({"output": "probability"}, "logit of espresso"),
        ({"model": "imagenette"}, "logit of "),
        ({"muted": "4c/5x5"}, "logit of espresso"),
    ],
)
def test_every_choice_has_a_flow(query: dict[str, str], expected: str) -> None:
    app = start("flow", image="espresso", **query)
    assert not app.exception and not app.error
    assert expected in texts(app)


def test_from_a_branch_to_a_kernel_and_back(found: iv.Flow) -> None:
    app = start("flow", image="espresso", flow="4c/5x5")
    assert not app.exception and not app.error
    assert "Into 4c, 5×5" in texts(app) and "On from 4c, 5×5" in texts(app)
    app.button(key="flow_to_4c/5x5>4d/3x3").click().run()
    assert not app.exception and not app.error
    assert f"{found.edge('4c/5x5', '4d/3x3'):+.3g}".replace("-", "−") in texts(app)
    assert "64 × 288 pairs of channels" in texts(app)
    pair = next(b for b in app.button if b.label.startswith("channel "))
    pair.click().run()
    assert not app.exception and not app.error
    assert "The reduce layer mixes it into 144 maps" in texts(app)
    opened = app.query_params["flow"]
    opened = opened if isinstance(opened, str) else opened[-1]
    walked = start("flow", image="espresso", flow=f"{opened}@5")
    assert not walked.exception and not walked.error
    assert "Kernel 5 of 4d, 3×3" in texts(walked)
    walked.button(key="flow_step_1").click().run()
    assert "pairs of channels" in texts(walked)
    walked.button(key="flow_step_0").click().run()
    assert "flow" not in walked.query_params and "pairs of channels" not in texts(walked)


@pytest.mark.parametrize(
    ("opened", "expected"),
    [
        ("stem>3a/1x1", "pairs of channels"),
        ("5b/3x3>main", "weights are those of the last layer"),
        ("4c/1x1:3>4d/1x1:7", "kernel reads it"),
        ("4c/1x1:3>4d/pool:7", "kernel reads it"),
        ("stem:7>3a/5x5:3", "The reduce layer mixes it"),
        ("stem:7>3a/5x5:3@2", "at work"),
        ("4e/1x1:0>5a/3x3:1@159", "at work"),
        ("4c/1x1:3>4d/1x1:7@0", "There is no such kernel here."),
        ("4c/5x5:3>4d/3x3:7@144", "There is no such kernel here."),
    ],
)
def test_every_kind_of_place_can_be_opened(opened: str, expected: str) -> None:
    app = start("flow", image="espresso", flow=opened)
    assert not app.exception and not app.error
    said = texts(app)
    assert expected in said or "Nothing flows between these two channels" in said


NONSENSE = [
    "9z/5x5", "4c", "stem", "main", "4c/5x5:1", "4c/5x5>4e/3x3", "4d/3x3>4c/5x5", "a>b>c",
    "4c/5x5:64>4d/3x3:1", "4c/5x5:1>4d/3x3", "4c/5x5:1>4d/3x3:x", "4c/5x5>4d/3x3@1",
    "4c/5x5:1>4d/3x3:1@x", "4c/5x5:1>4d/3x3:1@-1", "stem:192>3a/1x1:0", "4c/5x5:1>main:0", ">", "@",
    "4c/5x5:²>4d/3x3:1", "5b/1x1:3>main:0",
]  # fmt: skip


@pytest.mark.parametrize("text", NONSENSE)
def test_what_is_no_place_is_no_place(text: str, found: iv.Flow) -> None:
    assert read(text, found, 192) is None


@pytest.mark.parametrize(
    "what",
    [
        Opened("4c/5x5"),
        Opened("stem", "3a/pool"),
        Opened("5b/1x1", "main"),
        Opened("stem", "3a/pool", (191, 31)),
        Opened("4c/5x5", "4d/3x3", (12, 7), 5),
    ],
)
def test_a_place_is_read_as_it_is_written(what: Opened, found: iv.Flow) -> None:
    assert read(str(what), found, 192) == what


def test_nonsense_in_a_link_is_left_out_and_said() -> None:
    app = start("flow", image="espresso", flow="9z/5x5")
    assert not app.exception and not app.error
    assert "flow" not in app.query_params


def test_what_is_open_closes_where_another_network_has_no_such_place(tmp_path: Path) -> None:
    row = tiny_config().stage3[0]
    config = tiny_config(
        stage3=(row,), stage4=(replace(row, f_5x5_r=0, f_5x5=0),), stage5=(row,), aux1=None,
        aux2=None,
    )  # fmt: skip
    save_weights(iv.load("random", config=config).weights, tmp_path / "x.safetensors")
    app = start("flow", flow="4c/5x5>4d/3x3")
    app.selectbox(key="model").set_value("file").run()
    content = (tmp_path / "x.safetensors").read_bytes()
    app.file_uploader(key="weights_file").upload("x.safetensors", content).run()
    assert not app.exception and not app.error
    assert "pairs of channels" not in texts(app) and "The logit of" in texts(app)


def test_explore_shows_a_small_flow_and_leads_to_it() -> None:
    app = start(image="espresso")
    assert not app.exception and not app.error
    assert "How the answer flows through the branches: espresso" in texts(app)
    links = [link.proto.label for link in app.get("page_link")]
    assert any("Follow the flow" in label for label in links)
