"""Save a figure as it is on the page: PNG or SVG, its numbers as CSV. All in the browser."""

from __future__ import annotations

from app.frontend import component

_take_home = component("take_home")


def show(figure: str, title: str, name: str, *, csv: str = "", picture: bool = True) -> None:
    """Offer to save the container whose key is ``figure``, under the file name ``name``.

    Args:
        figure: key of the container that holds it.
        title: what it shows.
        name: of the file, without its ending.
        csv: its numbers; "" for none.
        picture: whether there is anything to look at; False for a table alone.
    """
    _take_home(
        key=f"save_{figure}",
        width=150,
        data={"figure": figure, "title": title, "name": name, "csv": csv, "picture": picture},
    )
