"""Pages for people (排版): a template and what it is to say become a PDF, the same bytes for the same content."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from techmarket.kernel.fonts import FOLDER

if TYPE_CHECKING:
    import typst

Form = Literal["pdf", "png", "svg"]


def typeset(
    template: bytes,
    stated: Mapping[str, Any],
    form: Form = "pdf",
    *,
    ppi: float | None = None,  # of a picture, never of money
) -> Any:
    """The template reads `stated` as JSON: what somebody calls himself is never read as markup.

    As `png` or `svg` it is a page, or a list of pages, to look at, `ppi` pixels an inch (144 if not said).
    """
    import typst  # loaded with the first page: a process that typesets nothing need not hold a compiler

    said = json.dumps(stated, ensure_ascii=False)
    return typst.compile(template, font_paths=_fonts(), format=form, ppi=ppi, sys_inputs={"stated": said})


@cache
def _fonts() -> typst.Fonts:
    """The one font that is carried along; what a machine has installed changes no page."""
    import typst

    return typst.Fonts(include_system_fonts=False, font_paths=[str(FOLDER)])
