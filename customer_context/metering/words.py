"""What is said about a reading: why it has its verdict, and what to ask, in German and English."""

from collections.abc import Mapping

from customer_context.metering.reading_check import Judgement, Verdict, Why

_REASONS: Mapping[Why, Mapping[str, str]] = {
    Why.EXPECTED: {
        "de": "Erwartet werden {low} bis {high} kWh.",
        "en": "{low} to {high} kWh are expected.",
    },
    Why.ROLLED_OVER: {
        "de": "Der Zähler hat alle Stellen durchlaufen und wieder bei null begonnen.",
        "en": "The register has run through all its digits and begun at zero again.",
    },
    Why.SWAPPED: {
        "de": "Mit zwei Ziffern in anderer Reihenfolge würde er passen.",
        "en": "With two digits in the other order it would fit.",
    },
    Why.FAR: {
        "de": "Er liegt {off} kWh neben dem, was erwartet wird; zuletzt waren es {last} kWh.",
        "en": "It is {off} kWh from what is expected; the register was {last} kWh.",
    },
    Why.BACKWARDS: {
        "de": "Ein Zähler läuft nicht rückwärts; zuletzt waren es {last} kWh.",
        "en": "A register does not run backwards; it was {last} kWh.",
    },
    Why.LESS: {
        "de": "So wenig wurde in dieser Zeit noch nie verbraucht; erwartet werden ab {low} kWh.",
        "en": "Less was never used in such a time; {low} kWh or more are expected.",
    },
    Why.MORE: {
        "de": "So viel wurde in dieser Zeit noch nie verbraucht; erwartet werden bis {high} kWh.",
        "en": "So much was never used in such a time; up to {high} kWh are expected.",
    },
    Why.OTHER_NUMBER: {
        "de": "Die Nummer gehört zu einem anderen Zähler.",
        "en": "The number is that of another meter.",
    },
    Why.TOO_MANY_DIGITS: {
        "de": "Ihr Zähler hat weniger Stellen vor dem Komma.",
        "en": "The meter has fewer digits before the decimal point.",
    },
    Why.FIRST: {
        "de": "Von diesem Zähler ist noch kein Stand bekannt, mit dem er sich vergleichen lässt.",
        "en": "No reading of this meter is known yet to compare it with.",
    },
}  # fmt: skip

_QUESTIONS: Mapping[Verdict, Mapping[str, str]] = {
    Verdict.TOO_LOW: {
        "de": "Stimmt jede Ziffer, und war längere Zeit niemand zu Hause?",
        "en": "Is every digit right, and was nobody at home for a while?",
    },
    Verdict.TOO_HIGH: {
        "de": "Stimmt jede Ziffer, und nutzen Sie seit Kurzem ein größeres Gerät?",
        "en": "Is every digit right, and do you use a larger appliance since lately?",
    },
    Verdict.DIGITS_SWAPPED: {
        "de": "Lesen Sie die Ziffern bitte noch einmal einzeln: Sind zwei vertauscht?",
        "en": "Please read the digits one by one again: are two of them swapped?",
    },
    Verdict.WRONG_METER: {
        "de": "Steht diese Nummer auf dem Zähler, den Sie gerade ablesen: {number}?",
        "en": "Does the meter that you are reading have this number: {number}?",
    },
}
_WHICH_METER: Mapping[str, str] = {
    "de": "Ist es der richtige Zähler, den Sie gerade ablesen?",
    "en": "Is it the right meter that you are reading?",
}  # where its number is not known


def reason(found: Judgement) -> dict[str, str]:
    """Return why a reading has its verdict: language → sentence."""
    expected = found.reading if found.expected is None else found.expected
    values = {
        "low": _kwh(found.low),
        "high": _kwh(found.high),
        "last": _kwh(found.last),
        "off": _kwh(abs(found.reading - expected)),
    }
    return {language: text.format(**values) for language, text in _REASONS[found.why].items()}


def question(found: Judgement, number: str | None) -> dict[str, str] | None:
    """Return what to ask about a reading that is not plausible: language → sentence.

    number : of the meter; None = not known
    """
    texts = _QUESTIONS.get(found.verdict)
    if found.verdict == Verdict.WRONG_METER and not number:
        texts = _WHICH_METER
    if texts is None:
        return None
    return {language: text.format(number=number) for language, text in texts.items()}


def _kwh(value: float | None) -> str:
    return "–" if value is None else f"{max(value, 0.0):.0f}"
