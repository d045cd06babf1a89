"""Tables as CSV that a spreadsheet shows and doesn't act on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

BYTE_ORDER_MARK = "\ufeff"  # tells Excel that it is UTF-8
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_text(frame: pd.DataFrame) -> str:
    """``frame`` as CSV without its index, in a form that Excel opens as it is.

    Labels come from files. One that a spreadsheet would take for a formula gets an apostrophe in
    front, which makes it text there; numbers stay numbers.
    """
    from pandas.api.types import is_numeric_dtype

    safe = frame.rename(columns=_as_text)
    for place, kind in enumerate(safe.dtypes):
        if not is_numeric_dtype(kind):
            safe.isetitem(place, [_as_text(value) for value in safe.iloc[:, place]])
    return BYTE_ORDER_MARK + str(safe.to_csv(index=False))


def _as_text(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
