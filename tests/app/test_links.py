"""The address says ids, never what a choice is called on the screen; links of old still work."""

from __future__ import annotations

import re

import pytest
from streamlit.testing.v1 import AppTest

from app.session import choices, traces
from app.session.links import Visit
from app.session.scene import Scene
from app.views import REGISTRY
from inception_viz.architecture import Place
from inception_viz.pictures import CENTRE, Crop, fitting
from tests.app.arriving import arrive

OLD = [  # page, what the address said when it held names, what is meant
    ("explore", {"model": "Imagenette GoogLeNet", "fit": "Whole", "metric": "Grad-CAM"},
     {"model": "imagenette", "fit": "pad", "metric": "cam"}),
    ("branches", {"module": "4c", "branch": "5×5", "layers": "Reduce layers", "order": "index",
                  "scale": "shared"},
     {"branch": "5x5", "layers": "reduce", "order": "index", "scale": "shared"}),
    ("contributions", {"method": "Gradient × activation", "left_out": "its usual level",
                       "head": "aux1", "output": "probability"},
     {"method": "gradient_x_activation", "left_out": "reference", "head": "aux1",
      "output": "probability"}),
    ("switchboard", {"muted": "4c/5x5", "channels_of": "4c 5×5"},
     {"channels_of": Place("4c", "5x5")}),
    ("heads", {"model": "Random weights", "fit": "Squashed"}, {"model": "random", "fit": "squash"}),
    ("grad-cam", {"cam_map": "LayerCAM", "cam_scale": "shared", "pixels": "Guided Grad-CAM",
                  "check": "deletion and insertion"},
     {"cam_map": "layer_cam", "cam_scale": "shared", "pixels": "guided_grad_cam",
      "check": "pixels"}),
    ("specialisation", {"tested_beside": "Random weights: before training",
                        "family": "Colour against luminance"},
     {"tested_beside": "random", "family": "colour"}),
    ("compare", {"beside": "another model", "with_model": "Imagenette GoogLeNet",
                 "view": "Contributions", "scored_by": "Firing"},
     {"beside": "model", "with_model": "imagenette", "view": "contributions",
      "scored_by": "firing"}),
    ("compare", {"with_photo": "Red panda", "view": "Branch activations", "in_branch": "3×3"},
     {"with_photo": "redpanda", "view": "branches", "in_branch": "3x3"}),
    ("lab", {"part": "1×1 reduction", "red_kernel": "3×3"}, {"part": "reduction", "red_kernel": 3}),
    ("train", {"train_origin": "CIFAR-10", "train_network": "Naive modules (figure 2a)"},
     {"train_origin": "cifar10", "train_network": "naive"}),
    ("learn", {"chapter": "1 Parallel branches", "learn_module": "4c", "guess_branch": "5×5"},
     {"learn_module": "4c", "guess_branch": "5x5"}),
    ("learn", {"chapter": "2 One module", "walk_module": "4c", "walk_branch": "5×5"},
     {"chapter": "module", "walk_module": "4c", "walk_branch": "5x5"}),
    ("learn", {"chapter": "6 Auxiliary heads", "guess_early": "yes"},
     {"chapter": "heads", "guess_early": True}),
    ("learn", {"chapter": "8 Mute a branch", "mute_module": "5a", "guess_whole": "it changes"},
     {"chapter": "muting", "mute_module": "5a", "guess_whole": False}),
    ("teach", {"model": "Imagenette GoogLeNet"}, {"model": "imagenette"}),
]  # fmt: skip


pytestmark = pytest.mark.usefixtures("empty_cache")


@pytest.fixture(autouse=True)
def few_permutations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inception_viz.features.specialised.PERMUTATIONS", 99)


def address_of(app: AppTest) -> dict[str, str]:
    return {k: v if isinstance(v, str) else v[-1] for k, v in app.query_params.items()}


def test_there_is_an_old_link_for_every_page() -> None:
    assert {page for page, _, _ in OLD} <= {view.url for view in REGISTRY}


@pytest.mark.parametrize(("page", "query", "meant"), OLD)
def test_links_of_old_mean_what_they_meant_and_become_new_ones(
    page: str, query: dict[str, str], meant: dict[str, object]
) -> None:
    app = arrive(page, query)
    assert not app.exception and not app.toast
    assert {key: app.session_state[key] for key in meant} == meant
    new = address_of(app)
    assert {key: new[key] for key in meant if key in new} == {
        key: choices.id_of(meant[key]) for key in meant if key in new
    }
    held = [new[key] for key in app.session_state["choices_read"] if key in new]
    assert held and all(re.fullmatch(r"[a-z0-9_:/]+", text) for text in held)
    again = arrive(page, new)
    assert not again.exception and not again.toast
    assert {key: again.session_state[key] for key in meant} == meant
    assert address_of(again) == new


def test_the_address_follows_a_choice_by_its_id() -> None:
    app = arrive("explore", {})
    assert "metric" not in address_of(app)
    app.segmented_control(key="metric").set_value("cam").run()
    app.selectbox(key="model").set_value("imagenette").run()
    assert address_of(app).items() >= {"metric": "cam", "model": "imagenette"}.items()
    app.segmented_control(key="metric").set_value("deviation").run()
    assert "metric" not in address_of(app), "the default needs no word"


def test_a_late_address_undoes_no_click() -> None:
    app = arrive("explore", {"metric": "mean"})
    app.segmented_control(key="metric").set_value("cam")
    app.query_params["metric"] = "mean"  # the browser hasn't heard of the click before
    app.run()
    app.segmented_control(key="metric").set_value("energy_share")
    app.query_params["metric"] = "mean"
    app.run()
    assert app.session_state["metric"] == "energy_share"
    assert address_of(app)["metric"] == "energy_share"


def test_what_a_page_shows_no_more_leaves_the_address() -> None:
    app = arrive("branches", {"module": "4c", "branch": "5x5", "layers": "reduce"})
    assert address_of(app)["branch"] == "5x5"
    app.button_group(key="module").set_value("stem").run()
    assert not {"branch", "layers"} & address_of(app).keys()


def test_a_choice_of_the_sidebar_goes_along_to_other_pages() -> None:
    app = arrive("explore", {"fit": "pad"})
    app.query_params.clear()  # as the browser does on its way to another page
    app.switch_page("views/branches/page.py").run()
    assert app.session_state["fit"] == "pad"
    assert address_of(app)["fit"] == "pad"


def test_what_an_address_asks_for_in_vain_is_said_and_left_out() -> None:
    app = arrive("contributions", {"method": "magic", "head": "aux9"})
    assert not app.exception
    assert "method = magic" in app.toast[0].value and "head = aux9" in app.toast[0].value
    assert address_of(app) == {"image": "cat"}


def test_a_square_of_the_photo_is_in_the_link() -> None:
    app = arrive("explore", {"fit": "0.420-0.38-0.3"})
    assert not app.exception and not app.toast
    crop = Crop(0.42, 0.38, 0.3)
    assert app.session_state["fit"] == crop
    scene: Scene = app.session_state["scene"]
    assert scene.trace.fitting == fitting(scene.trace.picture.size, 224, crop)
    assert address_of(app) == {"image": "cat", "fit": "0.42-0.38-0.3"}
    again = arrive("compare", address_of(app) | {"with_photo": "espresso"})
    assert not again.exception and not again.toast
    assert address_of(again)["fit"] == "0.42-0.38-0.3"
    app.query_params.clear()  # as the browser does on its way to another page
    app.switch_page("views/branches/page.py").run()
    assert address_of(app)["fit"] == "0.42-0.38-0.3"


@pytest.mark.parametrize("text", ["0.42-0.38-9", "0.42-0.38", "0.42-0.38-nan", "0.4-0.4-0.4-0.4"])
def test_a_square_that_means_nothing_is_said_and_left_out(text: str) -> None:
    app = arrive("explore", {"fit": text})
    assert not app.exception
    assert f"fit = {text}" in app.toast[0].value
    assert app.session_state["fit"] == "crop"
    assert address_of(app) == {"image": "cat"}


def test_a_square_begins_as_the_centre_and_is_kept_while_another_way_is_chosen() -> None:
    app = arrive("explore", {})
    before: Scene = app.session_state["scene"]
    app.segmented_control(key="fit").set_value(CENTRE).run()
    chosen: Scene = app.session_state["scene"]
    assert address_of(app)["fit"] == "0.5-0.5-0.875"
    assert chosen.trace.input.equal(before.trace.input), "nothing moves before the user does"
    app = arrive("explore", {"fit": "0.2-0.3-0.4"})
    app.segmented_control(key="fit").set_value("pad").run()
    assert address_of(app)["fit"] == "pad"
    app.segmented_control(key="fit").set_value(Crop(0.2, 0.3, 0.4)).run()
    assert address_of(app)["fit"] == "0.2-0.3-0.4"


def test_squares_are_kept_apart_in_every_cache() -> None:
    app = arrive("explore", {"fit": "0.42-0.38-0.3"})
    other = arrive("explore", {"fit": "0.42-0.38-0.301"})
    scenes: list[Scene] = [each.session_state["scene"] for each in (app, other)]
    assert not scenes[0].trace.input.equal(scenes[1].trace.input)
    assert traces.key_of(scenes[0].trace) != traces.key_of(scenes[1].trace)


def test_back_brings_the_square_of_then(monkeypatch: pytest.MonkeyPatch) -> None:
    app = arrive("explore", {"fit": "0.2-0.3-0.4"})
    monkeypatch.setattr("app.session.links.went_back", lambda: True)
    app.query_params["fit"] = "0.6-0.3-0.4"
    assert app.run().session_state["fit"] == Crop(0.6, 0.3, 0.4)


def test_back_brings_what_the_address_says_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = arrive("explore", {"metric": "cam"})
    app.segmented_control(key="fit").set_value("pad").run()
    monkeypatch.setattr("app.session.links.went_back", lambda: True)
    app.query_params.clear()
    app.query_params["metric"] = "mean"
    app.run()
    assert app.session_state["metric"] == "mean"
    assert app.session_state["fit"] == "crop", "the address of then says nothing of it"


def test_a_fresh_link_shows_nothing_of_what_was_chosen_before() -> None:
    app = arrive("explore", {"metric": "cam", "fit": "pad", "model": "imagenette"})
    app.query_params.clear()
    app.query_params["fresh"] = "1"
    app.query_params["module"] = "4c"
    app.switch_page("views/branches/page.py").run()
    assert app.session_state["fit"] == "crop"
    assert app.session_state["model"] == "imagenette", "a lesson follows the model"
    assert address_of(app) == {"image": "cat", "module": "4c", "model": "imagenette"}


def test_streamlit_still_tells_where_a_run_comes_from() -> None:
    """``links`` reads the page and the Back button from what Streamlit calls internal."""
    app = arrive("explore", {})
    first: Visit = app.session_state["visit"]
    assert first.page and not first.back
    assert app.run().session_state["visit"] == first
    app.switch_page("views/heads/page.py").run()
    assert app.session_state["visit"].page not in ("", first.page)
