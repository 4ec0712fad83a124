"""Texts of playbooks: sandboxed Jinja2, with values formatted for the reader's locale.

The variables are `data` (the signal's data), `signal`, `at` (when it happened), `deadline` (of the
case, or none), `customer.name`, `subject.name` and `subject.kind` (vehicle or meter). The filters
`number`, `datetime`, `date`, `time` and `name` (of a code such as base_load_rise) use the reader's
language; a value that was not measured is shown as `–`.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import jinja2
from babel import dates, numbers
from jinja2 import nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from contracts import kinds

MOST_CHARACTERS = 10_000
_MOST_IN_SUBJECT = 200
_LOCALES = {"de": "de_DE", "en": "en_GB"}
_ABSENT = "–"

_DATETIME = {"de": "EEEE, d. MMMM y, HH:mm 'Uhr'", "en": "EEEE, d MMMM y 'at' HH:mm"}
_DATE = {"de": "EEEE, d. MMMM y", "en": "EEEE, d MMMM y"}
_TIME = {"de": "HH:mm 'Uhr'", "en": "HH:mm"}

NAMES = kinds.names()
"""Code → name in each language."""


class TextError(ValueError):
    """A text cannot be rendered; the message has the reason."""


class _Sandbox(ImmutableSandboxedEnvironment):
    """A sandbox without products, powers and formats, by which a short text could fill memory."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        raise SecurityError(f"{operator} is not allowed in a text")


def _language(context: Context) -> str:
    return str(context["language"])


@pass_context
def _number(context: Context, value: float | None, digits: int = 0) -> str:
    if value is None:
        return _ABSENT
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return numbers.format_decimal(
        round(value, digits), pattern, locale=_LOCALES[_language(context)]
    )


def _time_filter(patterns: Mapping[str, str]) -> Callable[..., str]:
    @pass_context
    def show(context: Context, value: datetime | str | None) -> str:
        if value is None:
            return _ABSENT
        at = datetime.fromisoformat(value) if isinstance(value, str) else value
        language = _language(context)
        return dates.format_datetime(
            at.astimezone(ZoneInfo(context["timezone"])),
            patterns[language],
            tzinfo=ZoneInfo(context["timezone"]),
            locale=_LOCALES[language],
        )

    return show


@pass_context
def _name(context: Context, code: str) -> str:
    name = NAMES.get(code)
    return code if name is None else name(_language(context))


def _environment() -> _Sandbox:
    made = _Sandbox(undefined=jinja2.StrictUndefined, autoescape=False, trim_blocks=True)
    made.globals = {}
    for filter_ in ("center", "format", "indent", "wordwrap"):  # they take a width
        del made.filters[filter_]
    made.filters |= {
        "number": _number,
        "datetime": _time_filter(_DATETIME),
        "date": _time_filter(_DATE),
        "time": _time_filter(_TIME),
        "name": _name,
    }
    return made


_ENVIRONMENT = _environment()


def compile_text(source: str) -> jinja2.Template:
    """Compile a template. Raises `TextError` where it is invalid, or calls something.

    A text needs values and filters only; a macro could recurse, a method could fill memory.
    """
    try:
        if next(_ENVIRONMENT.parse(source).find_all((nodes.Call, nodes.Macro)), None) is not None:
            raise TextError("a text calls nothing; use a filter")
        return _ENVIRONMENT.from_string(source)
    except (jinja2.TemplateError, ValueError, SyntaxError, RecursionError) as error:
        raise TextError(str(error)) from None


def parsed(source: str) -> nodes.Template:
    """Return the tree of a template that compiles."""
    return _ENVIRONMENT.parse(source)


def data_fields(source: str) -> set[str]:
    """Return the fields of `data` that a text uses."""
    tree = _ENVIRONMENT.parse(source)
    found = {
        node.attr
        for node in tree.find_all(nodes.Getattr)
        if isinstance(node.node, nodes.Name) and node.node.name == "data"
    }
    return found | {
        str(node.arg.value)
        for node in tree.find_all(nodes.Getitem)
        if isinstance(node.node, nodes.Name)
        and node.node.name == "data"
        and isinstance(node.arg, nodes.Const)
    }


def render(
    template: jinja2.Template, values: Mapping[str, Any], language: str, *, one_line: bool = False
) -> str:
    """Render a text, at most MOST_CHARACTERS long. one_line : for a subject.

    Raises `TextError` where the text uses an unknown name or a forbidden operation.
    """
    try:
        text = template.render({**values, "language": language})
    except Exception as error:  # a filter may raise any error, depending on its value
        raise TextError(str(error) or type(error).__name__) from None
    text = text.replace("\x00", "")
    if one_line:
        return " ".join(text.split())[:_MOST_IN_SUBJECT]
    return text.strip()[:MOST_CHARACTERS]
