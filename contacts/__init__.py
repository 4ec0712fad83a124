"""Takes signals out of the queue, and delivers contacts by their channels.

What is decided is decided in `services` and `customer_context`; here are loops, timing and senders.
"""
