"""Read ahead in a thread, so that who waits for a server and who computes do not wait in turn."""

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
_END = object()


def read_ahead(items: Generator[T, None, None], depth: int) -> Iterator[T]:
    """Yield the items of a generator, of which a thread makes up to `depth` before they are asked.

    The generator runs in that thread and is closed at the end, also where not all was asked for.
    What it raises is raised in its place.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as thread:
        waiting = deque(thread.submit(next, items, _END) for _ in range(depth))
        try:
            while (item := waiting.popleft().result()) is not _END:
                waiting.append(thread.submit(next, items, _END))
                yield item  # type: ignore[misc]
        finally:
            for one in waiting:
                one.cancel()
            thread.submit(items.close).result()
