"""Pictures from outside, made safe: recognised by content, bounded before they are unpacked, painted anew.

Nothing of the uploaded file survives but its pixels: no metadata, no position where it was taken, no second file
hidden behind the first, and no format but WebP.
"""

from __future__ import annotations

from io import BytesIO
from typing import Final

from PIL import Image, ImageOps

from lotkeeper.catalog.errors import ImageNotReadable, ImageTooLarge, ImageTooManyPixels
from lotkeeper.core.errors import Refusal

MAX_FILE_BYTES: Final = 10 * 1024 * 1024
MAX_PIXELS: Final = 40_000_000
MAX_SIDE: Final = 1600
#: Decoders of these only: each further one is more code that reads strangers' files.
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF")
_PALETTES: Final = ("P", "PA", "1")
_QUALITY: Final = 82
_TOO_MANY: Final = f"An image can have {MAX_PIXELS // 1_000_000} megapixels at most."


def repaint(content: bytes) -> bytes:
    """The picture as WebP, upright, at most 1600 pixels a side; of an animation, the first frame.

    Raises:
        ImageTooLarge: if the file is over 10 MB.
        ImageTooManyPixels: if it would unpack to over 40 megapixels.
        ImageNotReadable: if it is no such picture, or damaged.
    """
    if len(content) > MAX_FILE_BYTES:
        raise ImageTooLarge(
            limit_megabytes=MAX_FILE_BYTES // 1024**2, limit_bytes=MAX_FILE_BYTES, size_bytes=len(content)
        )
    try:
        with Image.open(BytesIO(content), formats=_FORMATS) as picture:
            _check_pixels(picture)
            return _paint(picture)
    except Refusal:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        # Past Pillow's own limit it does not even say how many.
        raise ImageTooManyPixels(_TOO_MANY, limit_megapixels=MAX_PIXELS // 1_000_000) from error
    except Exception as error:  # a damaged file can break a decoder in any way, and each is the file's fault
        raise ImageNotReadable from error


def _check_pixels(picture: Image.Image) -> None:
    # Only the header has been read so far.
    if picture.width * picture.height > MAX_PIXELS:
        limit = MAX_PIXELS // 1_000_000
        raise ImageTooManyPixels(limit_megapixels=limit, width=picture.width, height=picture.height)


def _paint(picture: Image.Image) -> bytes:
    if picture.mode in _PALETTES:
        # Scaled as it is, a picture of palette numbers loses its smooth edges.
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    elif picture.mode.startswith("I"):
        # Greys in 16 bits; converted as they are, all but the darkest would become white.
        picture = picture.convert("I").point(lambda grey: grey * (1 / 256)).convert("L")
    # Decodes a large JPEG at a half, a quarter or an eighth, and fails on a file that ends too soon.
    picture.thumbnail((MAX_SIDE, MAX_SIDE))
    upright = ImageOps.exif_transpose(picture)
    painted = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    # A copy of the pixels alone: a converted image still carries the profile, comments and EXIF it came with.
    clean = Image.new(painted.mode, painted.size)
    clean.paste(painted)
    out = BytesIO()
    clean.save(out, "WEBP", quality=_QUALITY, method=4)
    return out.getvalue()
