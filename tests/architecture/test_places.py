from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inception_viz.architecture import BRANCHES, Place, Widths

WIDTHS: Widths = {"4c": {"1x1": 128, "3x3": 256, "5x5": 64, "pool": 64}}


@given(
    st.builds(
        Place,
        st.from_regex(r"[3-9][a-z]{1,2}", fullmatch=True),
        st.sampled_from(BRANCHES),
        st.none() | st.integers(0, 999_999),
    )
)
def test_what_is_written_is_read_again(place: Place) -> None:
    assert Place.parse(str(place)) == place


@pytest.mark.parametrize(
    ("text", "place", "kind"),
    [
        ("4c", Place("4c"), "module"),
        ("4c/5x5", Place("4c", "5x5"), "branch"),
        ("4c/5x5:0", Place("4c", "5x5", 0), "channel"),
    ],
)
def test_three_kinds(text: str, place: Place, kind: str) -> None:
    assert Place.parse(text) == place
    assert (place.kind, place.stage) == (kind, "4")
    assert place.within(WIDTHS)


@pytest.mark.parametrize(
    "text",
    ["", "/", ":", "4c/", "4c:7", "4c/5x5:", "4c/5x5:-1", "4c/5x5:1234567", "4c/5x5:٣", "a/b/c"],
)
def test_other_texts_are_no_place(text: str) -> None:
    assert Place.parse(text) is None


@pytest.mark.parametrize("text", ["4d", "4c/7x7", "4c/5x5:64", "4d/5x5", "4c\n"])
def test_a_place_that_the_network_lacks(text: str) -> None:
    place = Place.parse(text)
    assert place is None or not place.within(WIDTHS)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [("4c", 0, 511), ("4c/1x1", 0, 127), ("4c/5x5", 384, 447), ("4c/5x5:7", 391, 391)],
)
def test_channels_of_the_modules_output(text: str, first: int, last: int) -> None:
    place = Place.parse(text)
    assert place is not None
    assert list(range(512))[place.channels(WIDTHS["4c"])] == list(range(first, last + 1))
