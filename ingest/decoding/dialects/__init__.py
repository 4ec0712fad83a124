"""One file for each dialect. A decoder turns a body into `Decoded` or raises `DeadLetter`.

A decoder is a pure function `(body, content_type, context) -> Decoded`; it knows nothing of the
store, of consent or of other messages, so a mended one can be replayed over the log.
"""
