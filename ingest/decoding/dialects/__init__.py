"""One file per dialect, with the dialect's name. Its record `DIALECT` is read by all other code.

A decoder is a pure function `(body, content_type, context) -> Decoded`, or raises `DeadLetter`. It
does not depend on the store, consent or other messages, so a corrected decoder can be replayed over
the log.

`NAMES` comes from the file names, so that the command line does not load the decoders;
`ingest/decoding/catalogue.py` loads them.
"""

import pkgutil

NAMES: tuple[str, ...] = tuple(
    # The native dialect first, the others by name, in any installation.
    sorted((m.name for m in pkgutil.iter_modules(__path__)), key=lambda n: (n != "native", n))
)
