"""The one font that papers and stamps are set in (字体): Chinese and Latin, carried along, the same everywhere."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parents[1] / "fonts"
SANS = FOLDER / "NotoSansSC-Regular.ttf"
SANS_FAMILY = "Noto Sans SC"
