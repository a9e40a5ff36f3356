"""Archives are looked into before they are kept: bombs, traps and liars are refused, honest ones pass."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import Any

import pytest

from techmarket.db import media
from techmarket.db.archives import ArchiveLimits, ArchiveRefused, check_archive


def zipped(members: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, body in members.items():
            archive.writestr(zipfile.ZipInfo(name), body, compress_type=method)
    return file.getvalue()


def named(name: str) -> bytes:
    return zipped({"placeholder": b"sample"}).replace(b"placeholder", name.encode().ljust(11, b"_")[:11])


def linked() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return file.getvalue()


def encrypted() -> bytes:
    body = bytearray(zipped({"a": b"sample"}))
    body[6] |= 1
    body[body.index(b"PK\x01\x02") + 8] |= 1
    return bytes(body)


def lying(stated: int) -> bytes:
    """A member whose stated size and checksum are those of its first bytes: a reader that believes them sees those."""
    body = b"0" * 5_000_000
    head = body[:stated]
    whole = bytearray(zipped({"a": body}))
    facts = struct.pack("<I", zlib.crc32(head)), struct.pack("<I", stated)
    for at in (14, whole.index(b"PK\x01\x02") + 16):
        whole[at : at + 4] = facts[0]
        whole[at + 8 : at + 12] = facts[1]
    return bytes(whole)


def overlapping() -> bytes:
    """Two entries of the directory point at one member: the quick way to a bomb without nesting."""
    whole = zipped({"a": b"sample" * 1000})
    at, end = whole.index(b"PK\x01\x02"), whole.index(b"PK\x05\x06")
    entry = whole[at:end]
    tail = bytearray(whole[end:])
    tail[8:12] = struct.pack("<HH", 2, 2)
    tail[12:16] = struct.pack("<I", len(entry) * 2)
    return whole[:at] + entry + entry.replace(b"a", b"b", 1) + bytes(tail)


def directory_of_a_million() -> bytes:
    whole = bytearray(zipped({"a": b"sample"}))
    at = whole.index(b"PK\x05\x06")
    whole[at + 12 : at + 16] = struct.pack("<I", 60_000_000)
    return bytes(whole)


ZEROS = bytes(4_000_000)
INNER = zipped({"a.txt": b"sample"})
BAD: dict[str, tuple[bytes, str]] = {
    "a ratio above a hundred": (zipped({"a": ZEROS}), "ratio"),
    "many that unpack to too much": (zipped({str(n): bytes(900_000) for n in range(10)}), "unpacked"),
    "too many members": (zipped({str(n): b"" for n in range(21)}), "too_many"),
    "too many members, counted over what is inside": (
        zipped({"a.zip": zipped({str(n): b"" for n in range(20)})}, method=zipfile.ZIP_STORED),
        "too_many",
    ),
    "a directory that says little and holds much": (directory_of_a_million(), "too_many"),
    "an archive two deep": (zipped({"a.zip": zipped({"b.zip": INNER})}), "nested"),
    "a bomb one deep": (zipped({"a.zip": zipped({"b": ZEROS})}), "ratio"),
    "another kind of archive inside": (zipped({"a.7z": b"7z\xbc\xaf\x27\x1c rest"}), "nested"),
    "a path out of the folder": (named("../../../up"), "path"),
    "a path out of the folder, with backslashes": (named("a\\..\\..\\b"), "path"),
    "an absolute path": (named("/etc/passwd"), "path"),
    "a drive": (named("C:\\evil.txt"), "path"),
    "a NUL in a name": (named("a.txt\x00.exe"), "path"),
    "a link": (linked(), "link"),
    "an encrypted member": (encrypted(), "encrypted"),
    "a method nobody can follow": (zipped({"a": b"sample"}, method=zipfile.ZIP_LZMA), "method"),
    "a member that states less than it holds": (lying(100), "ratio"),
    "members over each other": (overlapping(), "overlapping"),
    "something before the first member": (b"PK\x03\x04 not" + INNER, "overlapping"),
    "cut short": (INNER[:-10], "broken"),
    "a changed byte": (
        INNER.replace(b"sample", b"simple") if b"sample" in INNER else INNER[:40] + b"!" + INNER[41:],
        "broken",
    ),
    "nothing in it": (zipped({}), "empty"),
    "no archive at all": (b"PK\x03\x04 and nothing more", "broken"),
}


def look(body: bytes, media_type: str = media.ZIP, **changes: Any) -> None:
    limits = ArchiveLimits(**({"entries_max": 20, "unpacked_max": 8 << 20} | changes))
    check_archive(io.BytesIO(body), media_type, limits)


@pytest.mark.parametrize("name", BAD)
def test_a_bomb_a_trap_or_a_liar_is_refused_and_told_why(name: str) -> None:
    body, why = BAD[name]
    with pytest.raises(ArchiveRefused) as refused:
        look(body)
    assert refused.value.facts["why"] == why


def test_what_is_refused_for_lying_about_its_size_is_refused_below_the_ratio_too() -> None:
    body = bytes(range(256)) * 8
    whole = bytearray(zipped({"a": body}, method=zipfile.ZIP_STORED))
    at = whole.index(b"PK\x01\x02")
    whole[at + 24 : at + 28] = struct.pack("<I", 100)
    with pytest.raises(ArchiveRefused) as refused:
        look(bytes(whole))
    assert refused.value.facts["why"] == "broken"


@pytest.mark.parametrize(
    "members",
    [
        {"a.txt": b"sample"},
        {"folder/": b"", "folder/b.bin": bytes(range(256)) * 4000, "说明.txt": "示例".encode()},
        {"inner.zip": INNER, "zeros": bytes(900_000)},
    ],
)
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_honest_archive_passes(members: dict[str, bytes], method: int) -> None:
    look(zipped(members, method=method))


def test_the_time_for_a_look_is_bounded() -> None:
    with pytest.raises(ArchiveRefused) as refused:
        look(zipped({"a": b"sample"}), seconds=-1.0)
    assert refused.value.facts["why"] == "too_slow"


OFFICE = {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"}


def test_an_office_file_is_one_by_what_is_in_it_and_brings_no_macros() -> None:
    look(zipped(OFFICE), media.DOCX)
    for members, media_type, why in (
        ({"a.txt": b"sample"}, media.DOCX, "other_type"),
        (OFFICE, media.XLSX, "other_type"),
        (OFFICE | {"word/vbaProject.bin": b"x"}, media.DOCX, "macros"),
    ):
        with pytest.raises(ArchiveRefused) as refused:
            look(zipped(members), media_type)
        assert refused.value.facts["why"] == why


@pytest.mark.parametrize(
    "media_type, head, fits",
    [
        (media.PDF, b"%PDF-1.7", True),
        (media.PDF, b" %PDF-1.7", False),
        (media.PNG, b"\x89PNG\r\n\x1a\n", True),
        (media.PNG, b"\xff\xd8\xff", False),
        (media.TEXT, "示例 sample".encode(), True),
        (media.TEXT, b"{}", True),
        (media.TEXT, b"%PDF-1.7", False),
        (media.TEXT, b"PK\x03\x04", False),
        (media.TEXT, b"MZ\x90", False),
        (media.TEXT, b"\xef\xbb\xbf <!DOCTYPE html>", False),
        (media.TEXT, b"  <svg onload=", False),
        (media.TEXT, b"<script>", False),
        (media.JSON, b'{"a":1}', True),
        (media.JSON, b"a", False),
    ],
)
def test_a_file_is_what_its_bytes_say(media_type: str, head: bytes, fits: bool) -> None:
    assert media.begins_as(media_type, head) is fits


@pytest.mark.parametrize(
    "chunks, is_text",
    [
        (["示例".encode()[:2], "示例".encode()[2:]], True),
        (["示例".encode()[:2]], False),
        ([b"a\x00b"], False),
        ([b"line\r\n\tend\x0c"], True),
        ([b"a", b"\x1b[31m"], False),
        ([b"\xff\xfea\x00"], False),
    ],
)
def test_text_is_utf_8_without_control_characters_however_it_is_cut(chunks: list[bytes], is_text: bool) -> None:
    watch = media.TextWatch()
    for chunk in chunks:
        watch.feed(chunk)
    watch.feed(b"", final=True)
    assert watch.is_text is is_text
