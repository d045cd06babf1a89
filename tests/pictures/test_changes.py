"""Changes of a picture beside pixels set by hand; their JSON; what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from math import hypot
from typing import Any

import numpy as np
import pytest
from PIL import Image

import inception_viz as iv
from inception_viz.errors import ChangeError
from inception_viz.pictures import (
    MOST_CHANGES,
    MOST_POINTS,
    Blur,
    Change,
    Changes,
    Cut,
    Paint,
    Patch,
    Turn,
    changed_pixels,
    changed_share,
    fit_image,
    read_change,
)
from tests.conftest import noise_photo, sample

SIDE = 224
EVERY: tuple[Change, ...] = (
    Cut(30, 40, 50, 20, (9, 8, 7)),
    Blur(0, 0, 100, 224, 2.5),
    Turn(60, 60, 80, 40, -35),
    Paint(((10, 10), (120, 200), (223, 0)), 6, (255, 0, 0)),
    Patch(0, 0, 64, 64, 100, 150),
    Cut(200, 200, 24, 24),
)


@pytest.fixture
def square() -> Image.Image:
    """Noise of which no two neighbours are the same, nor any pixel black or white."""
    pixels = np.random.default_rng(0).integers(1, 255, (SIDE, SIDE, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def after(square: Image.Image, *steps: Change) -> np.ndarray:
    return np.asarray(Changes(square.width, steps).apply(square))


def test_a_known_patch_scores_exactly_its_share_of_the_pixels() -> None:
    """Black is copied onto white, so every pixel of the patch changes, and no other."""
    pixels = np.full((SIDE, SIDE, 3), 255, np.uint8)
    pixels[:30] = 0
    before = Image.fromarray(pixels)
    changed = Changes(SIDE, (Patch(5, 0, 40, 25, 100, 150),)).apply(before)
    assert changed_share(before, changed) == 40 * 25 / SIDE**2
    where = np.zeros((SIDE, SIDE), bool)
    where[150:175, 100:140] = True
    assert (changed_pixels(before, changed) == where).all()
    assert changed_share(before, before.copy()) == 0
    once = before.copy()
    once.putpixel((7, 99), (255, 255, 254))
    assert changed_share(before, once) == 1 / SIDE**2, "any channel counts"


def test_a_patch_is_copied_as_it_was_before(square: Image.Image) -> None:
    found, expected = after(square, Patch(10, 20, 30, 40, 25, 35)), np.array(square)
    expected[35:75, 25:55] = np.asarray(square)[20:60, 10:40]  # they overlap
    assert (found == expected).all()


def test_a_cut_takes_its_colour_or_the_mean(square: Image.Image) -> None:
    expected = np.array(square)
    expected[7:9, 3:8] = (1, 2, 3)
    assert (after(square, Cut(3, 7, 5, 2, (1, 2, 3))) == expected).all()
    expected[100:110, 50:60] = np.rint(expected.reshape(-1, 3).mean(0))
    cuts = Cut(3, 7, 5, 2, (1, 2, 3)), Cut(50, 100, 10, 10)
    assert (after(square, *cuts) == expected).all()


@pytest.mark.parametrize("radius", [0, 1, 5, 64])
@pytest.mark.parametrize(
    ("points", "line"),
    [
        (((50, 60),), [(50, 60)]),
        (((0, 3), (40, 3)), [(x, 3) for x in range(41)]),
        (((9, 200), (9, 223), (9, 210)), [(9, y) for y in range(200, 224)]),
        (((20, 20), (60, 60)), [(i, i) for i in range(20, 61)]),
    ],
)
def test_a_stroke_is_all_pixels_near_its_line(
    square: Image.Image,
    points: tuple[tuple[int, int], ...],
    line: list[tuple[int, int]],
    radius: int,
) -> None:
    y, x = np.indices((SIDE, SIDE))
    near = np.zeros((SIDE, SIDE), bool)
    for at in line:
        near |= np.vectorize(hypot)(x - at[0], y - at[1]) <= radius
    found = after(square, Paint(points, radius, (0, 0, 0)))
    assert (found[near] == 0).all()
    assert (found[~near] == np.asarray(square)[~near]).all()


def test_a_blur_is_nearly_gaussian_and_stays_in_its_rectangle(square: Image.Image) -> None:
    sigma, place = 4.0, (slice(80, 140), slice(60, 160))
    found, pixels = after(square, Blur(60, 80, 100, 60, sigma)), np.asarray(square, float)
    kernel = np.exp(-(np.arange(-16, 17) ** 2) / (2 * sigma**2))
    kernel /= kernel.sum()
    for axis in (0, 1):
        pixels = np.apply_along_axis(np.convolve, axis, pixels, kernel, "same")
    assert np.abs(found[place] - pixels[place]).max() < 3
    outside = np.ones((SIDE, SIDE), bool)
    outside[place] = False
    assert (found[outside] == np.asarray(square)[outside]).all()


def test_turns_by_right_angles_are_exact_and_clockwise(square: Image.Image) -> None:
    pixels = np.asarray(square)
    for degrees, turns in ((90, -1), (-90, 1), (180, 2), (-180, 2)):
        expected = pixels.copy()
        expected[20:70, 10:60] = np.rot90(pixels[20:70, 10:60], turns)
        assert (after(square, Turn(10, 20, 50, 50, degrees)) == expected).all()
    assert (after(square, Turn(0, 0, SIDE, SIDE, 180)) == pixels[::-1, ::-1]).all()
    assert (after(square, Turn(3, 4, 50, 30, 0)) == pixels).all()


def test_where_a_turned_part_does_not_reach_the_picture_stays(square: Image.Image) -> None:
    pixels = np.asarray(square)
    found = after(square, Turn(50, 50, 101, 101, 45))
    y, x = np.indices((SIDE, SIDE)) - 100
    inside, diamond = np.maximum(abs(x), abs(y)) <= 50, abs(x) + abs(y)  # its half: 101 / √2 = 71
    reached, beyond = inside & (diamond < 70), ~inside | (diamond > 73)
    assert (found[beyond] == pixels[beyond]).all()
    assert (found[reached] != pixels[reached]).any(1).mean() > 0.98
    assert (found[100, 100] == pixels[100, 100]).all(), "its middle stays where it is"


def test_a_replay_gives_the_same_bits(square: Image.Image) -> None:
    changes = Changes(SIDE, EVERY)
    first, untouched = changes.apply(square), square.copy()
    read = Changes.from_json(changes.to_json())
    assert read == changes
    assert read.apply(square).tobytes() == first.tobytes()
    assert square == untouched
    assert changes.to_json() == read.to_json()
    one_by_one = square
    for step in EVERY:
        one_by_one = Changes(SIDE, (step,)).apply(one_by_one)
    assert one_by_one.tobytes() == first.tobytes()
    assert Changes(SIDE, EVERY[:-1]).then(EVERY[-1]) == changes


def test_a_replay_gives_the_same_answer(square: Image.Image) -> None:
    model = iv.load("imagenette")
    small = square.resize((model.config.input_size,) * 2)
    changes = Changes(small.width, tuple(s for s in EVERY if max(s.reach()) <= small.width))
    read = Changes.from_json(changes.to_json())
    answers = [model.trace(one.apply(small), fit="squash").logits for one in (changes, read)]
    assert (answers[0] == answers[1]).all()


def test_the_square_is_what_the_network_sees_of_the_photo() -> None:
    """So a picture that nobody changed has the photo's answer, bit by bit."""
    model = iv.load("bvlc")
    for photo, fit in ((sample("cat"), "crop"), (noise_photo(3), "pad")):
        trace = model.trace(photo, fit=fit)  # type: ignore[arg-type]
        background = model.preprocessing.background
        seen = fit_image(trace.picture.image, trace.fitting, background)
        again = model.trace(seen, fit="squash")
        assert (again.input == trace.input).all()
        assert (again.logits == trace.logits).all()


GOOD: dict[str, dict[str, Any]] = {
    "cut": {"kind": "cut", "x": 1, "y": 2, "width": 3, "height": 4, "colour": None},
    "blur": {"kind": "blur", "x": 1, "y": 2, "width": 3, "height": 4, "sigma": 2},
    "turn": {"kind": "turn", "x": 1, "y": 2, "width": 3, "height": 4, "degrees": -9},
    "paint": {"kind": "paint", "points": [[1, 2], [3, 4]], "radius": 5, "colour": [1, 2, 3]},
    "patch": {"kind": "patch", "x": 1, "y": 2, "width": 3, "height": 4, "to_x": 5, "to_y": 6},
}


def test_plain_values_become_changes() -> None:
    assert [read_change(plain) for plain in GOOD.values()] == [
        Cut(1, 2, 3, 4),
        Blur(1, 2, 3, 4, 2.0),
        Turn(1, 2, 3, 4, -9),
        Paint(((1, 2), (3, 4)), 5, (1, 2, 3)),
        Patch(1, 2, 3, 4, 5, 6),
    ]
    with pytest.raises(FrozenInstanceError):
        read_change(GOOD["cut"]).x = 3  # type: ignore[misc, union-attr]


@pytest.mark.parametrize(
    ("kind", "wrong", "words"),
    [
        ("cut", {"x": -1}, "The x must be a whole number from 0"),
        ("cut", {"x": 1.0}, "The x must be a whole number"),
        ("cut", {"x": True}, "The x must be a whole number"),
        ("cut", {"x": float("nan")}, "The x must be a whole number"),
        ("cut", {"width": 0}, "The width must be a whole number from 1"),
        ("cut", {"height": "7"}, "The height must be a whole number"),
        ("cut", {"colour": [0, 0]}, "three whole numbers"),
        ("cut", {"colour": [0, 0, 256]}, "from 0 to 255"),
        ("cut", {"colour": "red"}, "three whole numbers"),
        ("cut", {"more": 1}, "exactly these fields: colour, height, width, x, y"),
        ("cut", {"kind": "burn"}, "one of patch, paint, blur, turn, cut"),
        ("cut", {"kind": ["cut"]}, "one of patch"),
        ("blur", {"sigma": float("inf")}, "The sigma must be a number from 0.1 to 32"),
        ("blur", {"sigma": 0}, "The sigma must be a number"),
        ("blur", {"sigma": 10**400}, "The sigma must be a number"),
        ("turn", {"degrees": 181}, "from −180 to 180"),
        ("paint", {"points": []}, "1 to 300 points"),
        ("paint", {"points": [[1, 1]] * (MOST_POINTS + 1)}, "1 to 300 points"),
        ("paint", {"points": [[1]]}, "two whole numbers"),
        ("paint", {"points": [[1, -1]]}, "place of a point"),
        ("paint", {"radius": 65}, "The radius must be a whole number from 0 to 64"),
        ("patch", {"to_x": None}, "The to_x must be"),
    ],
)
def test_what_is_no_change_is_refused(kind: str, wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ChangeError, match=words):
        read_change(GOOD[kind] | wrong)


@pytest.mark.parametrize(
    "step",
    [
        Cut(220, 0, 5, 1),
        Cut(0, 220, 1, 5),
        Patch(0, 0, 9, 9, 216, 0),
        Patch(0, 216, 9, 9, 0, 0),
        Paint(((0, 0), (224, 0)), 1, (0, 0, 0)),
    ],
)
def test_nothing_reaches_beyond_the_square(step: Change) -> None:
    with pytest.raises(ChangeError, match=r"Change 2 \(\w+\) reaches beyond"):
        Changes(SIDE, (EVERY[0], step))


def test_there_is_room_for_so_many() -> None:
    full = Changes(SIDE, (EVERY[0],) * MOST_CHANGES)
    with pytest.raises(ChangeError, match="room for 100"):
        full.then(EVERY[0])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda plain: [], "holds no changes"),
        (lambda plain: plain | {"more": 1}, "holds no changes"),
        (lambda plain: plain | {"changes": {}}, "must be a list"),
        (lambda plain: plain | {"changes": [GOOD["cut"], 7]}, "Change 2: A change is one of"),
        (lambda plain: plain | {"side": 2}, "reaches beyond the square of 2"),
        (lambda plain: plain | {"side": "x"}, "The side must be"),
        (lambda plain: plain | {"changes": [GOOD["cut"]] * 101}, "room for 100"),
    ],
)
def test_a_file_that_is_none_is_refused(change: Callable[[Any], Any], words: str) -> None:
    plain = {"side": SIDE, "changes": [GOOD["cut"]]}
    assert Changes.from_json(json.dumps(plain)).steps == (Cut(1, 2, 3, 4),)
    with pytest.raises(ChangeError, match=words):
        Changes.from_json(json.dumps(change(plain)))


@pytest.mark.parametrize("text", ["", "{", "[" * 10_000, "null", "9" * 5000, "x" * 2_000_000])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ChangeError, match="holds no changes"):
        Changes.from_json(text)


def test_only_pictures_of_that_kind_are_changed_and_compared(square: Image.Image) -> None:
    for wrong in (square.convert("L"), square.resize((200, SIDE))):
        with pytest.raises(ChangeError, match="RGB picture of 224 × 224"):
            Changes(SIDE).apply(wrong)
        with pytest.raises(ChangeError, match="same size and mode"):
            changed_share(square, wrong)
