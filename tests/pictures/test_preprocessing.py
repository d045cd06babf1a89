from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

import inception_viz.torchvision_on_cpu  # noqa: F401  (before torchvision)
from inception_viz.pictures import CAFFE, IMAGENET, TORCHVISION, Preprocessing, fit_image, fitting
from tests.conftest import noise_photo, sample


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


@pytest.mark.parametrize("fit", ["crop", "pad", "squash"])
@pytest.mark.parametrize("size", [(600, 400), (400, 600), (50, 50), (3, 1000), (1, 1)])
def test_a_dot_is_found_again_on_the_original(fit: str, size: tuple[int, int]) -> None:
    placed = fitting(size, 224, fit)  # type: ignore[arg-type]
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
