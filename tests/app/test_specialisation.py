"""The page Specialisation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import inception_viz as iv
from app.server.jobs import Jobs
from app.session import specialisations
from app.widgets import messages
from inception_viz.features import FAMILIES, between_branches, tuning_of
from inception_viz.figures import finding
from inception_viz.sources import save_weights
from tests.app.test_pages import start, texts
from tests.conftest import tiny_config

TITLES = {"bvlc": "BVLC GoogLeNet", "imagenette": "Imagenette GoogLeNet"}


@pytest.fixture(autouse=True)
def quick(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inception_viz.features.specialised.PERMUTATIONS", 99)
    monkeypatch.setattr(specialisations, "_jobs", Jobs(kept=4))  # none with other permutations


def test_the_page_shows_both_bundled_networks_and_the_claim() -> None:
    app = start("specialisation", tested="claim")
    assert not app.exception and not app.error
    said = texts(app)
    for source in TITLES:
        tests = between_branches(tuning_of(iv.load(source)))
        found = sum(test.significant for test in tests)
        assert f"{found} of {len(tests)} tests find a difference" in said
    assert "all 30 channels that detect curves lie in 5×5" in said
    assert "Distill 2021" in said and "by hand" in said and "Holm" in said
    assert not app.get("plotly_chart"), "what isn't open only makes others wait"
    assert texts(start("specialisation")).count("<table") == len(TITLES)


def test_one_test_is_shown_in_full_for_both_networks() -> None:
    app = start("specialisation", tested="one")
    assert not app.exception and not app.error
    for source in TITLES:
        tests = between_branches(tuning_of(iv.load(source)))
        at_3b = next(t for t in tests if (t.module, t.family) == ("3b", "orientation"))
        assert messages.plain(finding(at_3b)) in texts(app)
    assert len(app.get("plotly_chart")) == 2 * 2
    pictures = next(e.proto.body for e in app.get("html") if "figcaption" in e.proto.body)
    assert pictures.count("<img") == len(FAMILIES["orientation"].levels)


def test_choices_stand_in_the_address_and_are_understood_there() -> None:
    app = start("specialisation", tested="one")
    app.segmented_control(key="family").set_value("curvature").run()
    app.selectbox(key="tested_beside").set_value("random").run()
    assert not app.exception and not app.error
    asked = {key: app.query_params[key] for key in ("family", "tested_beside")}
    asked = {key: v if isinstance(v, str) else v[-1] for key, v in asked.items()}
    assert asked == {"family": "curvature", "tested_beside": "random"}
    arrived = start("specialisation", **asked, tested_at="4c", model="imagenette")
    assert not arrived.exception and not arrived.error
    assert arrived.pills(key="tested_at").value == "4c"
    assert arrived.selectbox(key="tested_beside").options[0] == "BVLC GoogLeNet"
    said = texts(arrived)
    assert "4c\\: that curvature" in said and "Random weights: 0 of 36" in said and "ring" in said
    claim = texts(start("specialisation", tested="claim", tested_beside="random"))
    assert "**BVLC GoogLeNet**: " in claim, "it is held against both, all the same"


@pytest.mark.parametrize("other", ["one module a stage", "a branch less"])
def test_any_network_can_be_finding(tmp_path: Path, other: str) -> None:
    row = tiny_config().stage3[0]
    config = tiny_config(
        stage3=(row,) if other == "one module a stage" else (row, row, row),
        stage4=(replace(row, f_5x5_r=0, f_5x5=0),),
        stage5=(row,),
        aux1=None,
        aux2=None,
        input_size=96,
    )
    save_weights(iv.load("random", config=config).weights, tmp_path / "x.safetensors")
    app = start()
    app.selectbox(key="model").set_value("file").run()
    content = (tmp_path / "x.safetensors").read_bytes()
    app.file_uploader(key="weights_file").upload("x.safetensors", content).run()
    app.switch_page("views/specialisation/page.py")
    app.query_params["tested"] = "one"
    app.run()
    assert not app.exception and not app.error
    assert app.title[0].value == "Specialisation" and "x.safetensors" in texts(app)
    for module in app.pills(key="tested_at").options:
        app.pills(key="tested_at").set_value(module).run()
        assert not app.exception and not app.error
    if other == "a branch less":
        app.pills(key="tested_at").set_value("3c").run()
        assert "has no module 3c" in texts(app)
