"""The dashboard of one channel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import inception_viz as iv
from inception_viz.architecture import Place
from inception_viz.explain import channel_inputs, scale_channel
from inception_viz.features import atlas_of, kept_indexes
from tests.app.arriving import arrive
from tests.conftest import noise_photo, sample

CHANNEL = "4c/5x5:7"


@pytest.fixture(autouse=True)
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cache of its own; pictures of one step."""
    monkeypatch.setenv("INCEPTION_VIZ_CACHE", str(tmp_path))
    monkeypatch.setattr("inception_viz.features.atlas.STEPS", 1)
    monkeypatch.setattr("app.session.channels._STEPS", 1)
    monkeypatch.setattr("app.session.channels._LARGE", 32)
    yield


def opened(channel: str = CHANNEL, **query: str) -> AppTest:
    app = arrive("branches", {"module": channel[:2], "channel": channel, **query})
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    kinds = ("subheader", "caption", "markdown", "error", "info")
    plain = [str(getattr(element, "value", "")) for kind in kinds for element in app.get(kind)]
    return "\n".join(plain + [element.proto.body for element in app.get("html")])


def here(app: AppTest) -> str:
    found = app.query_params["channel"]
    return found if isinstance(found, str) else found[0]


def strips(app: AppTest) -> dict[str, str]:
    """The data of the small pictures side by side, by their labels."""
    found = {}
    for component in app.get("bidi_component"):
        text = str(component.proto)
        for label in ("Strongest first", "Weakest quarter", "Strongest inputs"):
            if f"{label}" in text:
                found[label] = text
    return found


def test_it_shows_where_the_channel_fires_what_it_looks_for_and_photos() -> None:
    app = opened()
    said = texts(app)
    assert "Where it fires" in said and "What it looks for" in said
    assert "92 against 82" in said
    assert "of 64; the keys" in "".join(str(c.proto) for c in app.get("bidi_component"))
    assert "Stronger here than on" in said
    assert "Strongest first" in strips(app)


def test_an_unknown_picture_is_painted_once_and_kept() -> None:
    model = iv.load("imagenette")
    place = Place.parse(CHANNEL)
    assert place is not None
    folder = atlas_of(model)._folder
    if atlas_of(model).tile(place) is None:
        opened(model="imagenette")
        assert atlas_of(model).tile(place) is not None and folder.exists()
    else:
        opened(model="imagenette")
        assert not folder.exists(), "it is bundled"


@pytest.mark.parametrize("kind", ["other", "opposite", "photo"])
def test_other_pictures_of_the_same_channel(kind: str) -> None:
    app = opened(painted_kind=kind)
    assert not app.error
    words = {
        "other": "Another picture",
        "opposite": "fires on least",
        "photo": "The photo, changed",
    }
    assert words[kind] in "".join(str(image.proto) for image in app.get("image"))


def test_a_channel_of_a_reduce_layer_and_of_the_stem() -> None:
    app = opened("4c/5x5/reduce:2", layers="reduce")
    assert "Photos" in str(app.get("tab")) and "Louder" not in str(app.get("tab"))
    app = opened("conv1:2", module="stem")
    assert "What it looks for" in texts(app)
    assert "units" in texts(app)


def test_neighbours_follow_the_order_of_the_page() -> None:
    app = opened(order="index")
    app.button(key="behind").click().run()
    assert here(app) == "4c/5x5:8"
    app.button(key="before").click().run()
    app.button(key="before").click().run()
    assert here(app) == "4c/5x5:6"
    assert opened("4c/5x5:63", order="index").button(key="behind").disabled


def test_what_feeds_it_and_what_it_pushes() -> None:
    model = iv.load()
    trace = model.trace(sample("cat"))
    place = Place.parse(CHANNEL)
    assert place is not None
    inputs = channel_inputs(model, trace, place)
    app = opened(about="wiring")
    for by_weight, side in ((False, "photo"), (True, "weights")):
        if by_weight:
            app.segmented_control(key="fed").set_value(side).run()
        for branch, channel, _ in inputs.strongest(5, by_weight=by_weight):
            assert f"4b {branch.replace('x', '×')}, channel {channel}" in texts(app)
    assert "logits" in texts(app)


def test_the_slider_scales_the_channel() -> None:
    model = iv.load()
    trace = model.trace(sample("cat"))
    place = Place.parse("5b/3x3:96")
    assert place is not None
    app = opened(str(place), about="volume")
    assert "At 1 ×, the network says <b>Egyptian cat" in texts(app)
    app.slider(key="volume").set_value(4.0).run()
    shares = scale_channel(model, trace, place, [4.0])[0]
    first = model.labels[int(shares.argmax())]
    assert f"At 4 ×, the network says <b>{first}</b> ({100 * shares.max():.0f}" in texts(app)


def test_a_folder_that_was_indexed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "pets"
    folder.mkdir()
    for i in range(3):
        noise_photo(i, (90, 80)).save(folder / f"{i}.png")
    model = iv.load()
    assert iv.index(model, folder) is not None
    (path,) = kept_indexes(model)
    monkeypatch.setenv("INCEPTION_VIZ_SERVER_FOLDERS", "no")
    assert opened().segmented_control(key="photos_of").options == ["samples"]
    monkeypatch.setenv("INCEPTION_VIZ_SERVER_FOLDERS", "yes")
    app = opened(photos_of=path.stem)
    assert app.segmented_control(key="photos_of").options == ["samples", "folder pets"]
    assert "of 3 photos" in texts(app)
    (folder / "0.png").unlink()
    app.button(key="behind").click().run()
    assert "gone" in app.error[0].value or "0.png" in app.error[0].value
    path.write_bytes(b"damaged")
    assert "no index of photos" in opened(photos_of=path.stem).error[0].value


def test_tiles_as_pictures_and_painting_what_is_missing() -> None:
    app = arrive(
        "branches", {"module": "4c", "branch": "5x5", "tiles": "pictures", "model": "random"}
    )
    assert not app.exception
    assert "painted by gradients" in texts(app)
    missing = len(atlas_of(iv.load("random")).missing(Place("4c", "5x5")))
    assert missing == 64
    app.button(key="button_paint_4c/5x5").click().run()
    assert not app.exception
    assert atlas_of(iv.load("random")).missing(Place("4c", "5x5")) == []
    assert not [b for b in app.button if b.key == "button_paint_4c/5x5"]


def test_the_patterns_that_it_answers() -> None:
    app = opened(about="tuning")
    assert "What patterns it answers" in texts(app)
    assert "Spatial frequency" in str(app.get("plotly_chart")[0].proto)
