from __future__ import annotations

import numpy as np
import pytest

import inception_viz as iv
from inception_viz import firing
from inception_viz.explain import measure_reference
from inception_viz.sources import Reference
from tests.conftest import noise_photo


def test_figures_follow_their_definitions(tiny: iv.Classifier) -> None:
    trace = tiny.trace(noise_photo(0))
    result = firing(trace)
    assert len(result.branches) == 36
    for found in result.branches:
        maps = trace.branches[found.module][found.branch].numpy().astype(np.float64)
        whole = trace.modules[found.module].numpy().astype(np.float64)
        assert found.channels == maps.shape[0]
        assert found.mean == pytest.approx(maps.mean())
        assert found.total == pytest.approx(maps.sum())
        assert found.energy_share == pytest.approx((maps**2).sum() / (whole**2).sum())
        assert found.deviation is None
    assert result.most_unusual() is None
    assert result.get("4c", "5x5") is not None and result.get("4z", "5x5") is None


def test_deviation_counts_standard_deviations(tiny: iv.Classifier) -> None:
    traces = [tiny.trace(noise_photo(seed)) for seed in range(5)]
    reference = measure_reference(iter(traces), "noise")
    assert reference.photos == 5
    means = [float(t.branches["4c"]["5x5"].mean()) for t in traces]
    found = firing(traces[0], reference).get("4c", "5x5")
    assert found is not None and found.deviation is not None
    expected = (means[0] - np.mean(means)) / np.std(means, ddof=1)
    assert found.deviation == pytest.approx(expected, rel=1e-2)
    unusual = firing(traces[0], reference).most_unusual()
    assert unusual is not None


def test_reference_round_trip_and_gaps(tiny: iv.Classifier) -> None:
    reference = measure_reference([tiny.trace(noise_photo(s)) for s in range(3)], "noise")
    assert Reference.from_json(reference.to_json()) == reference
    partial = Reference({"3a": {"1x1": 1.0}}, {"3a": {"1x1": 0.0}}, 3, "little")
    result = firing(tiny.trace(noise_photo(0)), partial)
    assert all(b.deviation is None for b in result.branches)  # unknown, or no spread to count in
    with pytest.raises(ValueError, match="two pictures"):
        measure_reference([tiny.trace(noise_photo(0))], "one")


def test_table_has_a_row_a_branch(tiny: iv.Classifier) -> None:
    table = firing(tiny.trace(noise_photo(0))).to_frame()
    assert list(table.columns[:3]) == ["module", "branch", "channels"]
    assert len(table) == 36
