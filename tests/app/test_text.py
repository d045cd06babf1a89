"""Text from files and links stays text."""

from __future__ import annotations

import re

import pytest

from app.widgets.messages import plain

JOINER = "\u2060"


def shown(text: str) -> str:
    """What Markdown leaves of escaped text, without invisible characters."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text).replace(JOINER, "")


@pytest.mark.parametrize(
    "text",
    [
        "![x](http://elsewhere.example/a.png)",
        "www.elsewhere.example",
        "WWW.elsewhere.example",
        "https://elsewhere.example",
        "a@elsewhere.example",
        ":material/home: :red[x] :cat:",
        "<script>alert(1)</script>",
        "&lt;b&gt;",
        "$x$ `y` ~z~ | **w**",
        "# x",
        "- x",
        "1. x",
        "one\n- two",
        "0:01:35, 1.5 (a) 3-4",
    ],
)
def test_it_reads_as_it_is(text: str) -> None:
    assert shown(plain(text)) == text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("www.elsewhere.example", r"www\."),
        ("https://elsewhere.example", r":\\?//"),
        ("mailto:a@elsewhere.example", r"@\w"),
        (":material/home:", r":material"),
    ],
)
def test_what_is_found_in_finished_text_is_broken_up(text: str, found: str) -> None:
    assert re.search(found, text)
    assert not re.search(found, plain(text))
