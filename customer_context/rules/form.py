"""The form of a file of rules: YAML without duplicate keys, and parts that refuse unknown keys."""

import re
from typing import Annotated, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from runtime import yaml_text
from runtime.errors import Usage

Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")]


class Part(BaseModel):
    """A part of a file of rules; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Texts(Part):
    """One text in each language."""

    de: str = Field(min_length=1)
    en: str = Field(min_length=1)


Spec = TypeVar("Spec", bound=Part)


def read(model: type[Spec], text: str, file: str) -> Spec:
    """Read a file's text. Raises `Usage` with file, field and the expected value."""
    try:
        found = yaml_text.load(text, unique=True)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        # The package also raises errors of values, such as an invalid date.
        raise Usage(f"{file}: not YAML: {re.sub(chr(10) + ' *', ' ', str(error))}") from None
    if not isinstance(found, dict):
        raise Usage(f"{file}: expected keys {', '.join(model.model_fields)}")
    try:
        return model.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "file"
        value = first["input"]
        shown = "" if isinstance(value, dict | list) else f" (found {value!r})"
        raise wrong(file, where, f"{first['msg']}{shown}") from None


def wrong(file: str, where: str, what: str) -> Usage:
    """Return the error of a field."""
    return Usage(f"{file}: {where}: {what}")
