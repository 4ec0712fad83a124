"""Photos: what is taken, what is refused, and that nothing of the camera's data survives."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from runtime.errors import Invalid
from services import photo


def made(
    format_: str, mode: str = "RGB", size: tuple[int, int] = (64, 48), **more: object
) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, 1 if mode == "P" else None).save(out, format_, **more)  # type: ignore[arg-type]
    return out.getvalue()


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


_MODES = {
    "JPEG": ("RGB", "L", "CMYK", "1"),
    "PNG": ("RGB", "L", "RGBA", "P", "LA", "I;16", "1"),
    "WEBP": ("RGB", "L", "RGBA", "P", "CMYK", "LA"),
}


@pytest.mark.parametrize(
    ("format_", "mode"), [(name, mode) for name, modes in _MODES.items() for mode in modes]
)
def test_each_becomes_a_plain_jpeg(format_: str, mode: str) -> None:
    content = made(format_, mode)
    clean = photo.clean(content)
    image = opened(clean.content)
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (64, 48))
    assert clean.media_type == "image/jpeg" and clean.position is None


def test_it_is_turned_upright_and_made_smaller() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    clean = photo.clean(made("JPEG", size=(4_000, 1_000), exif=exif))
    assert opened(clean.content).size == (640, 2_560)


def test_no_text_profile_or_trailer_survives() -> None:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Comment", "PLANTED")
    info.add_itxt("XML:com.adobe.xmp", "PLANTED")
    png = made("PNG", pnginfo=info, icc_profile=b"PLANTED" * 40)
    jpeg = made("JPEG", comment=b"PLANTED", icc_profile=b"PLANTED" * 40)
    assert b"PLANTED" in jpeg
    for content in (png, jpeg, jpeg + b"PLANTED trailer", png + b"<script>PLANTED"):
        found = photo.clean(content).content
        assert b"PLANTED" not in found and b"script" not in found
        assert b"ICC_PROFILE" not in found


@pytest.mark.parametrize("latitude", ["N", "S"])
@pytest.mark.parametrize("longitude", ["E", "W"])
def test_the_place_is_read_with_its_signs(latitude: str, longitude: str) -> None:
    exif = Image.Exif()
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = latitude, (10.0, 30.0, 36.0), longitude, (1.0, 0.0, 0.0)
    found = photo.clean(made("JPEG", exif=exif)).position
    assert found is not None
    assert found[0] == pytest.approx(10.51 if latitude == "N" else -10.51)
    assert found[1] == pytest.approx(1.0 if longitude == "E" else -1.0)


def test_what_is_too_large_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(Invalid, match="MB"):
        photo.clean(b"\xff\xd8\xff" + bytes(photo.MOST_BYTES))
    with pytest.raises(Invalid, match="pixels"):
        photo.clean(made("PNG", "1", (9_000, 9_000)))


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["JPEG", "PNG", "WEBP"]),
    st.integers(0, 10**6),
    st.binary(min_size=1, max_size=40),
)
def test_a_damaged_photo_is_refused_or_clean(format_: str, at: int, noise: bytes) -> None:
    """Whatever bytes are wrong: an error of ours, or a plain JPEG."""
    content = bytearray(made(format_))
    at %= len(content)
    content[at : at + len(noise)] = noise
    try:
        clean = photo.clean(bytes(content))
    except Invalid:
        return
    assert opened(clean.content).format == "JPEG"


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF", b""]), st.binary())
def test_any_bytes_are_refused(head: bytes, rest: bytes) -> None:
    with pytest.raises(Invalid):
        photo.clean(head + rest)
