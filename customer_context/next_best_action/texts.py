"""Texts of treatments: sandboxed Jinja2 over facts, such as {{ consumption.year_kwh | number }}."""

from collections.abc import Mapping
from typing import Any

import jinja2
from jinja2 import nodes

from customer_context.facts.catalogue import FACTS
from customer_context.facts.known import Value
from customer_context.playbooks.text import TextError, compile_text, parsed, render

_CUSTOMER = "customer"
_FIELDS = frozenset({"name"})

Text = jinja2.Template


def compiled(source: str) -> tuple[Text, frozenset[str]]:
    """Return a text and the facts that it needs. Raises `TextError`."""
    template = compile_text(source)
    tree = parsed(source)
    needed = set()
    inner = set()
    for node in tree.find_all(nodes.Getattr):
        if not isinstance(node.node, nodes.Name):
            raise TextError(f"…{node.attr}: a fact has one dot, such as consumption.year_kwh")
        inner.add(id(node.node))
        name = f"{node.node.name}.{node.attr}"
        if node.node.name == _CUSTOMER:
            if node.attr not in _FIELDS:
                raise TextError(f"a text has customer.name, not {name}")
        elif name in FACTS:
            needed.add(name)
        else:
            raise TextError(f"there is no fact {name!r}; see `tachowatt facts`")
    for alone in tree.find_all(nodes.Name):
        if id(alone) not in inner:
            raise TextError(f"{alone.name!r} is no fact; a fact has a dot, as in `tachowatt facts`")
    return template, frozenset(needed)


def say(
    text: Text, known: Mapping[str, Value], name: str, language: str, *, one_line: bool = False
) -> str:
    """Return a text in a language. name : of the customer. Raises `TextError`."""
    values: dict[str, Any] = {_CUSTOMER: {"name": name}}
    for fact, value in known.items():
        group, _, field = fact.partition(".")
        values.setdefault(group, {})[field] = value
    return render(text, values, language, one_line=one_line)
