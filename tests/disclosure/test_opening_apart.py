"""A PDF that its owner uploads is opened in a process of its own: what harms that one is refused and harms no other."""

from __future__ import annotations

import io
import resource
import tempfile
import zlib
from typing import BinaryIO

import pikepdf
import pytest

from techmarket.db import apart
from techmarket.disclosure import errors
from techmarket.disclosure.watermark import pdf
from techmarket.disclosure.watermark.stamp import Bounds
from tests.disclosure.make import a_pdf

FLOOD = 700 * 2**20


def a_file(body: bytes) -> BinaryIO:
    file = tempfile.TemporaryFile()  # noqa: SIM115
    file.write(body)
    return file


def a_bomb() -> bytes:
    """Its pages lie in an object stream that unpacks to 700 MiB of blanks."""
    packer = zlib.compressobj(9)
    packed = [packer.compress(b"2 0 <</Type/Pages/Count 1/Kids[3 0 R]>>")]
    packed += [packer.compress(b" " * 2**20) for _ in range(FLOOD // 2**20)] + [packer.flush()]
    stream = b"".join(packed)
    out, places = io.BytesIO(), {}
    out.write(b"%PDF-1.5\n")
    for number, text in {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
        4: b"<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>stream\n" % len(stream) + stream + b"\nendstream",
    }.items():
        places[number] = out.tell()
        out.write(b"%d 0 obj\n" % number + text + b"\nendobj\n")
    places[5] = at = out.tell()
    rows = [(0, 0, 255), (1, places[1], 0), (2, 4, 0), *((1, places[n], 0) for n in (3, 4, 5))]
    table = b"".join(bytes([kind]) + place.to_bytes(4, "big") + bytes([index]) for kind, place, index in rows)
    out.write(b"5 0 obj\n<</Type/XRef/Size 6/W[1 4 1]/Root 1 0 R/Length %d>>stream\n" % len(table) + table)
    out.write(b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % at)
    return out.getvalue()


def encrypted() -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(a_pdf())) as document:
        document.save(out, encryption=pikepdf.Encryption(owner="o", user="u"))
    return out.getvalue()


def long_by_its_own_word() -> bytes:
    return a_pdf().replace(b"/Count 1", b"/Count 9")


@pytest.mark.parametrize(
    "body, refusal",
    [
        (a_bomb(), errors.DocumentBroken),  # without room for its pages the library finds none
        (encrypted(), errors.DocumentEncrypted),
        (b"%PDF-1.7 and nothing that follows", errors.DocumentBroken),
        (a_pdf((595, 842), (595, 842), (595, 842)), errors.DocumentTooLong),
        (long_by_its_own_word(), errors.DocumentTooLong),
    ],
    ids=["unpacks to a flood", "encrypted", "torn", "too many pages", "says it has too many"],
)
def test_a_document_that_cannot_be_stamped_is_refused_by_name(body: bytes, refusal: type[errors.Refusal]) -> None:
    with a_file(body) as file, pytest.raises(refusal):
        pdf.check(file, Bounds(pages_max=2))


def test_memory_stays_flat_while_a_bomb_is_looked_at() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with a_file(a_bomb()) as file, pytest.raises(errors.DocumentBroken):
        pdf.check(file, Bounds())
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024  # KiB


def test_a_document_that_takes_too_long_is_refused_as_too_heavy(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_much(*_: object, **__: object) -> bytes:
        raise apart.TooMuch

    monkeypatch.setattr(apart, "run", too_much)
    with a_file(a_pdf()) as file, pytest.raises(errors.DocumentTooHeavy):
        pdf.check(file, Bounds())


def test_a_document_within_the_bounds_is_taken_wherever_the_file_stands() -> None:
    with a_file(a_pdf((595, 842), (842, 595))) as file:
        pdf.check(file, Bounds(pages_max=2))
        assert file.seek(0) == 0
