from __future__ import annotations

import copy
import warnings

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import inception_viz as iv
from inception_viz.explain import PIXEL_METHODS, PixelMethod
from tests.explain.whole_network import blobs, fast, muting, precise, rerun


@pytest.fixture(scope="module")
def seen(lrn: iv.Classifier) -> iv.Trace:
    return lrn.trace(blobs(0))


def test_occlusion_equals_a_loop_over_windows(small: iv.Classifier, trace: iv.Trace) -> None:
    network, x = precise(small), trace.input.double()
    full = float(network(x).main[0, 4])
    total, covered = np.zeros((64, 64)), np.zeros((64, 64))
    starts = [*range(0, 64 - 9, 4), 56]  # 9 pixels wide, every 4; the last is cut by the edge
    for top in starts:
        rows = []
        for left in starts:
            occluded = x.clone()
            occluded[..., top : top + 9, left : left + 9] = 0
            rows.append(occluded)
        values = network(torch.cat(rows)).main[:, 4].tolist()
        for left, value in zip(starts, values, strict=True):
            total[top : top + 9, left : left + 9] += full - value
            covered[top : top + 9, left : left + 9] += 1
    found = iv.pixel_map(small, trace, 4, "occlusion").values
    expected = total / covered
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3 * np.abs(expected).max())


def test_occlusion_of_a_muted_trace_and_a_head(small: iv.Classifier, trace: iv.Trace) -> None:
    places = ["3b/1x1", "4a/pool:1"]
    muted = iv.mute(small, trace, places)
    target = iv.Target(2, against=5, head="aux2")
    found = iv.pixel_map(small, muted, target, "occlusion").values
    network, changes = precise(small), muting(small, *places)

    def value(x: Tensor) -> float:
        z = rerun(network, x, changes).heads["aux2"]
        return float(z[2] - z[5])

    occluded = trace.input.clone()
    occluded[..., :9, :9] = 0  # the corner's pixels lie in the first window alone
    expected = value(trace.input) - value(occluded)
    assert expected == pytest.approx(found[0, 0], rel=1e-3, abs=1e-5) and expected != 0


@pytest.mark.parametrize(("steps", "tolerance"), [(32, 0.1), (300, 0.02)])
def test_integrated_gradients_add_up_to_the_answers_way_from_grey(
    lrn: iv.Classifier, monkeypatch: pytest.MonkeyPatch, steps: int, tolerance: float
) -> None:
    monkeypatch.setattr("inception_viz.explain.pixels.IG_STEPS", steps)
    trace = lrn.trace(blobs(3))
    found = iv.pixel_map(lrn, trace, 4, "integrated_gradients")
    grey = float(precise(lrn)(torch.zeros_like(trace.input).double()).main[0, 4])
    way = float(trace.logits[4]) - grey
    assert abs(way) > 0.5
    assert found.values.sum() == pytest.approx(way, rel=tolerance)


def test_integrated_gradients_follow_the_mean_slope_along_the_way(lrn: iv.Classifier) -> None:
    trace = lrn.trace(blobs(3))
    network = fast(lrn)
    places, weights = np.polynomial.legendre.leggauss(32)
    x = torch.cat([trace.input * share for share in (places + 1) / 2]).float().requires_grad_()
    (slopes,) = torch.autograd.grad(network(x).main[:, 4].sum(), x)
    mean = (slopes * torch.from_numpy(weights / 2).float()[:, None, None, None]).sum(0)
    expected = (mean * trace.input[0]).sum(0).numpy()
    found = iv.pixel_map(lrn, trace, 4, "integrated_gradients").values
    np.testing.assert_allclose(found, expected, rtol=0, atol=0.02 * np.abs(expected).max())


class PositiveOnly(torch.autograd.Function):
    @staticmethod
    def forward(_context: object, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(_context: object, slope: Tensor) -> Tensor:
        return slope.clamp(min=0)


class GuidedReLU(nn.Module):
    """ReLU whose backward pass lets only positive signals through."""

    def forward(self, x: Tensor) -> Tensor:
        return PositiveOnly.apply(torch.relu(x))  # type: ignore[no-any-return,no-untyped-call]


def guided(network: nn.Module) -> None:
    for name, child in network.named_children():
        if isinstance(child, nn.ReLU):
            setattr(network, name, GuidedReLU())
        else:
            guided(child)


@pytest.mark.parametrize("module", ["5b", "4b", "3a"])
def test_guided_grad_cam_is_guided_backpropagation_times_the_modules_map(
    small: iv.Classifier, trace: iv.Trace, module: str
) -> None:
    network = fast(small)
    guided(network)
    x = trace.input.clone().requires_grad_()
    (backward,) = torch.autograd.grad(network(x).main[0, 4], x)
    cam = iv.grad_cam(small, trace, 4)[module]
    expected = backward[0].sum(0).numpy() * cam
    found = iv.pixel_map(small, trace, 4, "guided_grad_cam", module=module)
    assert (found.module, found.values.shape) == (module, (64, 64))
    assert expected.any() or not cam.any()
    np.testing.assert_allclose(
        found.values, expected, rtol=0, atol=1e-3 * max(np.abs(expected).max(), 1e-6)
    )


def test_guided_grad_cam_takes_the_last_module_that_the_head_sees(
    lrn: iv.Classifier, seen: iv.Trace
) -> None:
    assert iv.pixel_map(lrn, seen, 0, "guided_grad_cam").module == "5b"
    found = iv.pixel_map(lrn, seen, iv.Target(0, head="aux1"), "guided_grad_cam")
    assert found.module == "4a"


@pytest.mark.parametrize("method", PIXEL_METHODS)
def test_says_what_it_is_about(lrn: iv.Classifier, seen: iv.Trace, method: PixelMethod) -> None:
    found = iv.pixel_map(lrn, seen, iv.Target(1, head="aux2"), method)
    assert (found.target, found.method) == (iv.Target(1, head="aux2"), method)
    assert found.values.shape == (64, 64) and found.values.dtype == np.float32
    assert found.values.any() and np.isfinite(found.values).all()
    assert bool(found.module) == (method == "guided_grad_cam")


@pytest.mark.parametrize("method", PIXEL_METHODS)
def test_progress_rises_to_one_and_may_stop_the_work(
    lrn: iv.Classifier, seen: iv.Trace, method: PixelMethod
) -> None:
    shares: list[float] = []
    iv.pixel_map(lrn, seen, 1, method, progress=shares.append)
    assert len(shares) >= 3 and shares[0] == 0 and shares[-1] == 1
    assert shares == sorted(shares)

    class StopError(Exception):
        pass

    def stop(share: float) -> None:
        if share > 0.2:
            raise StopError

    with pytest.raises(StopError):
        iv.pixel_map(lrn, seen, 1, method, progress=stop)


def test_what_does_not_exist_is_refused(
    lrn: iv.Classifier, batch: iv.Classifier, seen: iv.Trace
) -> None:
    with pytest.raises(iv.ExplainError, match='no method "smoothgrad"; there are occlusion'):
        iv.pixel_map(lrn, seen, 1, "smoothgrad")  # type: ignore[arg-type]
    with pytest.raises(iv.ExplainError, match="can't see module 9z; it sees 3a"):
        iv.pixel_map(lrn, seen, 1, "guided_grad_cam", module="9z")
    with pytest.raises(iv.ExplainError, match="can't see module 5b; it sees 3a, 3b, 4a"):
        iv.pixel_map(lrn, seen, iv.Target(0, head="aux1"), "guided_grad_cam", module="5b")
    with pytest.raises(iv.ExplainError, match="made by another model"):
        iv.pixel_map(batch, seen, 1)


@pytest.mark.parametrize("method", PIXEL_METHODS)
def test_other_threads_warnings_are_left_alone(
    lrn: iv.Classifier, seen: iv.Trace, method: PixelMethod
) -> None:
    before, meanwhile = list(warnings.filters), []
    iv.pixel_map(lrn, seen, 1, method, progress=lambda _: meanwhile.append([*warnings.filters]))
    assert meanwhile and all(filters == before for filters in meanwhile)


def test_traces_input_stays_as_it_was(lrn: iv.Classifier) -> None:
    trace = lrn.trace(blobs(0))
    before = copy.deepcopy(trace.input)
    for method in PIXEL_METHODS:
        iv.pixel_map(lrn, trace, 1, method)
    assert torch.equal(trace.input, before)
    assert not trace.input.requires_grad and trace.input.grad is None


def test_a_scale_that_leaves_out_the_extremes() -> None:
    from inception_viz.explain import PixelMap

    values = np.full((20, 20), 0.25, np.float32)
    values[0, 0] = -40.0
    found = PixelMap(values, iv.Target(0), "occlusion")
    assert found.strong == 0.25
    assert found.total == pytest.approx(0.25 * 399 - 40)
    assert PixelMap(np.zeros((4, 4)), iv.Target(0), "occlusion").strong == 1.0
