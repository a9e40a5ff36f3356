"""What may be inside an archive (压缩包): looked at wholly before it is kept, so that it harms nobody who unpacks it.

Sizes that an archive states are not believed: every member is unpacked once, in bounded memory and time, and counted.
"""

from __future__ import annotations

import stat
import struct
import time
import zipfile
import zlib
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, NoReturn

from techmarket.db import media
from techmarket.kernel.refusals import Kind, Refusal

MIB = 1 << 20
CHUNK = 64 * 1024
DIRECTORY_BYTES_MAX = 2 * MIB
SMALL = MIB  # below this a high ratio is only a table of zeros
_END = b"PK\x05\x06"
_LOCAL = b"PK\x03\x04"
_CLOSED_ARCHIVES = (b"Rar!", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"MSCF")
_OFFICE_FOLDER = {media.DOCX: "word/", media.XLSX: "xl/", media.PPTX: "ppt/"}
_SPOOLED = 4 * MIB


class ArchiveRefused(Refusal):
    code, kind = "files.archive_refused", Kind.INVALID
    zh = (
        "压缩包未被接受（{why}）：成员不超过 {entries_max} 个，解压后不超过 {unpacked_max} 字节、"
        "不超过压缩大小的 {ratio_max} 倍，最多嵌套 {nested_max} 层，不加密，文件名不含路径越界，各成员完整。"
    )
    en = (
        "The archive is not taken ({why}): at most {entries_max} members, {unpacked_max} bytes and {ratio_max} times"
        " its size when unpacked, archives in it at most {nested_max} deep, nothing encrypted, every member whole and"
        " named without a way out of its folder."
    )


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    entries_max: int = 2_000
    ratio_max: int = 100
    unpacked_max: int = 512 * MIB
    nested_max: int = 1
    seconds: float = 15.0


@dataclass(slots=True)
class _Look:
    """One look into one upload: what has been counted so far, over all archives inside it."""

    limits: ArchiveLimits
    deadline: float
    entries: int = 0
    unpacked: int = 0

    def refuse(self, why: str) -> NoReturn:
        limits = self.limits
        raise ArchiveRefused(
            why=why,
            entries_max=limits.entries_max,
            ratio_max=limits.ratio_max,
            unpacked_max=limits.unpacked_max,
            nested_max=limits.nested_max,
            pointer="/body",
        )


def check_archive(file: IO[bytes], media_type: str, limits: ArchiveLimits) -> None:
    """Refuse an archive that is a bomb, a trap or not what it says. Runs long: call it in a thread."""
    look = _Look(limits, time.monotonic() + limits.seconds)
    try:
        _walk(file, look, media_type, depth=0)
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, UnicodeDecodeError, NotImplementedError, OSError):
        look.refuse("broken")


def _walk(file: IO[bytes], look: _Look, media_type: str, depth: int) -> None:
    size = _check_directory(file, look)
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
    look.entries += len(members)
    if look.entries > look.limits.entries_max:
        look.refuse("too_many")
    if media_type in _OFFICE_FOLDER:
        _check_office(members, media_type, look)
    for member in members:
        _check_member(member, look)
    begun = look.unpacked
    end = 0
    for member in sorted(members, key=lambda one: one.header_offset):
        if member.header_offset < end or (end == 0 and member.header_offset != 0):
            look.refuse("overlapping")
        end = _unpack(file, member, look, depth)
    if look.unpacked - begun > max(SMALL, size * look.limits.ratio_max):
        look.refuse("ratio")


def _check_directory(file: IO[bytes], look: _Look) -> int:
    """The end record alone, before a library makes an object of each of a million entries; returns the file's size."""
    size = file.seek(0, 2)
    tail_at = max(0, size - 65_557)
    file.seek(tail_at)
    tail = file.read(65_557)
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < 22:
        look.refuse("broken")
    entries, directory_bytes = struct.unpack_from("<HI", tail, at + 10)
    if entries == 0:
        look.refuse("empty")
    if entries > look.limits.entries_max or directory_bytes > DIRECTORY_BYTES_MAX:
        look.refuse("too_many")
    return size


def _check_member(member: zipfile.ZipInfo, look: _Look) -> None:
    name = member.orig_filename
    parts = name.replace("\\", "/").split("/")
    if "\x00" in name or not name or name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
        look.refuse("path")
    if stat.S_ISLNK(member.external_attr >> 16):
        look.refuse("link")
    if member.flag_bits & 0x1:
        look.refuse("encrypted")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        look.refuse("method")


def _check_office(members: list[zipfile.ZipInfo], media_type: str, look: _Look) -> None:
    names = {member.filename for member in members}
    if "[Content_Types].xml" not in names or not any(name.startswith(_OFFICE_FOLDER[media_type]) for name in names):
        look.refuse("other_type")
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        look.refuse("macros")


def _unpack(file: IO[bytes], member: zipfile.ZipInfo, look: _Look, depth: int) -> int:
    """Unpack one member into nothing, counting; returns where it ends in the file."""
    file.seek(member.header_offset)
    header = file.read(30)
    if header[:4] != _LOCAL:
        look.refuse("broken")
    name_bytes, extra_bytes = struct.unpack_from("<HH", header, 26)
    start = member.header_offset + 30 + name_bytes + extra_bytes
    file.seek(start)
    plain = member.compress_type == zipfile.ZIP_STORED
    inflate = None if plain else zlib.decompressobj(-zlib.MAX_WBITS)
    left, count, crc, head = member.compress_size, 0, 0, b""
    with SpooledTemporaryFile(_SPOOLED) as inner:
        ended = False
        while not ended:
            packed = file.read(min(CHUNK, left))
            left -= len(packed)
            ended = not packed
            while packed or ended:
                if time.monotonic() > look.deadline:
                    look.refuse("too_slow")
                if inflate is None:
                    out, packed = packed, b""
                else:
                    out = inflate.flush() if ended else inflate.decompress(packed, MIB)
                    packed = inflate.unconsumed_tail
                count += len(out)
                look.unpacked += len(out)
                if look.unpacked > look.limits.unpacked_max:
                    look.refuse("unpacked")
                if count > max(SMALL, member.compress_size * look.limits.ratio_max):
                    look.refuse("ratio")
                crc = zlib.crc32(out, crc)
                if len(head) < 8:
                    head = (head + out)[:8]
                if head.startswith(_LOCAL):
                    inner.write(out)
                if ended:
                    break
        whole = left == 0 and (inflate is None or (inflate.eof and not inflate.unused_data))
        if count != member.file_size or crc != member.CRC or not whole:
            look.refuse("broken")
        if head.startswith(_CLOSED_ARCHIVES):
            look.refuse("nested")
        if head.startswith(_LOCAL):
            if depth >= look.limits.nested_max:
                look.refuse("nested")
            inner.seek(0)
            _walk(inner, look, media.ZIP, depth + 1)
    end: int = start + member.compress_size
    return end
