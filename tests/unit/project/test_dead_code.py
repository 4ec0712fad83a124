"""`make dead-code` finds what nothing uses, and nothing else."""

from pathlib import Path

from tests.dead_code import unused

CODE = """
from pydantic import BaseModel

USED, UNUSED = 1, 2


class Trip(BaseModel):
    field_of_a_schema: float

    def by_a_template(self) -> int:
        return USED

    def by_nobody(self) -> None: ...


def called() -> Trip: ...


def never_called() -> None: ...


called()
"""


def test_it_finds_a_function_a_method_and_a_constant(tmp_path: Path) -> None:
    package = tmp_path / "package"
    (package / "templates").mkdir(parents=True)
    (package / "__init__.py").write_text(CODE)
    (package / "templates" / "page.html").write_text("{{ trip.by_a_template() }}")
    assert {item.name for item in unused(tmp_path)} == {"UNUSED", "by_nobody", "never_called"}
