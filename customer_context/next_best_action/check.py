"""Trial of actions before they are used: an error that a text would cause is raised here."""

from collections.abc import Iterator, Mapping

from customer_context.facts.catalogue import FACTS, Fact, FactType
from customer_context.facts.known import Value
from customer_context.next_best_action.rules import Rules
from customer_context.next_best_action.rules import load as compiled
from customer_context.next_best_action.texts import say
from customer_context.playbooks.text import TextError
from runtime.errors import Usage


def load(files: Mapping[str, str]) -> Rules:
    """Load files by name, and render each text with every kind of value. Raises `Usage`."""
    rules = compiled(files)
    for facts in _samples():
        for action in rules.actions:
            for treatment in action.treatments:
                for (what, language), text in treatment.texts.items():
                    try:
                        say(text, facts, "Example", language, one_line=what == "subject")
                    except TextError as error:
                        where = f"{action.id}.{treatment.id}.{what}.{language}"
                        raise Usage(f"{action.issue}: {where}: fails on a trial: {error}") from None
    return rules


def _samples() -> Iterator[dict[str, Value]]:
    """Yield all facts with the first value of each, with the second and so on."""
    most = max(len(_values(fact)) for fact in FACTS.values())
    for i in range(most):
        yield {name: _values(fact)[i % len(_values(fact))] for name, fact in FACTS.items()}


def _values(fact: Fact) -> tuple[Value, ...]:
    if fact.type == FactType.BOOLEAN:
        return (True, False)
    if fact.type == FactType.CHOICE:
        return fact.choices
    return (12, 0, -3) if fact.type == FactType.INTEGER else (12.5, 0.0, -3.0)
