"""Lines of a table of what was measured, and whether the claims about it hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line: what, the figures behind it, the value, and a claim about it, such as "≤ 1.6"."""

    what: str
    figures: str
    value: float
    claim: str = ""
    unit: str = ""

    @property
    def holds(self) -> bool:
        """Whether the claim does."""
        sign, _, bound = self.claim.partition(" ")
        if not sign:
            return True
        return self.value <= float(bound) if sign == "≤" else self.value >= float(bound)

    @property
    def line(self) -> str:
        """As a line of the table."""
        mark = ("pass" if self.holds else "FALLS SHORT") if self.claim else ""
        value = f"{self.value:8.2f}{self.unit and ' '}{self.unit:1}"
        return f"{self.what:50} {self.figures:30} {value:10}  {self.claim:7} {mark}".rstrip()


def show(rows: Sequence[Row]) -> int:
    """Print the table; how many claims fall short."""
    print(f"{'':50} {'measured':30} {'value':>8}    claim")
    print("\n".join(row.line for row in rows))
    short = sum(not row.holds for row in rows)
    print(f"{short} of {sum(bool(row.claim) for row in rows)} claims fall short.")
    return short
