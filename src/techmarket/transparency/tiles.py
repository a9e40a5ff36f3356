"""The tree cut into tiles of 256 hashes, as C2SP tlog-tiles serves it: what is public of a log of private entries.

A tile of level 0 holds leaf hashes; one of a higher level the roots of full tiles below. A tile that the log's end
cuts off is asked for by its width. There are no entry bundles: a bundle shows every entry whole, and most are not
for everyone (docs/decisions/0006-the-log-publishes-hashes.md).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

HEIGHT = 8
WIDTH = 1 << HEIGHT
LEVEL_MAX = 63
_INDEX = re.compile(r"((?:x[0-9]{3}/){0,6})([0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


@dataclass(frozen=True, slots=True)
class Tile:
    """`width` hashes of the given tile level, from the one at `index * 256` on."""

    level: int
    index: int
    width: int = WIDTH

    @classmethod
    def parse(cls, level: str, path: str) -> Tile | None:
        """The tile that an address names; None when it is not the one spelling of an address."""
        found = _INDEX.fullmatch(path)
        if found is None or not level.isascii() or not level.isdigit() or str(int(level[:3])) != level:
            return None
        index = int(found[1].replace("x", "").replace("/", "") + found[2])
        width = int(found[3] or WIDTH)
        tile = cls(int(level), index, width)
        is_partial = found[3] is not None
        if tile.level > LEVEL_MAX or is_partial is not (width < WIDTH) or tile.path != f"{level}/{path}":
            return None
        return tile

    @property
    def first(self) -> int:
        return self.index * WIDTH

    @property
    def path(self) -> str:
        """The address under `tile/`: the index in groups of three digits, all but the last marked with an x."""
        digits = f"{self.index:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[n : n + 3] for n in range(0, len(digits), 3)]
        whole = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        return f"{self.level}/{whole}" + ("" if self.width == WIDTH else f".p/{self.width}")

    def is_within(self, size: int) -> bool:
        """Whether a log of this size has all its hashes: each is the root of 256^level entries."""
        return self.first + self.width <= size >> (HEIGHT * self.level)


def tiles_of(size: int) -> list[Tile]:
    """Every tile of a log of this size, full ones and the partial ones at its end."""
    found = []
    for level in range(LEVEL_MAX + 1):
        hashes = size >> (HEIGHT * level)
        if hashes == 0:
            break
        found += [Tile(level, index) for index in range(hashes // WIDTH)]
        if hashes % WIDTH:
            found.append(Tile(level, hashes // WIDTH, hashes % WIDTH))
    return found
