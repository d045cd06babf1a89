"""What all drawings of ribbons share: their style, and the SVG around them."""

from __future__ import annotations

from html import escape

_STYLE = """
svg.iv-flow { font-family: var(--st-font, system-ui, sans-serif); }
.iv-flow text { fill: var(--st-text-color, #1f2937); stroke: var(--st-background-color, #fff);
  stroke-width: 5px; stroke-opacity: .95; paint-order: stroke; stroke-linejoin: round;
  pointer-events: none; }
.iv-flow .for { fill-opacity: .72; stroke-opacity: 0; }
.iv-flow .against { fill-opacity: .2; stroke-width: 1.2; stroke-dasharray: 4 3; }
.iv-flow .joining { fill-opacity: .45; }
.iv-flow .joining.against { fill-opacity: .12; }
.iv-flow .ribbon { transition: opacity .12s; }
.iv-flow [data-go] { cursor: pointer; outline: none; }
.iv-flow .ribbon[data-go]:hover { fill-opacity: .95; }
.iv-flow [data-go]:hover .face, .iv-flow [data-go]:focus-visible .face {
  stroke: var(--st-text-color, #1f2937); stroke-width: 2.5; }
.iv-flow .below { fill-opacity: .3; stroke-width: 1.5; }
.iv-flow .chosen .face, .iv-flow .ribbon.chosen { stroke: var(--st-text-color, #1f2937);
  stroke-width: 2.5; stroke-opacity: 1; }
.iv-flow .line { stroke: var(--st-text-color, #1f2937); stroke-opacity: .3; fill: none; }
.iv-flow .panel { fill: var(--st-secondary-background-color, #f3f4f6); }
.iv-flow .panel + text, .iv-flow .panel + text + text { stroke: none; }
.iv-flow.tracing .ribbon:not(.near):not(.far) { opacity: .1; }
.iv-flow.tracing .far { opacity: .45; }
"""


def framed(body: str, width: float, height: float, words: str, layout: str = "one") -> str:
    """A drawing of ribbons as a whole SVG; ``words`` say what it shows."""
    return (
        f'<svg class="iv-flow iv-{layout}" xmlns="http://www.w3.org/2000/svg" '
        f'viewBox="0 0 {width:g} {height:g}" role="group" aria-label="{escape(words)}">'
        f"<style>{_STYLE}</style>{body}</svg>"
    )
