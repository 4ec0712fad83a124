"""Play rounds of a proof, each of a seed of its own."""

from collections.abc import Callable
from random import Random


def problems_of(
    play: Callable[[Random], str | None], seed: int, rounds: int, most_problems: int
) -> list[str]:
    """Play up to `rounds`; return what differed, and stop after `most_problems`.

    play : returns the first difference of a round, or None.
    """
    found: list[str] = []
    for number in range(rounds):
        problem = play(Random(f"{seed} {number}"))
        if problem is not None:
            found.append(f"seed {seed}, round {number}: {problem}")
            if len(found) >= most_problems:
                break
    return found
