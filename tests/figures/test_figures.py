from __future__ import annotations

import io
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch
from PIL import Image

import inception_viz as iv
from inception_viz.explain import measure, measure_reference
from inception_viz.figures import (
    METRICS,
    HeadAnswer,
    activation_histogram,
    answer_bars,
    channel_sprite,
    colourise,
    hex_colour,
    ink_on,
    network_map,
    overlay,
    paint_firing,
    percent,
    photo_with_frame,
)
from inception_viz.pictures import Fit
from tests.conftest import noise_photo, tiny_config


def test_colours_run_from_dark_to_bright() -> None:
    ends = colourise(np.array([0.0, 1.0, -5.0, 7.0])).astype(int).sum(axis=1)
    assert ends[0] < ends[1]
    assert (ends[2], ends[3]) == (ends[0], ends[1])
    middle = hex_colour(0.5, "RdBu_r")  # zero of a signed quantity: nearly white, no hue
    levels = [int(middle[i : i + 2], 16) for i in (1, 3, 5)]
    assert min(levels) > 240 and max(levels) - min(levels) <= 2


@pytest.mark.parametrize("colour", ["#000000", "#ffffff", "#21918c", "#b2182b", "#fde725"])
def test_ink_is_readable(colour: str) -> None:
    """Contrast of at least 4.5 to 1, as WCAG AA asks."""

    def luminance(code: str) -> float:
        parts = [int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(colour), luminance(ink_on(colour))), reverse=True)
    assert (high + 0.05) / (low + 0.05) >= 4.5


def test_sprite_tiles_are_the_channels_in_order() -> None:
    layer = measure(torch.rand(20, 7, 7))
    order = layer.order("strength")
    sprite = channel_sprite(layer, order)
    image = np.asarray(Image.open(io.BytesIO(sprite.encoded)).convert("RGB"))
    assert (sprite.columns, sprite.rows) == (16, 2)
    assert image.shape == (2 * 7, 16 * 7, 3)
    for place, channel in enumerate(sprite.channels):
        row, column = divmod(place, 16)
        tile = image[row * 7 : row * 7 + 7, column * 7 : column * 7 + 7].astype(int)
        expected = colourise(layer.maps[channel] / layer.maximum[channel]).astype(int)
        assert np.abs(tile - expected).max() <= 5  # 2 % of the colour scale


def test_shared_scale_keeps_strengths_comparable() -> None:
    layer = measure(torch.tensor([[[1.0]], [[2.0]], [[0.0]]]))
    each, shared = (
        np.asarray(
            Image.open(io.BytesIO(channel_sprite(layer, np.arange(3), m).encoded)).convert("RGB")
        )[0]
        for m in (None, 2.0)
    )
    assert each[0].tolist() == each[1].tolist() != each[2].tolist()
    assert shared[0].tolist() != shared[1].tolist()


def test_large_maps_are_reduced_for_the_sprite() -> None:
    layer = measure(torch.rand(4, 112, 112))
    sprite = channel_sprite(layer, np.arange(4))
    assert Image.open(io.BytesIO(sprite.encoded)).size == (4 * 28, 28)


@pytest.mark.parametrize("fit", ["crop", "pad", "squash"])
def test_overlay_puts_the_strongest_place_where_it_is(tiny: iv.Classifier, fit: str) -> None:
    photo = Image.new("RGB", (400, 200), (90, 90, 90))
    trace = tiny.trace(photo, fit=fit)  # type: ignore[arg-type]
    values = np.zeros((14, 14))
    values[7, 10] = 1.0
    drawn = overlay(trace.picture, trace.fitting, values, strength=1.0, side=400)
    assert drawn.size == (400, 200)
    redness = np.asarray(drawn, dtype=int)
    bright = (redness[..., 0] - redness[..., 2]) + redness[..., 1]
    y, x = np.unravel_index(bright.argmax(), bright.shape)
    expected = trace.fitting.to_original(10.5 * 16, 7.5 * 16)
    assert (x, y) == pytest.approx(expected, abs=12)


def test_what_the_network_does_not_see_is_darkened(tiny: iv.Classifier) -> None:
    trace = tiny.trace(Image.new("RGB", (400, 200), "white"))
    drawn = np.asarray(photo_with_frame(trace.picture, trace.fitting, side=400))
    assert drawn[100, 5].max() < 100
    assert drawn[100, 200].min() == 255


def test_box_and_dot_are_drawn(tiny: iv.Classifier) -> None:
    trace = tiny.trace(Image.new("RGB", (256, 256), (128, 128, 128)))
    plain = overlay(trace.picture, trace.fitting, np.zeros((7, 7)), side=256)
    marked = overlay(
        trace.picture,
        trace.fitting,
        np.zeros((7, 7)),
        side=256,
        box=(-500.0, 30.0, 90.0, 5000.0),
        point=(112.0, 112.0),
    )
    changed = np.asarray(plain, int) - np.asarray(marked, int)
    assert np.abs(changed[128, 128]).max() > 50
    assert np.abs(changed[100:200, 15:18]).max() > 50  # cut off where the network's input ends
    assert np.abs(changed[:, :12]).max() == 0


def test_a_chosen_square_is_drawn_with_half_its_side_around_it(tiny: iv.Classifier) -> None:
    photo = Image.new("RGB", (800, 400), "white")
    photo.paste("red", (200, 100, 300, 200))
    trace = tiny.trace(photo, fit=iv.Crop(250 / 800, 150 / 400, 100 / 400))
    drawn = np.asarray(photo_with_frame(trace.picture, trace.fitting, side=400), dtype=int)
    assert drawn.shape == (400, 400, 3), "pixels 150 to 350 across, 50 to 250 down, twice as large"
    assert drawn[105:295, 105:295].min(axis=(0, 1)).tolist() == [255, 0, 0]
    assert drawn[50, 200].max() < 100 and drawn[200, 350].max() < 100, "darkened"
    values = np.zeros((14, 14))
    heat = (trace.picture, trace.fitting, values)
    plain = np.asarray(overlay(*heat, side=400), dtype=int)
    marked = overlay(*heat, side=400, box=(0, 0, 112, 112), point=(168, 168))
    changed = np.abs(np.asarray(marked, dtype=int) - plain).max(axis=2) > 50
    rows, columns = np.nonzero(changed)
    assert (rows.min(), columns.min()) == pytest.approx((100, 100), abs=2)
    assert (rows.max(), columns.max()) == pytest.approx((250 + 6, 250 + 6), abs=2)


@pytest.mark.parametrize("size", [(3, 1000), (1000, 3), (1, 1), (401, 300)])
@pytest.mark.parametrize("fit", ["crop", "pad", "squash", *(iv.Crop(x, x, 0.05) for x in (0, 1))])
def test_any_shape_of_photo_can_be_drawn(
    tiny: iv.Classifier, size: tuple[int, int], fit: Fit | iv.Crop
) -> None:
    trace = tiny.trace(noise_photo(0, size), fit=fit)
    for side in (160, 400):
        drawn = overlay(trace.picture, trace.fitting, np.eye(7), side=side, point=(112, 112))
        assert max(drawn.size) == side


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("layout", ["wide", "tall"])
def test_network_map_is_valid_svg_with_every_branch(
    tiny: iv.Classifier, metric: str, layout: str
) -> None:
    traces = [tiny.trace(noise_photo(seed)) for seed in range(3)]
    result = iv.firing(traces[0], measure_reference(traces, "noise"))
    nasty = "<script>alert('x')</script> & co"
    heads = {
        "main": HeadAnswer(nasty, 0.5),
        "aux1": HeadAnswer("cat", 0.4, "4a"),
        "aux2": HeadAnswer("never trained", None, "4d"),
    }
    text = network_map(paint_firing(result, metric), heads, layout)  # type: ignore[arg-type]
    tree = ET.fromstring(text)
    places = [e.get("data-go") for e in tree.iter() if e.get("data-go")]
    assert len(places) == 37 and "stem" in places and "4c/5x5" in places
    assert "<script" not in text
    labels = [e.get("aria-label") or "" for e in tree.iter() if e.get("role") == "button"]
    assert all(labels)


def test_network_map_of_other_architectures() -> None:
    from dataclasses import replace

    rows = tuple(replace(r, f_5x5_r=0, f_5x5=0) for r in tiny_config().stage4[:2])
    config = tiny_config(stage4=rows, aux1=None, aux2=None)
    classifier = iv.load("random", config=config)
    result = iv.firing(classifier.trace(noise_photo(0)))
    text = network_map(paint_firing(result, "mean"), {"main": HeadAnswer("x", 1.0)})
    places = [e.get("data-go") for e in ET.fromstring(text).iter() if e.get("data-go")]
    assert "4b/3x3" in places and "4b/5x5" not in places and "4c/3x3" not in places


def test_percentages_never_lie() -> None:
    for share, number in (
        (0.0, "0.0"),
        (0.0004, "<0.1"),
        (0.042, "4.2"),
        (0.0996, "10"),
        (0.496, "50"),
        (0.9966, "99.7"),
        (0.99996, ">99.9"),
        (1.0, "100"),
    ):
        assert percent(share) == f"{number}\N{NO-BREAK SPACE}%"


def test_answers_escape_labels() -> None:
    html = answer_bars([("<b>bold</b>", 0.7), ("cat", 0.3)], emphasised="cat")
    assert "<b>" not in html and "&lt;b&gt;" in html
    assert html.count("font-weight:600") == 2


def test_histogram_counts_every_firing_unit() -> None:
    values = np.array([[0.0, 0.0, 1.0], [2.0, 2.0, 3.0]])
    figure = activation_histogram(values, "#009E73")
    assert sum(figure.data[0].y) == 4
    assert "4 of 6 units fire, 2 are exactly 0" in figure.layout.title.text
    assert sum(activation_histogram(np.zeros((2, 2)), "#009E73").data[0].y) == 0
