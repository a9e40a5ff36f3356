"""Pictures: decoded within a bound of pixels, stamped, and written anew, so that only what is seen is passed on."""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

from PIL import Image, ImageOps, UnidentifiedImageError

from techmarket.db import media
from techmarket.disclosure import errors
from techmarket.disclosure.watermark.stamp import Bounds, Reader, StampPage, stamped

TILE = 600.0
FOOT_HEIGHT = 22.0
JPEG_QUALITY = 90
FORMATS = {media.PNG: "PNG", media.JPEG: "JPEG"}
MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "CMYK"})
_TROUBLE = (UnidentifiedImageError, OSError, SyntaxError, ValueError, struct.error, EOFError)


def check(file: BinaryIO, bounds: Bounds) -> None:
    """A picture that can be decoded and has not too many pixels, which its header tells before any is made."""
    try:
        with Image.open(file, formats=list(FORMATS.values())) as picture:
            pixels = picture.width * picture.height
            if pixels > bounds.pixels_max:
                raise errors.PictureTooLarge(pixels=pixels, pixels_max=bounds.pixels_max, pointer="/body")
            if picture.mode not in MODES:
                raise errors.DocumentBroken(pointer="/body")
            picture.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise errors.PictureTooLarge(pixels=None, pixels_max=bounds.pixels_max, pointer="/body") from None
    except _TROUBLE:
        raise errors.DocumentBroken(pointer="/body") from None


def mark(file: BinaryIO, out: BinaryIO, reader: Reader, media_type: str) -> None:
    """Lay stamps over the whole picture, in tiles, so that memory does not grow with it."""
    with Image.open(file, formats=[FORMATS[media_type]]) as opened:
        upright = ImageOps.exif_transpose(opened)
    has_alpha = upright.mode in ("LA", "RGBA") or "transparency" in upright.info
    picture = upright.convert("RGBA" if has_alpha and media_type == media.PNG else "RGB")
    scale = max(1.0, min(picture.size) / TILE)
    width = picture.width / scale
    pages = [StampPage(TILE, TILE, foot=False), StampPage(width, FOOT_HEIGHT, across=False)]
    tile, foot = (Image.open(io.BytesIO(png)) for png in stamped(reader, pages, as_="png", ppi=72.0 * scale))
    for left in range(0, picture.width, tile.width):
        for top in range(0, picture.height, tile.height):
            _lay(picture, tile, left, top)
    _lay(picture, foot, 0, picture.height - foot.height)
    picture.info.clear()
    picture.save(out, FORMATS[media_type], **({"quality": JPEG_QUALITY} if media_type == media.JPEG else {}))


def _lay(picture: Image.Image, stamp: Image.Image, left: int, top: int) -> None:
    """The stamp blended in, opaque where the picture was see-through, so that it cannot vanish with the background."""
    picture.paste(stamp.convert("RGB"), (left, top), stamp.getchannel("A"))
    if picture.mode == "RGBA":
        alpha = picture.getchannel("A")
        alpha.paste(255, (left, top), stamp.getchannel("A").point(lambda value: 255 if value else 0))
        picture.putalpha(alpha)
