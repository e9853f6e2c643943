"""Small pictures for the report, as inline SVG that a screen reader and a printer can use.

Each function returns one `<svg>` with a title and a description. Colours come from the
page's style sheet by class, so that one picture serves light, dark and print. Elements
are made by `xml.etree`, which escapes whatever a label holds. The report puts a table
with the same figures beside each picture.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

# Drawn for the width of a phone, so that words stay readable when nothing is scaled down.
WIDTH = 350
_PAD = 6
_ROW = 40
_BAR_TOP, _BAR_HEIGHT = 20, 9
_AXIS = 26
_HISTOGRAM_BINS = 20
_PAST_LAST_MARK = 1.5
_PLOT_HEIGHT = 220
_LEFT, _TOP, _BOTTOM = 44, 22, 40


@dataclass(frozen=True)
class Bar:
    """One share with its interval: the figures from 0 to 1, and how they are written."""

    label: str
    value: float
    low: float
    high: float
    written: str
    bound: float | None = None
    bad: bool = False


@dataclass(frozen=True)
class Point:
    """One setting on a trade-off curve."""

    threshold: float
    recall: float
    false_alarms: float
    chosen: bool = False


def interval_bars(key: str, title: str, description: str, bars: Sequence[Bar]) -> str:
    """Draw shares as bars with whiskers for their intervals, and a tick where a gate stands.

    Args:
        key: Unique on the page; the ids of title and description are made from it.
        title: What the picture shows.
        description: The same in words, for those who do not see it.
        bars: Rows, from top to bottom.
    """
    height = _ROW * len(bars) + _AXIS
    svg = _picture(key, title, description, height)
    _share_grid(svg, height - _AXIS)
    for row, bar in enumerate(bars):
        _bar_row(svg, bar, row * _ROW)
    return _written(svg)


def trade_off(key: str, title: str, description: str, points: Sequence[Point], axes: tuple[str, str]) -> str:
    """Draw recall against false alarms, one point for each threshold; `axes` names x and y."""
    height = _PLOT_HEIGHT + _BOTTOM
    svg = _picture(key, title, description, height)
    x_top = _nice_top(max((point.false_alarms for point in points), default=1.0))
    y_floor = _nice_floor(min((point.recall for point in points), default=0.0))

    def place(point: Point) -> tuple[float, float]:
        x = _LEFT + (WIDTH - _LEFT - _PAD * 2) * point.false_alarms / x_top
        return x, _TOP + (_PLOT_HEIGHT - _TOP) * (1 - (point.recall - y_floor) / (1 - y_floor))

    _frame(svg, axes, (0.0, x_top), (y_floor, 1.0))
    ordered = sorted(points, key=lambda point: (point.false_alarms, point.recall))
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(place, ordered))
    ElementTree.SubElement(svg, "polyline", {"points": path, "class": "curve"})
    for point in ordered:
        x, y = place(point)
        _circle(svg, x, y, 6.0 if point.chosen else 3.0, "chosen" if point.chosen else "dot")
    return _written(svg)


def histogram(key: str, title: str, description: str, values: Sequence[float], marks: Mapping[str, float]) -> str:
    """Draw how often each length of time occurs, in milliseconds, with named marks such as the median.

    The scale ends well after the last mark, so that one slow reply does not flatten all others; what is
    longer counts in the last bar.
    """
    height = _PLOT_HEIGHT // 2 + _BOTTOM
    svg = _picture(key, title, description, height)
    base = _PLOT_HEIGHT // 2
    longest = max((*values, 1.0))
    top = _nice_top(min(longest, max((*marks.values(), 1.0)) * _PAST_LAST_MARK))
    counts = [0] * _HISTOGRAM_BINS
    for value in values:
        counts[min(int(value / top * _HISTOGRAM_BINS), _HISTOGRAM_BINS - 1)] += 1
    step = (WIDTH - 2 * _PAD) / _HISTOGRAM_BINS
    for number, count in enumerate(counts):
        tall = (base - 34) * count / max(counts)
        _rectangle(svg, (_PAD + number * step, base - tall), (step - 1, tall), "bar")
    for row, (name, value) in enumerate(marks.items()):
        x = _PAD + (WIDTH - 2 * _PAD) * value / top
        _line(svg, (x, 14 + row * 14), (x, base), "bound")
        anchor = "start" if x < WIDTH / 2 else "end"
        _text(svg, x + (4 if anchor == "start" else -4), 12 + row * 14, f"{name} {value:,.0f} ms", anchor, "small")
    _line(svg, (_PAD, base), (WIDTH - _PAD, base), "axis")
    more = " or more" if longest > top else ""
    for part, anchor, tail in ((0.0, "start", ""), (0.5, "middle", ""), (1.0, "end", more)):
        _text(svg, _PAD + (WIDTH - 2 * _PAD) * part, base + 16, f"{top * part:,.0f} ms{tail}", anchor, "small")
    return _written(svg)


def _picture(key: str, title: str, description: str, height: int) -> ElementTree.Element:
    names = f"{key}-title {key}-desc"
    svg = ElementTree.Element(
        "svg", {"viewBox": f"0 0 {WIDTH} {height}", "role": "img", "aria-labelledby": names, "class": "plot"}
    )
    ElementTree.SubElement(svg, "title", {"id": f"{key}-title"}).text = title
    ElementTree.SubElement(svg, "desc", {"id": f"{key}-desc"}).text = description
    return svg


def _written(svg: ElementTree.Element) -> str:
    return ElementTree.tostring(svg, encoding="unicode")


def _share_grid(svg: ElementTree.Element, bottom: int) -> None:
    """Draw the scale from 0 to 100 %; it is never cut, so that lengths can be compared."""
    for part, anchor in ((0.0, "start"), (0.25, "middle"), (0.5, "middle"), (0.75, "middle"), (1.0, "end")):
        x = _share_x(part)
        _line(svg, (x, 0), (x, bottom), "grid")
        _text(svg, x, bottom + 16, f"{part:.0%}", anchor, "small")


def _share_x(share: float) -> float:
    return _PAD + (WIDTH - 2 * _PAD) * min(max(share, 0.0), 1.0)


def _bar_row(svg: ElementTree.Element, bar: Bar, top: int) -> None:
    middle = top + _BAR_TOP + _BAR_HEIGHT / 2
    written = bar.written
    _text(svg, _PAD, top + 14, _shortened(bar.label, 46 - len(written)), "start", "label", full=bar.label)
    _text(svg, WIDTH - _PAD, top + 14, written, "end", "label")
    _rectangle(svg, (_PAD, top + _BAR_TOP), (WIDTH - 2 * _PAD, _BAR_HEIGHT), "track")
    _rectangle(svg, (_PAD, top + _BAR_TOP), (_share_x(bar.value) - _PAD, _BAR_HEIGHT), "bar bad" if bar.bad else "bar")
    low, high = _share_x(bar.low), _share_x(bar.high)
    _line(svg, (low, middle), (high, middle), "whisker")
    for x in (low, high):
        _line(svg, (x, middle - 5), (x, middle + 5), "whisker")
    if bar.bound is not None:
        x = _share_x(bar.bound)
        _line(svg, (x, top + _BAR_TOP - 4), (x, top + _BAR_TOP + _BAR_HEIGHT + 4), "bound")


def _frame(svg: ElementTree.Element, axes: tuple[str, str], x: tuple[float, float], y: tuple[float, float]) -> None:
    """Draw both axes of a curve with their ends and names."""
    left, bottom = _LEFT, _PLOT_HEIGHT
    for part in (0.0, 0.5, 1.0):
        at = _TOP + (bottom - _TOP) * (1 - part)
        _line(svg, (left, at), (WIDTH - _PAD * 2, at), "grid")
        _text(svg, left - 5, at + 4, _percent(y[0] + (y[1] - y[0]) * part), "end", "small")
        across = left + (WIDTH - left - _PAD * 2) * part
        _text(
            svg, across, bottom + 16, _percent(x[0] + (x[1] - x[0]) * part), "end" if part == 1 else "middle", "small"
        )
    _line(svg, (left, bottom), (WIDTH - _PAD * 2, bottom), "axis")
    _line(svg, (left, _TOP), (left, bottom), "axis")
    _text(svg, WIDTH - _PAD * 2, bottom + 33, axes[0], "end", "small")
    _text(svg, _PAD, 12, axes[1], "start", "small")


def _percent(share: float) -> str:
    return f"{share * 100:.3g}%"


def _nice_top(value: float) -> float:
    """Return the next of 1, 2, 2.5 and 5 times a power of ten."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= value * 0.999999)


def _nice_floor(lowest: float) -> float:
    """Return where the recall axis begins: a tenth below the lowest point, so that nothing stands on the axis."""
    return max(0.0, math.floor(lowest * 10 - 0.5) / 10)


def _shortened(label: str, room: int) -> str:
    return label if len(label) <= room else label[: max(room - 1, 8)].rstrip() + "…"


def _line(svg: ElementTree.Element, start: tuple[float, float], end: tuple[float, float], kind: str) -> None:
    names = ("x1", "y1", "x2", "y2")
    values = {name: f"{value:.1f}" for name, value in zip(names, (*start, *end), strict=True)}
    ElementTree.SubElement(svg, "line", {**values, "class": kind})


def _rectangle(svg: ElementTree.Element, corner: tuple[float, float], size: tuple[float, float], kind: str) -> None:
    names = ("x", "y", "width", "height")
    values = {name: f"{max(value, 0):.1f}" for name, value in zip(names, (*corner, *size), strict=True)}
    ElementTree.SubElement(svg, "rect", {**values, "class": kind})


def _circle(svg: ElementTree.Element, x: float, y: float, radius: float, kind: str) -> None:
    ElementTree.SubElement(svg, "circle", {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": f"{radius:g}", "class": kind})


def _text(
    svg: ElementTree.Element, x: float, y: float, words: str, anchor: str, kind: str, *, full: str | None = None
) -> None:
    element = ElementTree.SubElement(svg, "text", {"x": f"{x:.1f}", "y": f"{y:.1f}", "class": f"{kind} {anchor}"})
    element.text = words
    if full is not None and full != words:
        ElementTree.SubElement(element, "title").text = full
