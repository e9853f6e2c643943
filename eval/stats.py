"""Shares with their 95 % Wilson intervals, and the tables they are printed in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table

_Z95 = 1.959964


@dataclass(frozen=True)
class Share:
    """How many of a group did what was expected."""

    name: str
    good: int
    total: int

    @property
    def value(self) -> float:
        """The share, 0 to 1; 0 for an empty group."""
        return self.good / self.total if self.total else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % Wilson score interval (Wilson 1927); (0, 1) for an empty group."""
        if not self.total:
            return 0.0, 1.0
        n, p, z = self.total, self.value, _Z95
        centre = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return max(0.0, centre - half), min(1.0, centre + half)


def share(name: str, outcomes: Sequence[bool]) -> Share:
    """Count outcomes."""
    return Share(name, sum(outcomes), len(outcomes))


def share_table(title: str, shares: Sequence[Share]) -> Table:
    """Return a table of shares with intervals."""
    table = Table(title=title, title_justify="left")
    for column in ("measure", "share", "95 % interval", "of"):
        table.add_column(column, justify="left" if column == "measure" else "right")
    for item in shares:
        low, high = item.interval
        table.add_row(item.name, f"{item.value:.3f}", f"{low:.3f}-{high:.3f}", f"{item.good}/{item.total}")
    return table
