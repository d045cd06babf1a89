"""What a head answers, as bars. HTML, with every label escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_ROW = (
    '<div style="display:grid;grid-template-columns:minmax(0,1fr) max-content;gap:.1rem .6rem;'
    'align-items:baseline;margin:.3rem 0 0;font-size:.92rem">'
    '<span style="overflow-wrap:anywhere{weight}">{label}</span>'
    '<span style="white-space:nowrap;font-variant-numeric:tabular-nums{weight}">{percent}</span>'
    '<span style="grid-column:1/3;height:6px;border-radius:3px;'
    'background:color-mix(in srgb,currentColor 14%,transparent)">'
    '<span style="display:block;height:6px;border-radius:3px;width:{width:.1f}%;'
    'background:{colour}"></span></span></div>'
)


def answer_bars(
    predictions: Sequence[tuple[str, float]], *, emphasised: str = "", colour: str = "#3B82C4"
) -> str:
    """One bar for each (label, probability); ``emphasised`` is the label in bold."""
    return "".join(
        _ROW.format(
            label=escape(label),
            percent=percent(probability),
            width=100 * probability,
            colour=colour,
            weight=";font-weight:600" if label == emphasised else "",
        )
        for label, probability in predictions
    )


def sigma(deviation: float) -> str:
    """ "+2.1σ", "−0.4σ", "0.0σ"."""
    tenths = round(deviation, 1)
    return f"{tenths:+.1f}σ".replace("-", "−") if tenths else "0.0σ"


def percent(share: float) -> str:
    """ "92 %"; a decimal near both ends, never 0 or 100 for what isn't, "–" for NaN.

    The space doesn't break: a line must not begin with the sign.
    """
    if share != share:
        return "–"
    fine = round(100 * share, 1)
    if 0 < share < 0.001:
        number = "<0.1"
    elif 0.999 < share < 1:
        number = ">99.9"
    else:
        number = f"{fine:.1f}" if fine < 10 or 99 < fine < 100 else f"{100 * share:.0f}"
    return f"{number}\N{NO-BREAK SPACE}%"
