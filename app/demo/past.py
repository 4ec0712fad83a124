"""Split the devices' history: while one part is being stored, only the next may be sent."""

from collections.abc import Iterator, Sequence

from simulators.encode import Message

MOST_MESSAGES, MOST_SAMPLES = 500, 10_000


def parts(history: Sequence[Message]) -> Iterator[Sequence[Message]]:
    """Yield parts of up to `MOST_MESSAGES` messages and `MOST_SAMPLES` samples, or one message."""
    first = samples = 0
    for number, message in enumerate(history):
        samples += message.samples
        if number > first and (number - first >= MOST_MESSAGES or samples > MOST_SAMPLES):
            yield history[first:number]
            first, samples = number, message.samples
    if history:
        yield history[first:]
