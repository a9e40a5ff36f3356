"""Who gets what over royalty scenarios (分配图): stacked areas as an SVG of our own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape

from techmarket.kernel.money import Money

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 860, 460, 90, 210, 48, 56
UNIT = "#c3cad4"
COLOURS = ("#0b6b5d", "#3f9a8a", "#7fc3b4", "#9a5b00", "#c98f3d", "#e6c48d", "#4a5f9e", "#7f8fc4", "#a11111", "#d06a6a")
NAMED_MAX = len(COLOURS) - 1
"""So many lines have an area of their own; the others share the last one."""


def stacked(title: str, axis: str, at_minor: Sequence[int], parts: Mapping[str, Sequence[int]], *, unit: str) -> str:
    """`parts` gives what each has at each place of the axis, in fen, the lowest area first; `unit` is drawn grey."""
    shown = _gathered(parts, unit)
    tops = [sum(values[n] for values in shown.values()) for n in range(len(at_minor))]
    most, widest = max(tops, default=0) or 1, max(at_minor, default=0) or 1
    across, down = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x_of(minor: int) -> float:
        return LEFT + across * minor / widest

    def y_of(minor: int) -> float:
        return TOP + down * (1 - minor / most)

    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"',
        ' font-family="Noto Sans SC, sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="26" font-size="15">{escape(title)}</text>',
    ]
    below = [0] * len(at_minor)
    legend = []
    for n, (name, values) in enumerate(shown.items()):
        above = [low + value for low, value in zip(below, values, strict=True)]
        colour = UNIT if name == unit else COLOURS[(n - 1) % len(COLOURS)]
        forth = [f"{x_of(at):.1f},{y_of(minor):.1f}" for at, minor in zip(at_minor, above, strict=True)]
        back = [f"{x_of(at):.1f},{y_of(minor):.1f}" for at, minor in zip(at_minor, below, strict=True)]
        points = " ".join([*forth, *reversed(back)])
        drawn.append(f'<polygon points="{points}" fill="{colour}" stroke="#fff" stroke-width="0.6"/>')
        legend.append((name, colour, values[-1]))
        below = above
    drawn += _axes(axis, most, widest, x_of, y_of)
    for n, (name, colour, last) in enumerate(reversed(legend)):
        y, x = TOP + 8 + 22 * n, WIDTH - RIGHT + 14
        drawn.append(f'<rect x="{x}" y="{y}" width="12" height="12" fill="{colour}"/>')
        drawn.append(f'<text x="{x + 18}" y="{y + 10}">{escape(name)} · {Money(last).amount}</text>')
    return "\n".join([*drawn, "</svg>\n"])


def _gathered(parts: Mapping[str, Sequence[int]], unit: str) -> dict[str, list[int]]:
    """The unit below, then the lines in the order of the table; what is too many for the eye is one area."""
    lines = {name: list(values) for name, values in parts.items() if name != unit}
    shown = {unit: list(parts[unit])} if unit in parts else {}
    for n, (name, values) in enumerate(lines.items()):
        if n < NAMED_MAX or len(lines) == NAMED_MAX + 1:
            shown[name] = values
        else:
            rest = shown.setdefault("其余 others", [0] * len(values))
            shown["其余 others"] = [one + other for one, other in zip(rest, values, strict=True)]
    return shown


def _axes(axis: str, most: int, widest: int, x_of: Callable[[int], float], y_of: Callable[[int], float]) -> list[str]:
    drawn = []
    for minor in _ticks(most):
        drawn.append(f'<path d="M{LEFT} {y_of(minor):.1f}H{WIDTH - RIGHT}" stroke="#000" stroke-opacity=".12"/>')
        drawn.append(f'<text x="{LEFT - 8}" y="{y_of(minor) + 4:.1f}" text-anchor="end">{_short(minor)}</text>')
    drawn += [
        f'<text x="{x_of(along):.1f}" y="{HEIGHT - 34}" text-anchor="middle">{_short(along)}</text>'
        for along in _ticks(widest)
    ]
    middle = (LEFT + WIDTH - RIGHT) / 2
    return [*drawn, f'<text x="{middle:.1f}" y="{HEIGHT - 12}" text-anchor="middle">{escape(axis)}</text>']


def _ticks(most: int) -> range:
    """Round amounts from nought up, four to ten of them."""
    step = 100
    while most // step > 10:
        step = step * 5 // 2 if str(step)[0] == "2" else step * 2
    return range(0, most + 1, step)


def _short(minor: int) -> str:
    """Yuan as an axis says them: from ten thousand on in units of ten thousand (万)."""
    yuan = minor // 100
    return f"{yuan / 10_000:,g}万" if yuan >= 10_000 else f"{yuan:,}"
