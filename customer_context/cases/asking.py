"""What a step still asks: nothing that the record knows already. Pure."""

from collections.abc import Mapping
from typing import Any

from customer_context.cases.case_types import FormField, Item


def asked(item: Item, record: Mapping[str, Any]) -> list[FormField]:
    """Return the fields of a step whose fact is not known. record : fact → value or None."""
    return [field for field in item.form if field.fact is None or record.get(field.fact) is None]


def known(item: Item, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return field → value of the fields that the record answers."""
    return {
        field.name: record[field.fact]
        for field in item.form
        if field.fact is not None and record.get(field.fact) is not None
    }
