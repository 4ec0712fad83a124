"""What was so at a time, as we knew it at another: plain Python, imports nothing of ours.

A statement is (recorded, start, end, value): somebody said at `recorded` that `value` holds in
[start, end); None says that nothing does. Statements come in the order in which they were recorded.
"""


def value(statements, at, known):
    """Return the value at `at` as it was known at `known`: the last statement about it counts."""
    found = None
    for recorded, start, end, said in statements:
        if recorded <= known and start <= at < end:
            found = said
    return found
