"""Texts of the pages in German and English: texts/de.yaml and en.yaml, with dotted keys.

Plural texts have the forms `one` and `other`. Texts are plain text: the templates escape them.
"""

from functools import cache
from importlib import resources
from typing import Any

from contracts import contact_points, kinds
from contracts.channels import CHANNELS
from contracts.kinds import LANGUAGES, Text
from contracts.trip_counting import NAMES as COUNTING
from contracts.trip_quality import TRIP_QUALITY
from runtime import yaml_text

DYNAMIC = (
    "skills",
    "felt_source",
    "bills.causes",
    "bills.line",
    "bills.source",
    "meter_data.event",
    "meter_data.event_state",
    "meter_data.reason",
    "meter_data.source",
    "meter_data.sum",
    "plot.zoom_do",
    "reading.source",
    "reading.status",
    "reading.verdict",
    "round.next",
    "round.why",
    "next_action.outcomes",
    "next_action.stages",
    "preferred.matter",
    "timeline.kind",
    "alert.action",
    "alert.state",
    "anomaly",
    "case.action",
    "case.answer",
    "case.entry",
    "case.kind",
    "case.outcome",
    "case.queue",
    "case.side",
    "case.state",
    "match.request",
    "privacy.follows",
    "meter.show",
    "meter.span",
    "team.part",
    "call.question",
    "call.match",
    "call.how",
    "team.first",
    "plan.action",
    "plan.state",
    "plan.who",
    "matter.who",
    "channel",
    "counting_reason",
    "consent.purpose",
    "crash.cause",
    "crash.label",
    "consent.follows",
    "consent.purpose_text",
    "consent.state",
    "consents.bases",
    "consents.category",
    "consents.method",
    "consents.state",
    "consents.uses",
    "consent_link.opt_in",
    "consent_link.renewal",
    "contact.state",
    "interval_reason",
    "alert.cause",
    "alert.cause_do",
    "alert.do",
    "alert.method",
    "alert.says",
    "alert.why_not",
    "case.signal",
    "contract.kind",
    "customer.language",
    "dead_letter.quarantine.reason",
    "dead_letter.reason",
    "dead_letter.state",
    "done",
    "error",
    "event",
    "factor",
    "feedback",
    "kind",
    "account.by",
    "approval.kind",
    "rules.kind",
    "approval.refusal",
    "approval.state",
    "approval.tried_of",
    "approval.tried_won",
    "invitation.problem",
    "login.problem",
    "ledger",
    "menu",
    "overview.waiting",
    "point_kind",
    "read",
    "privacy.of",
    "reason",
    "privacy.follows",
    "right.ask",
    "right.details",
    "right.follows",
    "right.limit",
    "right.name",
    "right.state",
    "relevance",
    "relevant",
    "role",
    "severity",
    "status",
    "trip_quality",
    "trip_quality_text",
    "today.answer",
    "today.do",
    "today.means",
    "unit",
    "why",
)
"""Prefixes whose last part comes from data. All other keys appear literally in templates and code,
which a test checks."""


def _flatten(node: Any, prefix: str, into: dict[str, str]) -> None:
    if isinstance(node, dict):
        for key, value in node.items():
            _flatten(value, f"{prefix}.{key}" if prefix else str(key), into)
    else:
        into[prefix] = str(node)


@cache
def load(language: str) -> dict[str, str]:
    """Load all texts of a language by their full key."""
    found: dict[str, str] = {}
    source = resources.files("api.pages").joinpath(f"texts/{language}.yaml")
    _flatten(yaml_text.load(source.read_text(encoding="utf-8")), "", found)
    return found | _of_contracts(language)


def _of_contracts(language: str) -> dict[str, str]:
    """Return names and sentences of contracts.kinds and contracts.channels by page key."""
    titles: dict[str, dict[str, Text]] = {
        "anomaly": {code: facts.name for code, facts in kinds.ANOMALIES.items()},
        "alert.cause": dict(kinds.LIKELIER_CAUSES),
        "alert.says": {code: facts.finding for code, facts in kinds.ANOMALIES.items()},
        "alert.method": {code: facts.method for code, facts in kinds.ANOMALIES.items()},
        "event": {code: facts.name for code, facts in kinds.EVENTS.items()},
        "factor": dict(kinds.FACTORS),
        "trip_quality": {mark: facts.name for mark, facts in TRIP_QUALITY.items()},
        "trip_quality_text": {mark: facts.text for mark, facts in TRIP_QUALITY.items()},
        "counting_reason": {reason: name for reason, name in COUNTING.items()},
        "kind": {code: facts.name for code, facts in kinds.SIGNALS.items()},
        "point_kind": {str(kind): name for kind, name in contact_points.NAMES.items()},
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
        """Return the text of a key. Raises KeyError if it is unknown: no page shows a raw key."""
        text = self._texts[key]
        return text.format(**values) if values else text

    def count(self, key: str, number: int, shown: str | None = None) -> str:
        """Return the plural form `key.one` or `key.other`, with {n} filled in."""
        form = "one" if number == 1 else "other"
        return self(f"{key}.{form}", n=shown or str(number))

    def has(self, prefix: str, name: str) -> bool:
        """True if there is a text for the value."""
        return f"{prefix}.{name}" in self._texts

    def of(self, prefix: str, name: object) -> str:
        """Return the text of a value from data; the value itself if it has none
        (a kind of a playbook or of a later version)."""
        return self._texts.get(f"{prefix}.{name}", str(name).replace("_", " "))


def best_language(accept: str) -> str:
    """Return the preferred supported language of an Accept-Language header; English by default."""
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
