"""Photos that people send: recognised by their content, turned upright, encoded anew.

A new encoding has no metadata: neither place, time, device nor a thumbnail of what was cut off.
"""

import io
import warnings
from dataclasses import dataclass

from PIL import ExifTags, Image, ImageOps

from runtime.errors import Invalid

MOST_BYTES = 8 * 1024 * 1024
"""Of one photo as it is sent."""
MOST_PIXELS = 60_000_000
"""A small file can be a huge picture; larger ones are refused before they are decoded."""
_SIDE_PX = 2_560
"""The longer side of what is stored."""
_QUALITY = 85
_FORMATS = ("JPEG", "PNG", "WEBP")
_DAMAGED = (
    OSError, ValueError, SyntaxError, EOFError, ArithmeticError, Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)  # fmt: skip
"""What Pillow raises for a file that is damaged or made to do harm."""
_SIGNS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF")


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo as it is stored: JPEG. position : (latitude, longitude) in degrees that it had."""

    content: bytes
    position: tuple[float, float] | None
    media_type: str = "image/jpeg"


def clean(content: bytes) -> Photo:
    """Return a photo without metadata. Raises `Invalid` for what is none, too large or damaged."""
    if len(content) > MOST_BYTES:
        raise Invalid(f"the photo has more than {MOST_BYTES // 2**20} MB")
    if not content.startswith(_SIGNS):
        raise Invalid("this is no photo: expected JPEG, PNG or WebP")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise Invalid("the photo has too many pixels")
                position = _position(image)
                image.draft("RGB", (_SIDE_PX, _SIDE_PX))  # decodes a large JPEG at a fraction
                upright = ImageOps.exif_transpose(image)
                return Photo(_encoded(upright), position)
    except Invalid:
        raise
    except _DAMAGED as error:
        raise Invalid(f"the photo is damaged: {type(error).__name__}") from None


def _encoded(image: Image.Image) -> bytes:
    image.thumbnail((_SIDE_PX, _SIDE_PX))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        flat = Image.new("RGB", image.size, "white")
        flat.paste(layer, mask=layer.getchannel("A"))
    else:
        flat = image.convert("RGB")
    bare = Image.new("RGB", flat.size)  # a new picture has no info that a writer could pass on
    bare.paste(flat)
    out = io.BytesIO()
    bare.save(out, "JPEG", quality=_QUALITY, optimize=True)
    return out.getvalue()


def _position(image: Image.Image) -> tuple[float, float] | None:
    """Return the position of a photo's Exif data in degrees; None where it has none."""
    try:
        gps = image.getexif().get_ifd(ExifTags.IFD.GPSInfo)
        latitude = _degrees(gps[ExifTags.GPS.GPSLatitude], gps[ExifTags.GPS.GPSLatitudeRef] == "S")
        longitude = _degrees(
            gps[ExifTags.GPS.GPSLongitude], gps[ExifTags.GPS.GPSLongitudeRef] == "W"
        )
    except (KeyError, ValueError, TypeError, ZeroDivisionError, OSError, SyntaxError):
        return None
    if not (-90.0 <= latitude <= 90.0 and -180.0 <= longitude <= 180.0):
        return None
    return latitude, longitude


def _degrees(parts: tuple[float, float, float], negative: bool) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    value = degrees + minutes / 60.0 + seconds / 3_600.0
    return -value if negative else value
