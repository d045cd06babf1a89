from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from inception_viz.files import csv_text, rows_text


@pytest.mark.parametrize("label", ["=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", '=HYPERLINK("x","y")'])
def test_a_label_is_no_formula(label: str) -> None:
    read = pd.read_csv(io.StringIO(csv_text(pd.DataFrame({"class": [label], label: [1.5]}))))
    assert read.loc[0, "class"] == f"'{label}"
    assert list(read.columns) == ["class", f"'{label}"]


def test_numbers_and_plain_text_stay_as_they_are() -> None:
    frame = pd.DataFrame(
        {
            "module": ["3a", "4c"],
            "score": np.array([-0.1, 0.1], np.float32),
            "channel": [-1, 2],
            "branch": ["pool", None],
        }
    )
    assert csv_text(frame) == "\ufeff" + frame.to_csv(index=False)
    assert "-0.1," in csv_text(frame)


def test_plain_rows_are_written_as_a_frame_is() -> None:
    columns = ["=class", "value"]
    rows = [("@SUM(A1)", np.float32(-0.1)), ("cat, tabby", 2.5), (None, float("nan"))]
    frame = pd.DataFrame(rows, columns=columns)
    frame["value"] = frame["value"].astype(np.float32)
    assert rows_text(columns, rows) == csv_text(frame)
