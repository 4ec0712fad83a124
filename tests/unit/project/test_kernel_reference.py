"""docs/kernels.md is what the kernels say of themselves."""

from pathlib import Path

from app.operations.kernel_reference import PACKAGES, markdown

PAGE = Path(__file__).parents[3] / "docs" / "kernels.md"


def test_the_page_is_generated() -> None:
    """`tachowatt kernels --markdown > docs/kernels.md` makes it."""
    assert PAGE.read_text(encoding="utf-8") == markdown()


def test_every_parameter_is_in_it() -> None:
    page = markdown()
    for package in PACKAGES:
        for name in package.DEFAULTS._fields:
            assert f"| `{name}` |" in page, name
