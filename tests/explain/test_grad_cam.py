from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from captum.attr import LayerAttribution, LayerGradCam

import inception_viz as iv
from inception_viz.explain import Cams, Variant
from tests.explain.whole_network import blobs, branches, channels, fast, muting, precise, slopes


def close(found: np.ndarray, expected: np.ndarray, tolerance: float) -> None:
    scale = float(np.abs(expected).max())
    assert scale > 0
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * scale)


def captum_maps(
    classifier: iv.Classifier, trace: iv.Trace, module: str, index: int
) -> tuple[np.ndarray, np.ndarray]:
    """Before ReLU at map size, and after ReLU at input size."""
    network = copy.deepcopy(classifier.inference_network)
    captum = LayerGradCam(lambda x: network(x).main, network.trunk[module])
    x = trace.input.clone().requires_grad_()
    raw = captum.attribute(x, target=index, relu_attributions=False)
    positive = captum.attribute(x, target=index, relu_attributions=True)
    large = LayerAttribution.interpolate(positive, x.shape[-2:], interpolate_mode="bilinear")
    return raw[0, 0].detach().numpy(), large[0, 0].detach().numpy()


def test_every_module_equals_captum(small: iv.Classifier, trace: iv.Trace) -> None:
    flat = 0
    for index in (2, 5):
        cams = iv.grad_cam(small, trace, index)
        assert list(cams) == list(trace.modules)
        for module in cams:
            raw, large = captum_maps(small, trace, module, index)
            close(cams.raw(module), raw, 1e-5)
            np.testing.assert_allclose(cams[module], large, rtol=0, atol=1e-5 * np.abs(raw).max())
            flat += not large.any()
    assert flat < 9


def test_modules_of_the_bundled_network_equal_captum(
    imagenette: iv.Classifier, photo: iv.Trace
) -> None:
    cams = iv.grad_cam(imagenette, photo)
    for module in ("3a", "4c", "5b"):
        raw, large = captum_maps(imagenette, photo, module, cams.target.index)
        close(cams.raw(module), raw, 1e-5)
        close(cams[module], large, 1e-5)
        assert cams[module].shape == (224, 224)


def test_modules_of_the_original_network_equal_captum(bvlc: iv.Classifier) -> None:
    trace = bvlc.trace(blobs(5))
    cams = iv.grad_cam(bvlc, trace, "espresso")
    for module in ("3b", "5a"):
        raw, _ = captum_maps(bvlc, trace, module, bvlc.labels.index("espresso"))
        close(cams.raw(module), raw, 1e-5)


@pytest.mark.parametrize("variant", ["grad_cam", "hires_cam", "layer_cam"])
@pytest.mark.parametrize("head", ["main", "aux1"])
def test_variants_follow_their_formulas(
    small: iv.Classifier, trace: iv.Trace, variant: Variant, head: str
) -> None:
    cams = iv.grad_cam(small, trace, iv.Target(3, head=head), variant=variant)
    by_hand = slopes(fast(small), trace.input, lambda z: z[head][3])
    assert list(cams) == list(by_hand)
    for module, (output, slope) in by_hand.items():
        if variant == "grad_cam":
            weight = slope.mean((1, 2), keepdim=True).expand_as(slope)
        else:
            weight = slope if variant == "hires_cam" else slope * (slope > 0)
        product = (weight * output).numpy()
        scale = float(np.abs(product.sum(0)).max())
        close(cams.raw(module), product.sum(0), 1e-4)
        for branch in branches(small, module):
            part = product[channels(small, module, branch)].sum(0)
            np.testing.assert_allclose(cams.raw(module, branch), part, rtol=0, atol=1e-4 * scale)
    assert cams.value == pytest.approx(float(trace.heads[head][3]))
    assert (cams.variant, cams.size, cams.target.head) == (variant, 64, head)


def test_variants_differ(small: iv.Classifier, trace: iv.Trace) -> None:
    maps = [
        iv.grad_cam(small, trace, 3, variant=variant).raw("4b")
        for variant in ("grad_cam", "hires_cam", "layer_cam")
    ]
    assert not np.allclose(maps[0], maps[1]) and not np.allclose(maps[1], maps[2])
    assert (maps[2] >= 0).all()  # positive slopes of activations behind their ReLU


def test_branches_add_up_exactly_to_their_module(small: iv.Classifier, trace: iv.Trace) -> None:
    for variant in ("grad_cam", "hires_cam", "layer_cam"):
        cams = iv.grad_cam(small, trace, 3, variant=variant)
        for module in cams:
            total = np.zeros_like(cams.raw(module))
            for branch in ("1x1", "3x3", "5x5", "pool"):
                total = total + cams.raw(module, branch)
            np.testing.assert_array_equal(cams.raw(module), total)


def test_a_class_against_another_is_the_difference_of_their_maps(
    small: iv.Classifier, trace: iv.Trace
) -> None:
    first, second = iv.grad_cam(small, trace, 1), iv.grad_cam(small, trace, 6)
    margin = iv.grad_cam(small, trace, iv.Target(1, against=6))
    for module in margin:
        close(margin.raw(module), first.raw(module) - second.raw(module), 1e-4)
    assert margin.value == pytest.approx(first.value - second.value, abs=1e-5)


def test_of_a_muted_trace(small: iv.Classifier, trace: iv.Trace) -> None:
    places = ["3a/pool", "4d/1x1", "5a"]
    cams = iv.grad_cam(small, iv.mute(small, trace, places[:2]), 2)
    by_hand = slopes(
        precise(small), trace.input, lambda z: z["main"][2], muting(small, *places[:2])
    )
    for module in ("3a", "3b", "4d", "5b"):
        output, slope = by_hand[module]
        close(cams.raw(module), (slope.mean((1, 2))[:, None, None] * output).sum(0).numpy(), 1e-4)
    assert not cams.raw("4d", "1x1").any() and cams.raw("4d", "3x3").any()
    silent = iv.grad_cam(small, iv.mute(small, trace, places), 2)
    assert not any(silent.raw(module).any() for module in ("3a", "4a", "4d", "5a"))


def test_is_a_mapping_of_what_the_head_sees(small: iv.Classifier, trace: iv.Trace) -> None:
    cams = iv.grad_cam(small, trace, iv.Target(0, head="aux2"))
    assert list(cams) == list(cams.keys()) == ["3a", "3b", "4a", "4b", "4c", "4d"]
    assert len(cams) == 6 and "4d" in cams and "4e" not in cams
    assert all(values.shape == (64, 64) and (values >= 0).all() for values in cams.values())
    with pytest.raises(KeyError):
        cams["5b"]
    with pytest.raises(iv.ExplainError, match=r"can't see module 5b; it sees 3a.*4d"):
        cams.raw("5b")
    with pytest.raises(iv.ExplainError, match="has no branch 7x7"):
        cams.raw("4a", "7x7")
    with pytest.raises(TypeError):
        cams.branches["4a"] = {}  # type: ignore[index]


def test_maps_of_modules_without_some_branches(odd: iv.Classifier) -> None:
    trace = odd.trace(blobs(1))
    cams = iv.grad_cam(odd, trace, 1)
    assert {m: list(parts) for m, parts in cams.branches.items()} == {
        "3a": ["1x1", "3x3", "5x5", "pool"],
        "4a": ["1x1", "3x3", "5x5", "pool"],
        "4b": ["1x1", "3x3", "pool"],
        "4c": ["3x3", "5x5"],
        "5a": ["1x1", "3x3", "5x5", "pool"],
    }
    by_hand = slopes(precise(odd), trace.input, lambda z: z["main"][1])
    for module, (output, slope) in by_hand.items():
        close(cams.raw(module), (slope.mean((1, 2))[:, None, None] * output).sum(0).numpy(), 1e-4)
    with pytest.raises(iv.ExplainError, match="no branch 5x5"):
        cams.raw("4b", "5x5")


def test_enlarged_before_and_after_relu_and_energy() -> None:
    parts = {"1x1": np.array([[2.0, -1.0], [0.5, 0.0]], np.float32), "3x3": -np.eye(2, dtype="f4")}
    cams = Cams({"5b": parts}, iv.Target(0), 1.0, "grad_cam", 8)  # type: ignore[dict-item]
    np.testing.assert_array_equal(cams.raw("5b"), [[1.0, -1.0], [0.5, -1.0]])
    assert cams.energy("5b") == 1.5 and cams.energy("5b", "3x3") == 0.0
    large, signed = cams["5b"], cams.at_input_size("5b", relu=False)
    assert large.min() == 0.0 and signed.min() == -1.0 and large.shape == (8, 8)
    # Corners lie beyond the outer cells' centres; a pixel between two centres mixes both.
    assert large[0, 0] == 1.0 and large[7, 0] == 0.5
    assert signed[0, 3] == pytest.approx(1 * 5 / 8 - 1 * 3 / 8)


def test_saved_maps_can_be_read_again(
    small: iv.Classifier, trace: iv.Trace, tmp_path: Path
) -> None:
    cams = iv.grad_cam(small, trace, 3)
    cams.save(tmp_path / "maps.npz")
    arrays = np.load(tmp_path / "maps.npz")
    assert len(arrays.files) == 9 + 36
    np.testing.assert_array_equal(arrays["4c"], cams["4c"])
    np.testing.assert_array_equal(arrays["4c/5x5"], cams.raw("4c", "5x5"))
    assert [path.name for path in tmp_path.iterdir()] == ["maps.npz"]


def test_a_file_that_cannot_be_written_is_reported(
    small: iv.Classifier, trace: iv.Trace, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a directory")
    with pytest.raises(iv.FileError, match="can't be written"):
        iv.grad_cam(small, trace, 3).save(tmp_path / "file" / "maps.npz")


def test_unknown_variant(lrn: iv.Classifier) -> None:
    trace = lrn.trace(blobs(0))
    with pytest.raises(
        iv.ExplainError, match='no variant "score_cam"; there are grad_cam, hires_cam'
    ):
        iv.grad_cam(lrn, trace, variant="score_cam")  # type: ignore[arg-type]


def test_default_target_is_the_first_choice(small: iv.Classifier, trace: iv.Trace) -> None:
    best = int(trace.logits.argmax())
    by_hand = iv.grad_cam(small, trace, best)
    np.testing.assert_array_equal(iv.grad_cam(small, trace)["5a"], by_hand["5a"])
    assert not torch.equal(
        torch.from_numpy(by_hand.raw("5a")),
        torch.from_numpy(iv.grad_cam(small, trace, (best + 1) % 7).raw("5a")),
    )


def test_two_targets_compared(small: iv.Classifier, trace: iv.Trace) -> None:
    """The difference of two classes' maps is their margin's map: Grad-CAM is linear in it."""
    first, second = (iv.grad_cam(small, trace, target) for target in (1, 4))
    margin = iv.grad_cam(small, trace, iv.Target(1, against=4))
    for module in margin:
        np.testing.assert_allclose(
            first.minus(second, module),
            margin.at_input_size(module, relu=False),
            rtol=1e-4,
            atol=1e-5,
        )
