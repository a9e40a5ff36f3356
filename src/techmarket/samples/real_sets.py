"""Public sets of real technologies and problems, read as offers and demands.

The rows keep what their source says and nothing more: a fact the source lacks is null, so no price, maturity or
right is ever invented. A line maps to a row, one to one, even where it does not fit: the importer refuses it with a
reason that a person can read, whereas a line dropped here would never be missed.
"""

import gzip
import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

NASA = "nasa_software_catalog/listings.jsonl"
AWARDS = "sbir/awards.jsonl.gz"
TOPICS = "sbir/topics.jsonl.gz"

COUNTRY = "USA"
NASA_ATTRIBUTION = {
    "source": "NASA Open Source Catalog",
    "licence": "Public domain in the US (work of the US federal government); the software itself has its own licence",
}
SBIR_ATTRIBUTION = {
    "source": "SBIR.gov",
    "licence": "US federal open data; attribution SBIR.gov",
}

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

Row = dict[str, Any]


def offers(folder: Path | str) -> Iterator[Row]:
    """Every real offer of the folder: the software catalogue first, then the research awards."""
    catalogue, awards = _present(folder, NASA), _present(folder, AWARDS)
    return _chain((catalogue, "NASA", _nasa_offer), (awards, "SBIR-A", _award_offer))


def demands(folder: Path | str) -> Iterator[Row]:
    """Every real demand of the folder: the problems that agencies published as research topics."""
    return _chain((_present(folder, TOPICS), "SBIR-T", _topic_demand))


def _present(folder: Path | str, name: str) -> Path:
    """A set that is absent is told at once, not at the first row."""
    path = Path(folder) / name
    if not path.is_file():
        raise FileNotFoundError(f"The data folder has no {name}: {path}")
    return path


def _chain(*sets: tuple[Path, str, Callable[[Row], Row]]) -> Iterator[Row]:
    for path, prefix, shape in sets:
        for line_number, line in _lines(path):
            yield _one(line, prefix, shape) | {"source_line": line_number}


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    # Bytes, and only "\n" ends a line: text mode would fail a whole set over one bad character.
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as lines:
        for line_number, line in enumerate(lines, start=1):
            if line.strip():
                yield line_number, line


def _one(line: bytes, prefix: str, shape: Callable[[Row], Row]) -> Row:
    text = line.decode("utf-8", errors="replace")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    readable = isinstance(found, dict)
    row = shape(found if readable else {})
    # Without an id of its own the row stays without: one made here would change when the set does.
    own = row.pop("own_id")
    row["external_id"] = f"{prefix}-{own}" if own else None
    if not readable:
        row["unreadable"] = text.strip()
    return row


def _nasa_offer(found: Row) -> Row:
    return _offer(
        found,
        abstract=found.get("description"),
        keywords=found.get("keywords"),
        mode="licence",
        holder=found.get("center"),
        published_on=_iso_day(found.get("updated")),
        url=found.get("url"),
        offered_under=_texts(found.get("license")),
        categories=_texts(found.get("categories")),
        attribution=NASA_ATTRIBUTION,
    )


def _award_offer(found: Row) -> Row:
    return _offer(
        found,
        abstract=found.get("abstract"),
        keywords=None,
        mode=None,
        holder=found.get("firm"),
        published_on=None,
        url=None,
        offered_under=[],
        categories=[text for text in (*_texts(found.get("agency")), _text(found.get("program"))) if text],
        attribution=SBIR_ATTRIBUTION,
    ) | {"year": found.get("year")}


def _offer(
    found: Row,
    *,
    abstract: Any,
    keywords: Any,
    mode: str | None,
    holder: Any,
    published_on: str | None,
    url: Any,
    offered_under: list[str],
    categories: list[str],
    attribution: dict[str, str],
) -> Row:
    return {
        "own_id": _text(found.get("id")),
        "title_zh": None,
        "title_en": _text(found.get("title")),
        "abstract_zh": None,
        "abstract_en": _text(abstract),
        "keywords": _texts(keywords),
        "technology_field": None,
        "industry": None,
        "ipc": [],
        "trl": None,
        "mode": mode,
        "licence_kind": None,
        "price_form": None,
        "price": None,
        "terms": None,
        "region": None,
        "country": COUNTRY,
        "rights": [],
        "expires_on": None,
        "sample": False,
        "holder": _text(holder),
        "published_on": published_on,
        "url": _text(url),
        "offered_under": offered_under,
        "categories": categories,
        **attribution,
    }


def _topic_demand(found: Row) -> Row:
    return {
        "own_id": _text(found.get("id")),
        "title_zh": None,
        "title_en": _text(found.get("title")),
        "problem_zh": None,
        "problem_en": _text(found.get("description")),
        "indicators": [],
        "keywords": [],
        "technology_field": None,
        "industry": None,
        "budget": None,
        "deadline": _american_day(found.get("close_date")),
        "region": None,
        "country": COUNTRY,
        "sample": False,
        "published_on": _american_day(found.get("release_date")),
        "url": _text(found.get("url")),
        "categories": [
            text
            for text in (*_texts(found.get("agency")), _text(found.get("program")), _text(found.get("phase")))
            if text
        ],
        **SBIR_ATTRIBUTION,
    }


def _text(value: Any) -> str | None:
    """The text as it stands, of whatever length; null where there is none."""
    return value if isinstance(value, str) and value.strip() else None


def _texts(value: Any) -> list[str]:
    return [text for text in value if _text(text)] if isinstance(value, list) else []


def _iso_day(value: Any) -> str | None:
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        return None


def _american_day(value: Any) -> str | None:
    """'March 30, 2017' as 2017-03-30; null for anything else."""
    # Month names by hand: strptime reads them in the locale of the machine.
    try:
        month, day, year = value.replace(",", "").split()
        return date(int(year), MONTHS.index(month) + 1, int(day)).isoformat()
    except (AttributeError, ValueError, OverflowError):
        return None
