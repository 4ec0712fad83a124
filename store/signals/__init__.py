"""The outbox of signals, their queue, what was decided on them, and their publication."""
