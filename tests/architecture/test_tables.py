from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import inception_viz as iv
from inception_viz.architecture import (
    COLUMNS,
    GoogLeNetConfig,
    cell_errors,
    read_lines,
    rows_of,
    to_csv,
)

TITLES = "module;#1×1;#3×3 reduce;#3×3;#5×5 reduce;#5×5;pool proj"
ROW = dict(zip(COLUMNS, ("60", "90", "120", "12", "30", "30"), strict=True))


def cells(text: str) -> list[list[str]]:
    return [list(line.cells.values()) for line in read_lines(text)]


def test_a_table_goes_out_and_comes_back() -> None:
    config = GoogLeNetConfig.without_projection()
    found = read_lines(to_csv(config))
    assert [line.name for line in found] == list(config.modules)
    back = rows_of([[line.cells[c] for c in COLUMNS] for line in found], config.modules)  # type: ignore[index]
    assert back == list(config.modules.values())
    assert to_csv(config).startswith("\ufeff")  # or Excel takes × for another sign


@pytest.mark.parametrize(
    "text",
    [
        f"{TITLES}\r\n3a;60;90;120;12;30;30\r\n",
        f"\ufeffsep=;\r\n{TITLES}\r\n3a;60;90;120;12;30;30",
        f"{TITLES}\n3a;60;90;120;12;30;30".replace(";", "\t"),
        f"{TITLES}\n3a;60;90;120;12;30;30".replace(";", ","),
        f"{TITLES};params\n3a;60,0;90,0;120,0;12,0;30,0;30,0;17,5 K",
        "pool proj;5x5;5x5 reduce;depth;3x3;3x3 reduce;1x1;type\n"
        "30;30;12;2;120;90;60;inception (3a)",
        "f_1x1,f_3x3_r,f_3x3,f_5x5_r,f_5x5,f_pp,module\n60,90,120,12,30,30,3a",
        "\n".join(
            ";".join(f'"{cell}"' for cell in line.split(";"))
            for line in (TITLES, "3a;60;90;120;12;30;30")
        ),
    ],
)
def test_titles_in_any_order_and_dialect(text: str) -> None:
    (line,) = read_lines(text)
    assert (line.name, line.cells) == ("3a", ROW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "64\t96\t128\t16\t32\t32\n128\t128\t192\t32\t96\t",
            [["64", "96", "128", "16", "32", "32"], ["128", "128", "192", "32", "96", ""]],
        ),
        ("1,024", [["1024"]]),
        ("1.024", [["1024"]]),
        ("1 024\t1\N{NO-BREAK SPACE}024\t1'024", [["1024"] * 3]),
        ("128,0\n192,0\n208,0", [["128"], ["192"], ["208"]]),
        ("64,0;96,0;128,0", [["64", "96", "128"]]),
        ("64.0\t96.00", [["64", "96"]]),
        ("64.0\t1,000", [["64", "1000"]]),  # the point is the decimal sign here
        ("64,0\t1,000", [["64", "1"]]),  # and here the comma
        ("1,000\t64", [["1,000", "64"]]),  # nothing tells: asked about
        ("64,5\tmany", [["64,5", "many"]]),
        ("1,2,3,4,5,6", [["1", "2", "3", "4", "5", "6"]]),
        ("3a,1,2,3,4,5,6", [["1", "2", "3", "4", "5", "6"]]),
    ],
)
def test_numbers_as_people_write_them(text: str, expected: list[list[str]]) -> None:
    assert cells(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("64,0,96,0,128,0", "six cells, or three numbers"),
        ("64,96,128\n1,2,3", "where a cell ends"),
        ("1,2,3,4,5,6\n1,2,3", "where a cell ends"),
        (TITLES.replace(";#5×5;", ";") + "\n3a;1;2;3;4;5", "lacks #5×5"),
        (TITLES.replace("#5×5 reduce", "#3×3") + "\n3a;1;2;3;4;5;6", "lacks #5×5 reduce"),
        (f"{TITLES}\nconvolution;1;2;3;4;5;6", 'no module called "convolution"'),
    ],
)
def test_what_is_not_clear_is_asked_about(text: str, words: str) -> None:
    with pytest.raises(iv.ConfigError, match=words):
        read_lines(text)


def test_bad_cells_are_named() -> None:
    with pytest.raises(iv.ConfigError, match="Module 4c, column f_3x3: 'many' is not a count"):
        rows_of([["1", "2", "many", "4", "5", "6"]], ["4c"])
    with pytest.raises(iv.ConfigError, match="'1,000' could be 1000 or 1; type the number"):
        rows_of([["1,000", "2", "3", "4", "5", "6"]], ["4c"])


numbers = st.integers(0, 4096)


@given(st.lists(st.tuples(*[numbers] * 6), min_size=1, max_size=4), st.sampled_from("\t;,"))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_no_number_lands_in_another_column(rows: list[tuple[int, ...]], separator: str) -> None:
    """Whatever a spreadsheet would write, each number comes back to its place or is asked about."""
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows(rows)
    try:
        found = cells(out.getvalue())
    except iv.ConfigError:
        assert separator == ","
        return
    assert found == [[str(n) for n in row] for row in rows]


cell = st.one_of(
    st.sampled_from(["", "0", "1", "16", " 8 ", "-3", "x", "5000", "1e3", "²", "nothing would"]),
    st.text(max_size=12),
)


@given(st.tuples(cell, cell, cell, cell, cell, cell))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_a_row_has_a_wrong_cell_exactly_if_it_can_not_be_built(cells: tuple[str, ...]) -> None:
    found = cell_errors("3a", cells)
    assert set(found) <= set(COLUMNS)
    try:
        GoogLeNetConfig.paper(stage3=tuple(rows_of([cells], ["3a"])))
    except iv.ConfigError as error:
        assert error.row == "3a"
        assert not error.column or error.column in found
        assert str(error) in found.values()
    else:
        assert not found


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ("1 3 0 0 1 1", "f_3x3_r"),
        ("1 0 1 2 0 1", "f_5x5_r"),
        ("1 0 1 0 5000 1", "f_5x5"),
        ("1 0 1 0 1 -1", "f_pp"),
        ("1 nothing\N{NO-BREAK SPACE}would 1 0 1 1", "f_3x3_r"),
        ("0 0 0 0 0 0", "f_1x1"),
    ],
)
def test_the_wrong_cell_is_found_whatever_is_typed(cells: str, column: str) -> None:
    typed = [text.replace("\N{NO-BREAK SPACE}", " ") for text in cells.split(" ")]
    assert list(cell_errors("4c", typed)) == [column]
