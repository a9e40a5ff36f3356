"""The real sets come through one to one, with nothing invented and nothing dropped."""

import gzip
from pathlib import Path

import pytest

from techmarket.samples import real_sets

FIXTURES = Path(__file__).parent / "data"
OFFER = {
    "external_id",
    "title_zh",
    "title_en",
    "abstract_zh",
    "abstract_en",
    "keywords",
    "technology_field",
    "industry",
    "ipc",
    "trl",
    "mode",
    "licence_kind",
    "price_form",
    "price",
    "terms",
    "region",
    "rights",
    "expires_on",
    "sample",
}
DEMAND = {
    "external_id",
    "title_zh",
    "title_en",
    "problem_zh",
    "problem_en",
    "indicators",
    "keywords",
    "technology_field",
    "industry",
    "budget",
    "deadline",
    "region",
    "sample",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The fixture set in the layout of the data folder; packed here, so that the project holds plain text."""
    for path in FIXTURES.rglob("*.jsonl"):
        target = tmp_path / path.relative_to(FIXTURES)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.parent.name == "sbir":
            target.with_name(target.name + ".gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
        else:
            target.write_bytes(path.read_bytes())
    return tmp_path


def test_every_line_becomes_one_row_in_order(folder: Path) -> None:
    assert [row["external_id"] for row in real_sets.offers(folder)] == [
        "NASA-N9000",
        "NASA-N9001",
        None,
        "NASA-N9003",
        "SBIR-A-900001",
        "SBIR-A-900002",
        None,
    ]
    assert [row["external_id"] for row in real_sets.demands(folder)] == ["SBIR-T-T90000", "SBIR-T-T90001", None]
    assert [row["source_line"] for row in real_sets.offers(folder)] == [1, 2, 3, 4, 1, 2, 3]


def test_a_catalogue_entry_is_an_offer_without_invented_facts(folder: Path) -> None:
    assert next(real_sets.offers(folder)) == {
        "external_id": "NASA-N9000",
        "title_zh": None,
        "title_en": "Made-up orbit plotter",
        "abstract_zh": None,
        "abstract_en": "A made-up program that plots orbits, written for this test only.",
        "keywords": ["orbit", "plot"],
        "technology_field": None,
        "industry": None,
        "ipc": [],
        "trl": None,
        "mode": "licence",
        "licence_kind": None,
        "price_form": None,
        "price": None,
        "terms": None,
        "region": None,
        "country": "USA",
        "rights": [],
        "expires_on": None,
        "sample": False,
        "holder": "XYZ",
        "published_on": "2014-04-15",
        "url": "https://example.org/software/1",
        "offered_under": ["NASA Open Source"],
        "categories": ["Sample", "Open Source"],
        "source": "NASA Open Source Catalog",
        "licence": (
            "Public domain in the US (work of the US federal government); the software itself has its own licence"
        ),
        "source_line": 1,
    }


def test_an_award_keeps_its_firm_year_and_attribution(folder: Path) -> None:
    award = list(real_sets.offers(folder))[4]
    assert (award["holder"], award["year"], award["mode"]) == ("SAMPLE FIRM 1", 2013, None)
    assert award["categories"] == ["Sample Department", "Sample Office", "SBIR"]
    assert (award["source"], award["licence"]) == ("SBIR.gov", "US federal open data; attribution SBIR.gov")


def test_a_topic_is_a_demand_with_its_days_read(folder: Path) -> None:
    topic = next(real_sets.demands(folder))
    assert topic["problem_en"] == "A made-up problem about a fan, written for this test only."
    assert (topic["published_on"], topic["deadline"], topic["budget"]) == ("2017-01-02", "2017-03-30", None)
    assert (topic["region"], topic["country"], topic["sample"]) == (None, "USA", False)


def test_a_row_that_does_not_fit_is_handed_on_for_the_importer_to_refuse(folder: Path) -> None:
    offers, demands = list(real_sets.offers(folder)), list(real_sets.demands(folder))
    assert (offers[1]["title_en"], offers[1]["published_on"], offers[1]["keywords"]) == (None, None, [])
    assert (offers[2]["title_en"], offers[2]["unreadable"]) == (None, '{"id": "N9002", "title": "cut off')
    assert (len(offers[3]["title_en"]), len(offers[3]["abstract_en"])) == (501, 20001)
    assert (offers[5]["abstract_en"], offers[5]["categories"]) == (None, ["SBIR"])
    assert (demands[1]["title_en"], demands[1]["deadline"], demands[1]["published_on"]) == (None, None, None)
    assert (demands[2]["external_id"], demands[2]["unreadable"]) == (None, "[1, 2]")


def test_every_row_has_all_fields_of_its_shape(folder: Path) -> None:
    assert all(row.keys() >= OFFER for row in real_sets.offers(folder))
    assert all(row.keys() >= DEMAND for row in real_sets.demands(folder))


def test_a_bad_character_spoils_one_row_only(folder: Path) -> None:
    path = folder / real_sets.NASA
    path.write_bytes(b'{"id": "N1", "title": "bad \xff byte"}\n' + path.read_bytes())
    first, second, *_ = real_sets.offers(folder)
    assert (first["external_id"], first["title_en"]) == ("NASA-N1", "bad \ufffd byte")
    assert second["external_id"] == "NASA-N9000"


def test_an_absent_set_is_named_before_the_first_row(folder: Path) -> None:
    (folder / real_sets.AWARDS).unlink()
    with pytest.raises(FileNotFoundError, match=r"has no sbir/awards\.jsonl\.gz"):
        real_sets.offers(folder)
    (folder / real_sets.TOPICS).unlink()
    with pytest.raises(FileNotFoundError, match=r"has no sbir/topics\.jsonl\.gz"):
        real_sets.demands(folder)
