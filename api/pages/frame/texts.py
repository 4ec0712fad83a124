"""What the pages say, in German and English: texts/de.yaml and en.yaml, keys with dots.

A text with the forms `one` and `other` is chosen by a number. Texts are plain: the templates
escape them like everything else.
"""

from functools import cache
from importlib import resources
from typing import Any

import yaml

from contracts import kinds
from contracts.channels import CHANNELS
from contracts.kinds import LANGUAGES, Text

DYNAMIC = (
    "alert.action",
    "alert.state",
    "anomaly",
    "case.action",
    "case.entry",
    "case.kind",
    "case.state",
    "channel",
    "consent.purpose",
    "consent.purpose_text",
    "consent.state",
    "contact.state",
    "alert.method",
    "alert.says",
    "case.signal",
    "contract.kind",
    "customer.language",
    "dead_letter.reason",
    "dead_letter.state",
    "done",
    "error",
    "event",
    "factor",
    "feedback",
    "kind",
    "ledger",
    "menu",
    "read",
    "reason",
    "relevance",
    "relevant",
    "role",
    "severity",
    "status",
    "unit",
    "why",
)
"""Prefixes whose last part comes from data; the other keys stand in templates and code as they
are, which a test checks."""


def _flatten(node: Any, prefix: str, into: dict[str, str]) -> None:
    if isinstance(node, dict):
        for key, value in node.items():
            _flatten(value, f"{prefix}.{key}" if prefix else str(key), into)
    else:
        into[prefix] = str(node)


@cache
def load(language: str) -> dict[str, str]:
    """All texts of a language by their full key."""
    found: dict[str, str] = {}
    source = resources.files("api.pages").joinpath(f"texts/{language}.yaml")
    _flatten(yaml.safe_load(source.read_text(encoding="utf-8")), "", found)
    return found | _of_contracts(language)


def _of_contracts(language: str) -> dict[str, str]:
    """Names and sentences of contracts.kinds and contracts.channels, by the pages' keys."""
    titles: dict[str, dict[str, Text]] = {
        "anomaly": {code: facts.name for code, facts in kinds.ANOMALIES.items()},
        "alert.says": {code: facts.finding for code, facts in kinds.ANOMALIES.items()},
        "alert.method": {code: facts.method for code, facts in kinds.ANOMALIES.items()},
        "event": {code: facts.name for code, facts in kinds.EVENTS.items()},
        "factor": dict(kinds.FACTORS),
        "kind": {code: facts.name for code, facts in kinds.SIGNALS.items()},
    }
    titles["channel"] = {name: spec.name for name, spec in CHANNELS.items()}
    for spec in CHANNELS.values():
        if spec.purpose is not None and spec.consent is not None:
            name, text = spec.consent
            titles.setdefault("consent.purpose", {})[spec.purpose] = name
            titles.setdefault("consent.purpose_text", {})[spec.purpose] = text
    return {
        f"{prefix}.{code}": text.title(language)
        for prefix, texts in titles.items()
        for code, text in texts.items()
    }


class Texts:
    """The texts of one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._texts = load(language)

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key; KeyError where there is none, so that no page shows a raw key."""
        text = self._texts[key]
        return text.format(**values) if values else text

    def count(self, key: str, number: int, shown: str | None = None) -> str:
        """`key.one` or `key.other` with {n}."""
        form = "one" if number == 1 else "other"
        return self(f"{key}.{form}", n=shown or str(number))

    def has(self, prefix: str, name: str) -> bool:
        """True where there is a text for the value."""
        return f"{prefix}.{name}" in self._texts

    def of(self, prefix: str, name: object) -> str:
        """The text of a value that comes from data; the value itself where nobody wrote one
        (a kind that a playbook or a later version brought)."""
        return self._texts.get(f"{prefix}.{name}", str(name).replace("_", " "))


def best_language(accept: str) -> str:
    """The language of an Accept-Language header that we speak best; English else."""
    ranked = []
    for position, part in enumerate(accept.split(",")[:20]):
        tag, _, parameters = part.strip().partition(";")
        quality = parameters.strip().removeprefix("q=") or "1"
        try:
            weight = float(quality)
        except ValueError:
            continue
        language = tag.split("-")[0].lower()
        if language in LANGUAGES and weight > 0:
            ranked.append((-weight, position, language))
    return min(ranked)[2] if ranked else "en"
