from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

import inception_viz.torchvision_on_cpu  # noqa: F401  (before torchvision)
from inception_viz.pictures import (
    CAFFE,
    CENTRE,
    IMAGENET,
    SMALLEST_CROP,
    TORCHVISION,
    Crop,
    Fit,
    Preprocessing,
    fit_image,
    fitting,
)
from tests.conftest import noise_photo, sample

SHARES = st.floats(0, 1)
SIDES = st.floats(SMALLEST_CROP, 1)
SIZES = st.tuples(st.integers(1, 30_000), st.integers(1, 30_000))


@pytest.mark.parametrize("size", [(640, 480), (480, 641), (224, 224), (97, 313), (256, 256)])
def test_crop_sees_what_torchvision_sees(size: tuple[int, int]) -> None:
    from torchvision.transforms import CenterCrop, Compose, Resize

    image = noise_photo(0, size)
    expected = np.asarray(Compose([Resize(256), CenterCrop(224)])(image), dtype=int)
    ours = np.asarray(fit_image(image, fitting(size, 224), (0, 0, 0)), dtype=int)
    assert np.abs(ours - expected).max() <= 1  # one level of rounding


def test_imagenet_tensor_equals_torchvisions() -> None:
    from torchvision.transforms import functional as transforms

    image = Image.open(sample("cat")).resize((224, 224))
    expected = transforms.normalize(
        transforms.to_tensor(image), [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    )
    torch.testing.assert_close(IMAGENET.tensor(image)[0], expected, rtol=0, atol=1e-6)


def test_torchvision_undoes_imagenet() -> None:
    image = noise_photo(1, (224, 224))
    x = IMAGENET.tensor(image)[0]
    scale = torch.tensor([0.229, 0.224, 0.225])[:, None, None] / 0.5
    shift = (torch.tensor([0.485, 0.456, 0.406])[:, None, None] - 0.5) / 0.5
    torch.testing.assert_close(TORCHVISION.tensor(image)[0], x * scale + shift, rtol=0, atol=1e-6)


def test_caffe_is_bgr_minus_its_mean() -> None:
    image = Image.new("RGB", (2, 2), (10, 20, 30))
    x = CAFFE.tensor(image)[0]
    assert x[:, 0, 0].tolist() == [30 - 104, 20 - 117, 10 - 123]
    assert CAFFE.background == (123, 117, 104)


@pytest.mark.parametrize("fit", ["crop", "pad", "squash", Crop(0.55, 0.5, 0.8)])
@pytest.mark.parametrize("size", [(600, 400), (400, 600), (50, 50), (3, 1000), (1, 1)])
def test_a_dot_is_found_again_on_the_original(fit: Fit | Crop, size: tuple[int, int]) -> None:
    placed = fitting(size, 224, fit)
    image = Image.new("RGB", size, "black")
    centre = (size[0] // 2, size[1] // 2)
    image.putpixel(centre, (255, 255, 255))
    square = fit_image(image, placed, (0, 0, 0))
    assert square.size == (224, 224)
    brightness = np.asarray(square.convert("L"), dtype=float)
    assert brightness.max() > 0
    rows, columns = np.nonzero(brightness > brightness.max() * 0.5)
    x, y = placed.to_original(float(columns.mean()) + 0.5, float(rows.mean()) + 0.5)
    assert x == pytest.approx(centre[0] + 0.5, abs=max(1.0, placed.x_scale))
    assert y == pytest.approx(centre[1] + 0.5, abs=max(1.0, placed.y_scale))


def test_pad_shows_the_whole_picture_between_borders() -> None:
    preprocessing = Preprocessing(mean=(0.2, 0.4, 0.6))
    placed = fitting((400, 200), 224, "pad")
    square = fit_image(Image.new("RGB", (400, 200), "white"), placed, preprocessing.background)
    assert square.getpixel((112, 5)) == (51, 102, 153)
    assert square.getpixel((112, 112)) == (255, 255, 255)
    assert square.getpixel((0, 112)) == (255, 255, 255)


def test_a_reduced_copy_gives_the_same_view() -> None:
    large = noise_photo(2, (64, 48)).resize((3200, 2400), Image.Resampling.BICUBIC)
    small = large.resize((1600, 1200), Image.Resampling.BOX)
    placed = fitting(large.size, 224)
    a, b = (np.asarray(fit_image(i, placed, (0, 0, 0)), dtype=int) for i in (large, small))
    assert np.abs(a - b).mean() < 1


@pytest.mark.parametrize("size", [(640, 480), (480, 641), (224, 224), (97, 313), (3, 1000), (1, 1)])
def test_a_crop_at_the_centre_is_the_centre(size: tuple[int, int]) -> None:
    image = noise_photo(3, size)
    fits: tuple[Fit | Crop, ...] = ("crop", CENTRE)
    centre, same = (fit_image(image, fitting(size, 224, f), (0, 0, 0)).tobytes() for f in fits)
    assert centre == same
    assert Crop.parse(str(CENTRE)) == CENTRE == Crop(0.5, 0.5, 0.875)


@pytest.mark.parametrize(
    ("crop", "box"),  # of a photo of 800 × 400 pixels
    [
        (Crop(0.5, 0.5, 1), (200, 0, 600, 400)),
        (Crop(0.25, 0.375, 0.5), (100, 50, 300, 250)),
        (Crop(0.9375, 0.125, 0.25), (700, 0, 800, 100)),
        (Crop(1, 1, 0.25), (700, 300, 800, 400)),  # moved inside
        (Crop(0, 0.5, 0.75), (0, 50, 300, 350)),
    ],
)
def test_a_crop_takes_the_pixels_that_cutting_and_scaling_take(
    crop: Crop, box: tuple[int, int, int, int]
) -> None:
    image = noise_photo(4, (800, 400)).filter(ImageFilter.GaussianBlur(2))
    placed = fitting(image.size, 224, crop)
    assert placed.box == pytest.approx(box)
    ours = np.asarray(fit_image(image, placed, (255, 0, 0)), dtype=int)
    cut = image.crop(box).resize((224, 224), Image.Resampling.BILINEAR)
    away = np.abs(ours - np.asarray(cut, dtype=int))
    reach = -(-112 // (box[2] - box[0])) + 1  # of the filter at the edges, where it sees beyond
    assert away[reach:-reach, reach:-reach].max() <= 1
    assert away.max() < 40 < np.ptp(ours)


def test_the_whole_of_a_square_photo_is_what_pad_and_squash_take() -> None:
    image = noise_photo(5, (300, 300))
    fits: tuple[Fit | Crop, ...] = (Crop(0.5, 0.5, 1), "pad", "squash")
    squares = [fit_image(image, fitting(image.size, 96, f), (0, 0, 0)).tobytes() for f in fits]
    assert squares[0] == squares[1] == squares[2]


@given(SIZES, SHARES, SHARES, SIDES, st.integers(32, 512))
def test_a_crop_lies_inside_where_it_was_asked_for(
    original: tuple[int, int], x: float, y: float, side: float, size: int
) -> None:
    crop = Crop(x, y, side)
    placed = fitting(original, size, crop)
    if crop == CENTRE:
        return
    left, top, right, bottom = placed.box
    slack = 1e-9 * max(original)
    assert right - left == pytest.approx(crop.side * min(original))
    assert bottom - top == pytest.approx(crop.side * min(original))
    assert -slack <= left and right <= original[0] + slack
    assert -slack <= top and bottom <= original[1] + slack
    for start, end, share, length in (
        (left, right, crop.x, original[0]),
        (top, bottom, crop.y, original[1]),
    ):
        moved = (start + end) / 2 - share * length
        at_edge = start == 0 if moved > 0 else end == pytest.approx(length)
        assert abs(moved) <= slack or at_edge, "moved no further than it must be"
    for point in ((0, 0), (size, size), (size / 3, size / 7)):
        there = placed.to_original(*point)
        back = [(there[0] - left) / (right - left), (there[1] - top) / (bottom - top)]
        assert np.multiply(back, size) == pytest.approx(point, abs=1e-6)


@given(st.tuples(st.integers(1, 300), st.integers(1, 300)), SHARES, SHARES, SIDES)
def test_any_crop_of_any_picture_becomes_a_square(
    original: tuple[int, int], x: float, y: float, side: float
) -> None:
    image = Image.new("RGB", original, (10, 200, 30))
    square = fit_image(image, fitting(original, 32, Crop(x, y, side)), (255, 255, 255))
    assert square.size == (32, 32)
    assert square.getextrema() == ((10, 10), (200, 200), (30, 30)), "no border is seen"


@given(SHARES, SHARES, SIDES)
def test_a_crop_is_its_text(x: float, y: float, side: float) -> None:
    crop = Crop(x, y, side)
    assert Crop.parse(str(crop)) == crop
    assert crop == Crop(np.float64(crop.x), crop.y, crop.side)
    assert (crop.x, crop.y, crop.side) == pytest.approx((x, y, side), abs=5.1e-7)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((1.2, 0.5, 0.5), "The x of a crop is 1.2; it must be from 0 to 1."),
        ((0.5, -0.1, 0.5), "The y of a crop is -0.1"),
        ((0.5, 0.5, 0.04), "The side of a crop is 0.04; it must be from 0.05 to 1."),
        ((0.5, 0.5, 1.01), "The side"),
        ((float("nan"), 0.5, 0.5), "The x of a crop is nan"),
        ((0.5, "left", 0.5), "The y of a crop is 'left'"),
        ((0.5, 0.5, None), "The side of a crop is None"),
        ((10**400, 0.5, 0.5), "The x of a crop is 1000"),
    ],
)
def test_a_crop_of_nonsense_is_refused(values: tuple[float, float, float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Crop(*values)


@pytest.mark.parametrize(
    "text", ["", "crop", "0.5-0.5", "0.5-0.5-0.5-0.5", "0.5-0.5-1e-1", "0.5-0.5-٣", " 0.5-0.5-0.5",
             "0.5--0.5-0.5", "0.12345678-0.5-0.5", "nan-0.5-0.5", "0.5-0.5-0.5\n"]
)  # fmt: skip
def test_text_that_is_no_crop_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no crop; write X-Y-SIDE, such as 0.42-0.38-0.5\."):
        Crop.parse(text)
