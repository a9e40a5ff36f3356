"""Pages for people (排版): a template and what it is to say become a PDF, the same bytes for the same content."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

import typst

from techmarket.kernel.fonts import FOLDER

Form = Literal["pdf", "png", "svg"]


def typeset(template: bytes, stated: Mapping[str, Any], form: Form = "pdf") -> Any:
    """The template reads `stated` as JSON. As `png` or `svg` it is a page, or a list of pages, to look at."""
    said = json.dumps(stated, ensure_ascii=False)
    return typst.compile(template, font_paths=_fonts(), format=form, sys_inputs={"stated": said})


@cache
def _fonts() -> typst.Fonts:
    """The one font that is carried along; what a machine has installed changes no page."""
    return typst.Fonts(include_system_fonts=False, font_paths=[str(FOLDER)])
