"""The devices' past, in parts: while one is being stored the next may already be sent, no more."""

from collections.abc import Iterator, Sequence

from simulators.encode import Message

MOST_MESSAGES, MOST_SAMPLES = 500, 10_000


def parts(history: Sequence[Message]) -> Iterator[Sequence[Message]]:
    """Parts of at most `MOST_MESSAGES` messages and, unless it is one alone, `MOST_SAMPLES`."""
    first = samples = 0
    for number, message in enumerate(history):
        samples += message.samples
        if number > first and (number - first >= MOST_MESSAGES or samples > MOST_SAMPLES):
            yield history[first:number]
            first, samples = number, message.samples
    if history:
        yield history[first:]
