"""Plots as an SVG of our own: rates side by side, and which share of the values lies below which value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 720, 360, 60, 48, 40
COLOURS = ("#0b6b5d", "#9a5b00", "#5b6675", "#a11111")


def shares(title: str, unit: str, sides: Mapping[str, Sequence[tuple[float, int]]]) -> str:
    """`sides` gives how often each value came; the x axis ends at the highest 99.5th percentile."""
    lines = {name: _cumulated(values) for name, values in sides.items()}
    most = max((next(x for x, y in line if y >= 0.995) for line in lines.values()), default=1.0) or 1.0
    across, down = WIDTH - LEFT - 20, HEIGHT - BOTTOM - TOP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"',
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="22" font-size="15">{escape(title)}</text>',
    ]
    for share in (0, 0.5, 0.9, 0.99, 1):
        y = TOP + down * (1 - share)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - 20}" stroke="#dfe4ea"/>')
        if share != 0.99:
            parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{share:.0%}</text>')
    for n in range(6):
        x = LEFT + across * n / 5
        parts.append(f'<path d="M{x:.1f} {TOP}V{TOP + down}" stroke="#eef1f4"/>')
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 26}" text-anchor="middle">{most * n / 5:.0f}</text>')
    parts.append(f'<text x="{LEFT + across / 2}" y="{HEIGHT - 8}" text-anchor="middle">{escape(unit)}</text>')
    for n, (name, line) in enumerate(lines.items()):
        points = " ".join(
            f"{LEFT + across * min(x, most) / most:.1f},{TOP + down * (1 - y):.1f}" for x, y in line if x <= most * 1.02
        )
        colour = COLOURS[n % len(COLOURS)]
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(
            f'<text x="{WIDTH - 24}" y="{TOP + down - 12 - 18 * n}" text-anchor="end"'
            f' fill="{colour}">{escape(name)}</text>'
        )
    return "\n".join([*parts, "</svg>\n"])


def _cumulated(values: Sequence[tuple[float, int]]) -> list[tuple[float, float]]:
    whole = sum(count for _, count in values)
    line, so_far = [(0.0, 0.0)], 0
    for value, count in sorted(values):
        so_far += count
        line.append((value, so_far / whole))
    return line


def bars(title: str, sides: Mapping[str, float]) -> str:
    """One bar a side, from nought, with its value beside it."""
    step, left = 30, 150
    height = TOP + step * len(sides) + 10
    most = max(sides.values()) or 1.0
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"',
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="{left}" y="22" font-size="15">{escape(title)}</text>',
    ]
    for n, (name, value) in enumerate(sides.items()):
        y, wide = TOP + step * n, (WIDTH - left - 90) * value / most
        colour = COLOURS[0] if name.startswith(("ours", "whole")) else COLOURS[2]
        parts.append(f'<text x="{left - 8}" y="{y + 15}" text-anchor="end">{escape(name.replace("_", " "))}</text>')
        parts.append(f'<rect x="{left}" y="{y}" width="{wide:.1f}" height="20" fill="{colour}"/>')
        parts.append(f'<text x="{left + wide + 6:.1f}" y="{y + 15}">{value:,.0f}</text>')
    return "\n".join([*parts, "</svg>\n"])


def intervals(title: str, groups: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    """For each group one line a side, from nought to one: the interval (mean, low, high), and its mean as a dot."""
    step, gap, left = 18, 26, 190
    height = TOP + sum(gap + step * len(sides) for sides in groups.values()) + 10
    across = WIDTH - left - 70
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"',
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="{left}" y="22" font-size="15">{escape(title)}</text>',
    ]
    for share in (0, 0.25, 0.5, 0.75, 1):
        x = left + across * share
        parts.append(f'<path d="M{x:.1f} {TOP}V{height - 10}" stroke="#eef1f4"/>')
        parts.append(f'<text x="{x:.1f}" y="{TOP - 4}" text-anchor="middle" fill="#5b6675">{share}</text>')
    y = TOP
    for group, sides in groups.items():
        y += gap
        parts.append(f'<text x="8" y="{y - 8}" font-weight="bold">{escape(group.replace("_", " "))}</text>')
        for name, (mean, low, high) in sides.items():
            colour = COLOURS[0] if name.startswith("market") else COLOURS[2]
            first, last, dot = (left + across * value for value in (low, high, mean))
            parts.append(f'<text x="{left - 8}" y="{y + 4}" text-anchor="end">{escape(name)}</text>')
            parts.append(f'<path d="M{first:.1f} {y}H{last:.1f}" stroke="{colour}" stroke-width="3"/>')
            parts.append(f'<circle cx="{dot:.1f}" cy="{y}" r="4" fill="{colour}"/>')
            parts.append(f'<text x="{left + across + 10}" y="{y + 4}">{mean:.3f}</text>')
            y += step
    return "\n".join([*parts, "</svg>\n"])
