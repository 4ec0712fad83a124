"""Whole numbers of messages: JSON Schema's `integer`, which 1.0 is too.

CBOR writers in JavaScript send each number above 2**32 as a float64, and languages with doubles
only (Lua, MATLAB, R) write 1.0. Source: JSON Schema 2020-12 Validation, section 6.1.1.
"""

from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


@dataclass(frozen=True, slots=True)
class Whole:
    """Annotation of an `int`: read an integer, or a float with an integral value; no text, no bool.

    ge, le : bounds that are checked. said : bounds that only the schema states, because a later
    step checks them and gives its own reason.
    """

    ge: int | None = None
    le: int | None = None
    said: tuple[int, int] | None = None

    def __get_pydantic_core_schema__(
        self, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        integer = core_schema.int_schema(strict=True, ge=self.ge, le=self.le)
        integral = core_schema.chain_schema(
            [
                core_schema.float_schema(strict=True, allow_inf_nan=False),
                core_schema.no_info_plain_validator_function(_integral),
                integer,
            ]
        )
        return core_schema.union_schema([integer, integral], mode="left_to_right")

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        lowest, highest = self.said or (self.ge, self.le)
        found = {"type": "integer", "minimum": lowest, "maximum": highest}
        return {name: value for name, value in found.items() if value is not None}


def _integral(value: float) -> int:
    if not float(value).is_integer():
        raise PydanticCustomError("int_from_float", "Input should be a whole number")
    return int(value)


def version_one(value: object) -> object:
    """Read 1.0 as 1, for a `Literal[1]`, which takes true for 1 by itself."""
    if isinstance(value, bool):
        raise PydanticCustomError("literal_error", "Input should be 1")
    return 1 if value == 1.0 else value
