"""Branches exchanged on the page Compare."""

from __future__ import annotations

import pytest

import inception_viz as iv
from app.session import explanations, traces
from tests.app.test_pages import start, texts
from tests.conftest import sample

ASKED = {"image": "cat", "with_photo": "espresso", "view": "exchange"}


pytestmark = pytest.mark.usefixtures("empty_cache")


def test_nothing_exchanged_is_the_first_photo_all_exchanged_the_second() -> None:
    app = start("compare", **ASKED)
    assert not app.exception and not app.error
    assert "The first photo is <b>Egyptian cat</b> (50" in texts(app)
    everything = next(b for b in app.button if b.label == "Exchange all")
    everything.click().run()
    assert not app.exception and not app.error
    assert "as for the second photo, <b>espresso</b> (92" in texts(app)
    places = app.query_params["exchanged"]
    assert len((places if isinstance(places, str) else places[-1]).split(",")) == 36
    next(b for b in app.button if b.label == "Take all back").click().run()
    assert "exchanged" not in app.query_params


def test_some_branches_and_every_head() -> None:
    app = start("compare", **ASKED, exchanged="4e/1x1,5a/1x1", asked_head="aux2")
    assert not app.exception and not app.error
    said = texts(app)
    assert "of the second photo, the network still says" in said
    assert "What all heads say now" in said and said.count("Before: ") == 3


def test_a_small_set_is_found_checked_and_used() -> None:
    app = start("compare", **ASKED, carrying="true")
    assert not app.exception and not app.error
    said = texts(app)
    assert "of the branches carry espresso over" in said and "without any single one" in said
    next(b for b in app.button if b.label == "Exchange these").click().run()
    assert not app.exception and not app.error
    assert "as for the second photo, <b>espresso</b>" in texts(app)


def test_photos_of_one_answer_have_nothing_to_carry() -> None:
    app = start("compare", image="cat", with_photo="espresso", view="exchange", model="random",
                carrying="true")  # fmt: skip
    assert not app.exception and not app.error


def test_what_is_no_place_is_left_out() -> None:
    app = start("compare", **ASKED, exchanged="4c/5x5,9z,4c/7x7")
    assert not app.exception and not app.error
    assert app.query_params["exchanged"] in ("4c/5x5", ["4c/5x5"])


def test_two_networks_have_no_branches_to_exchange() -> None:
    app = start("compare", image="cat", beside="model", with_model="imagenette", view="exchange")
    assert not app.exception and not app.error
    options = app.segmented_control(key="view").options
    assert "Exchange branches" not in options and "Firing" in options


def test_traces_with_other_maps_have_other_keys() -> None:
    """Else a cache would hand out another photo's figures."""
    model = iv.load("bvlc")
    cat, cup, fish = (model.trace(sample(name)) for name in ("cat", "espresso", "goldfish"))
    wide = model.trace(sample("espresso"), fit="squash")
    found = [
        cat,
        iv.interchange(model, cat, cup, ["4c/5x5"]),
        iv.interchange(model, cat, fish, ["4c/5x5"]),
        iv.interchange(model, cat, cup, ["4c/3x3"]),
        iv.interchange(model, cat, wide, ["4c/5x5"]),
        iv.mute(model, cat, ["4c/5x5"]),
    ]
    assert len({traces.key_of(trace) for trace in found}) == len(found)
    job = explanations.exchanged(model, cat, cup, ["4c/5x5"])
    assert traces.key_of(job.outcome()) == traces.key_of(found[1])
