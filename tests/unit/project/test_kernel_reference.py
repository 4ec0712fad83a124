"""docs/kernels.md is what the kernels say of themselves."""

from pathlib import Path

from app.analysis.kernel_pictures import PICTURES
from app.operations.kernel_reference import PACKAGES, markdown

PAGE = Path(__file__).parents[3] / "docs" / "kernels.md"


def test_the_page_is_generated() -> None:
    """`tachowatt kernels --markdown > docs/kernels.md` makes it."""
    assert PAGE.read_text(encoding="utf-8") == markdown(PICTURES)


def test_every_parameter_is_in_it() -> None:
    page = markdown(PICTURES)
    for package in PACKAGES:
        for name in package.DEFAULTS._fields:
            assert f"| `{name}` |" in page, name


def test_every_picture_is_there_and_small() -> None:
    """`make pictures` makes them."""
    for name, _ in PICTURES:
        picture = PAGE.parent / "images" / "kernels" / f"{name}.png"
        assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size < 60_000
