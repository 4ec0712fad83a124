"""The outbox of signals, their queue, the decisions on them, and their publication."""
