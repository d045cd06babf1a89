from __future__ import annotations

import pytest

from inception_viz.architecture.paper import audit, audit_table


def test_every_printed_shape_and_depth_is_what_the_network_has() -> None:
    rows = audit()
    assert len(rows) == 17
    for row in rows:
        assert row.output == row.computed_output, row.name
        assert row.depth == row.computed_depth, row.name


def test_the_printed_column_adds_up_as_the_design_says() -> None:
    assert sum(row.paper_params or 0 for row in audit()) == pytest.approx(6797.7)


def test_differences_are_marked_and_explained() -> None:
    rows = {row.name: row for row in audit()}
    marked = {name for name, row in rows.items() if row.params_differ}
    assert marked == {
        "convolution", "inception (4c)", "inception (4d)", "inception (5a)", "inception (5b)",
    }  # fmt: skip
    assert {name for name, row in rows.items() if row.ops_differ} == {
        "convolution",
        "inception (5a)",
    }
    assert all(bool(row.remark) == (row.params_differ or row.ops_differ) for row in rows.values())
    assert rows["convolution"].params == pytest.approx(9408 / 1024)
    assert rows["convolution"].ops == pytest.approx(118.0, abs=0.05)


def test_the_printed_convolution_fits_a_split_kernel() -> None:
    """What its remark claims, by hand."""
    split = 2 * 7 * 3 * 64
    printed = {row.name: row for row in audit()}["convolution"]
    assert split / 1000 == pytest.approx(printed.paper_params, abs=0.05)
    assert split * 112**2 / 1e6 == pytest.approx(printed.paper_ops, abs=0.5)


def test_remarks_about_the_modules_hold() -> None:
    """Where the remark says that the printed columns fit each other, they do, and nowhere else."""
    sizes = {"4c": 14, "4d": 14, "5a": 7, "5b": 7}
    for row in audit():
        name = row.name.removeprefix("inception (").rstrip(")")
        if name not in sizes or row.paper_params is None or row.paper_ops is None:
            continue
        implied = row.paper_params * 1024 * sizes[name] ** 2 / 1e6
        fit = abs(implied - row.paper_ops) < 0.6
        assert fit == ("fit each other" in row.remark), name


def test_as_a_table() -> None:
    frame = audit_table()
    assert len(frame) == 17
    assert list(frame["#1×1"])[4] == "64"
