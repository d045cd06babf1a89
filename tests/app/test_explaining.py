"""The pages that explain: Contributions, Switchboard, Auxiliary heads, Grad-CAM."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import inception_viz as iv
from app.server.jobs import Jobs, finished
from app.session import explanations, traces
from app.session.scene import Scene
from inception_viz.explain import METHODS, VARIANTS, Sweep, lens_file, lens_of
from inception_viz.sources import HeadFit, save_weights
from tests.app.test_pages import start, texts
from tests.conftest import sample, tiny_config

PAGES = ["contributions", "switchboard", "heads", "grad_cam"]


pytestmark = pytest.mark.usefixtures("empty_cache")


@pytest.fixture(scope="module")
def bundled() -> tuple[iv.Classifier, iv.Trace]:
    classifier = iv.load("bvlc")
    return classifier, classifier.trace(sample("cat"))


def upload_weights(app: AppTest, path: Path) -> AppTest:
    app.selectbox(key="model").set_value("file").run()
    app.file_uploader(key="weights_file").upload(path.name, path.read_bytes()).run()
    return app


@pytest.mark.parametrize("page", PAGES)
def test_page_opens_without_a_word_of_trouble(page: str) -> None:
    app = start(page)
    assert not app.exception
    assert not app.error


@pytest.mark.parametrize("page", PAGES)
def test_page_works_for_random_weights_and_for_any_number_of_modules(
    page: str, tmp_path: Path
) -> None:
    row = tiny_config().stage3[0]
    config = tiny_config(
        stage3=(row,),
        stage4=(replace(row, f_5x5_r=0, f_5x5=0),),
        stage5=(row,),
        aux1=None,
        aux2=None,
    )
    save_weights(iv.load("random", config=config).weights, tmp_path / "small.safetensors")
    app = upload_weights(start(page), tmp_path / "small.safetensors")
    assert not app.exception
    assert not app.error, [e.value for e in app.error]


@pytest.mark.parametrize("method", list(METHODS))
def test_every_method_says_what_it_does_and_how_well(method: str) -> None:
    app = start("contributions", method=METHODS[method].title)
    assert not app.exception and not app.error
    said = texts(app)
    assert METHODS[method].words in said
    assert METHODS[method].check in said
    assert METHODS[method].formula in app.latex[0].value
    assert app.get("plotly_chart")


def test_the_figures_on_the_page_are_the_librarys(
    bundled: tuple[iv.Classifier, iv.Trace],
) -> None:
    classifier, trace = bundled
    app = start("contributions", image="cat", output="margin", head="aux2", figures="true")
    assert not app.exception
    first = trace.top_classes(1)[0][0]
    likeliest = next(i for i, _ in trace.top_classes(2, "aux2") if i != first)
    expected = iv.contributions(
        classifier, trace, iv.Target(first, against=likeliest, head="aux2"), "shapley"
    )
    shown = app.dataframe[0].value
    assert len(shown) == 24  # six modules lie in front of the second auxiliary head
    np.testing.assert_allclose(shown["score"], expected.values[:6].ravel(), rtol=1e-4, atol=1e-5)


def test_a_branch_opens_into_its_channels() -> None:
    app = start("contributions", open="5b/3x3")
    assert not app.exception
    said = texts(app)
    assert "its channels, strongest first" in said
    assert "exact here" in said
    app.button[[b.label for b in app.button].index("Close")].click().run()
    assert "its channels, strongest first" not in texts(app)


@pytest.mark.parametrize("nonsense", ["9z/1x1", "5b/9x9", "/", "5b"])
def test_an_unknown_branch_in_the_link_is_ignored(nonsense: str) -> None:
    app = start("contributions", open=nonsense)
    assert not app.exception and not app.error
    assert "its channels, strongest first" not in texts(app)


def test_a_branch_behind_the_head_has_no_channels_to_show() -> None:
    app = start("contributions", open="5b/3x3", head="aux1")
    assert not app.exception
    assert "can't see module 5b" in app.error[0].value
    assert "**Check.**" in texts(app)  # the rest of the page is there


def test_muting_shows_before_and_after(bundled: tuple[iv.Classifier, iv.Trace]) -> None:
    classifier, trace = bundled
    app = start("switchboard", image="cat", muted="4c/5x5,3a,5b/1x1:7")
    assert not app.exception and not app.error
    after = iv.mute(classifier, trace, ["4c/5x5", "3a", "5b/1x1:7"])
    said = texts(app)
    assert "With 1 module, 1 branch and 1 channel muted" in said
    label, _ = after.predictions(1)[0]
    assert label in said
    app.button[[b.label for b in app.button].index("Let all speak")].click().run()
    assert "All branches speak" in texts(app)


def test_a_row_is_muted_at_once() -> None:
    app = start("switchboard")
    app.button(key="mute_5x5").click().run()
    assert not app.exception
    assert "With 9 branches muted" in texts(app)
    assert app.button(key="mute_5x5").disabled


def test_single_channels_are_muted() -> None:
    app = start("switchboard", open="5b/1x1")
    assert not app.exception
    chooser = app.multiselect(key="channels_5b/1x1")
    strongest = chooser.options[0]
    chooser.select(strongest).run()
    assert not app.exception
    assert "With 1 channel muted" in texts(app)
    chooser = app.multiselect(key="channels_5b/1x1")
    assert strongest.startswith(f"{chooser.value[0]} (")
    chooser.unselect(chooser.value[0]).run()
    assert "All branches speak" in texts(app)


@pytest.mark.parametrize("nonsense", ["9z", "4c/5x5:9999", "4c/5x5:x", "<b>"])
def test_what_can_not_be_muted_is_said_and_the_page_stays(nonsense: str) -> None:
    app = start("switchboard", muted=nonsense)
    assert not app.exception
    assert "mean nothing here" in app.toast[0].value
    assert "muted" not in app.query_params
    assert "All branches speak" in texts(app)


def test_heads_are_shown_with_their_belief() -> None:
    app = start("heads")
    said = texts(app)
    for words in ("softmax0", "softmax1", "0.3", "1409.4842", "1512.00567", "bits", "4×4"):
        assert words in said
    assert "**fitted read-outs**" in said
    assert len(app.get("image")) == 3


@pytest.mark.parametrize("model", ["bvlc", "imagenette"])
def test_the_belief_has_a_point_after_every_module(model: str) -> None:
    app = start("heads", model=model)
    said = texts(app)
    assert "fitted read-outs" in said and "fit-lens" not in said
    curve = next(c for c in app.get("plotly_chart") if "read after module" in c.proto.spec)
    heads, lens = json.loads(curve.proto.spec)["data"]
    assert lens["x"] == ["3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"]
    assert lens["line"]["dash"] == "dash" and lens["marker"]["symbol"] == "circle-open"
    assert heads["x"] == ["4a", "4d", "5b"]
    found = lens_of(iv.load(model))
    assert found is not None
    for text, readout in zip(lens["text"][:-1], found.readouts.values(), strict=True):
        assert f"{readout.fit.first:.0%} of photos it never saw" in text


def test_without_a_lens_the_page_says_how_to_get_one() -> None:
    app = start("heads", model="random")
    said = texts(app)
    assert "nobody has fitted read-outs" in said and "fit-lens MODEL PHOTOS" in said
    assert not app.error


def test_a_damaged_lens_is_said(empty_cache: Path) -> None:
    path = lens_file(iv.load("bvlc"))
    path.write_text("no lens")
    app = start("heads", model="bvlc")
    assert "is no lens of a network, or it is damaged" in texts(app)
    assert not app.exception and not app.error


def test_untrained_heads_are_never_shown_as_if_they_were(tmp_path: Path) -> None:
    weights = iv.load("imagenette").weights
    save_weights(replace(weights, trained_heads=("main", "aux2")), tmp_path / "x.safetensors")
    app = upload_weights(start("heads"), tmp_path / "x.safetensors")
    assert not app.exception
    assert "Never trained" in app.warning[0].value
    assert "fit-heads" in app.warning[0].value
    assert len(app.get("image")) == 2


def test_fitted_heads_say_so_on_every_figure(tmp_path: Path) -> None:
    weights = replace(iv.load("imagenette").weights, fits={"aux1": HeadFit(900, "", 100, 0.4, 0.7)})
    save_weights(weights, tmp_path / "x.safetensors")
    app = upload_weights(start("heads"), tmp_path / "x.safetensors")
    assert not app.exception
    captions = [caption for image in app.get("image") for caption in image.captions]  # type: ignore[union-attr]
    assert ["fitted afterwards" in caption for caption in captions] == [True, False, False]
    chart = app.get("plotly_chart")[0].proto.spec
    assert "aux1 (fitted afterwards)" in chart and "aux2 (fitted" not in chart


@pytest.mark.parametrize("variant", ["Grad-CAM", "HiResCAM", "LayerCAM"])
@pytest.mark.parametrize("scale", ["own", "shared"])
def test_maps_of_a_module_and_its_branches(variant: str, scale: str) -> None:
    app = start("grad_cam", cam="4c", cam_map=variant, cam_scale=scale)
    assert not app.exception and not app.error
    assert "Module 4c, and its four branches" in texts(app)
    assert f"How {variant} works" in [e.label for e in app.expander]
    assert len(app.get("image")) == 5 + 3


def test_the_margin_needs_no_second_class() -> None:
    app = start("grad_cam", output="margin")
    assert not app.exception and not app.error
    assert "compares two classes already" in texts(app)


@pytest.mark.parametrize("method", ["Integrated gradients", "Guided Grad-CAM"])
def test_pixel_methods(method: str) -> None:
    app = start("grad_cam", pixels=method)
    assert not app.exception and not app.error
    assert "Red speaks for the output" in texts(app)


def test_checks_of_a_map() -> None:
    app = start("grad_cam", check="deletion and insertion")
    assert not app.exception and not app.error
    assert "1806.07421" in texts(app)
    assert len(app.get("plotly_chart")) == 2
    app = start("grad_cam", check="shuffled weights")
    assert not app.exception and not app.error
    assert "1810.03292" in texts(app)


def test_a_map_that_ignores_the_weights_is_called_out(monkeypatch: pytest.MonkeyPatch) -> None:
    from inception_viz.explain import SanityCheck

    monkeypatch.setattr(SanityCheck, "suspicious", property(lambda _self: True))
    app = start("grad_cam", check="shuffled weights")
    assert "It shows the photo rather than" in app.warning[0].value


def test_who_cancelled_sees_nothing_more_of_it_until_they_want_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun: list[str] = []

    def work(_progress: object) -> Sweep:
        begun.append("sweep")
        raise iv.ExplainError("It was begun.")

    jobs = Jobs(kept=1)
    monkeypatch.setattr(explanations, "job", lambda *_: jobs.get("sweep", work))
    app = start()
    app.session_state["sweep_cancelled"] = "sweep"
    app.switch_page("views/switchboard/page.py").run()
    assert not app.exception
    assert "stopped" in app.info[0].value
    assert begun == []
    other = start("switchboard")  # of somebody else
    assert begun == ["sweep"] and "It was begun." in texts(other)
    app.button(key="sweep_again").click().run()
    assert begun == ["sweep"] * 2 and "It was begun." in texts(app)


def test_what_somebody_else_finished_is_shown_to_who_cancelled(
    monkeypatch: pytest.MonkeyPatch, bundled: tuple[iv.Classifier, iv.Trace]
) -> None:
    classifier, trace = bundled
    swept = iv.sweep(classifier, trace, iv.Target(281))
    monkeypatch.setattr(explanations, "job", lambda *_: finished(swept, "sweep"))
    app = start()
    app.session_state["sweep_cancelled"] = "sweep"
    app.switch_page("views/switchboard/page.py").run()
    assert not app.exception
    assert not [info for info in app.info if "stopped" in info.value]


def test_an_unknown_head_in_the_link_falls_back() -> None:
    app = start("contributions", head="aux9", output="nonsense", method="magic")
    assert not app.exception and not app.error
    assert app.segmented_control(key="head").value == "main"


def test_what_was_chosen_for_one_model_does_no_harm_on_another() -> None:
    app = start("contributions", head="aux1", left_out="its usual level", output="margin")
    assert not app.exception
    app.selectbox(key="model").set_value("random").run()
    assert not app.exception and not app.error
    app.selectbox(key="model").set_value("imagenette").run()
    assert not app.exception and not app.error


def test_gradients_are_shared_by_maps_and_channels(
    bundled: tuple[iv.Classifier, iv.Trace], monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier, trace = bundled
    target = iv.Target(3)
    calls = 0

    def counted(*args: object) -> object:
        nonlocal calls
        calls += 1
        return iv.gradients(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(explanations, "gradients", counted)
    for variant in VARIANTS:
        explanations.cams(classifier, trace, target, variant).outcome()
    explanations.channel_scores(classifier, trace, target, "4c").outcome()
    assert calls == 1
    muted = explanations.muted(classifier, trace, ["4c"]).outcome()
    assert traces.key_of(muted) != traces.key_of(trace)
    explanations.cams(classifier, muted, target).outcome()
    assert calls == 2


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (iv.ExplainError("There is no such class."), "There is no such class."),
        (ZeroDivisionError("x"), "This program made a mistake"),
    ],
)
def test_a_report_that_cannot_be_made_says_why(
    error: Exception,
    words: str,
    bundled: tuple[iv.Classifier, iv.Trace],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_args: object, **_rest: object) -> None:
        raise error

    monkeypatch.setattr(iv.report, "build", fail)
    classifier, trace = bundled
    html = explanations.report(Scene(classifier, trace, 7, "my <cat>.jpg", "", classifier))
    assert words in html and "No report about my &lt;cat&gt;.jpg" in html
    assert html.startswith("<!doctype html>") and "Traceback" not in html
