"""One file for each dialect, named like it. It holds `DIALECT`, the record that all others read.

A decoder turns a body into `Decoded` or raises `DeadLetter`. It is a pure function `(body,
content_type, context) -> Decoded`; it knows nothing of the store, of consent or of other messages,
so a mended one can be replayed over the log.

`NAMES` comes from the names of the files, so that the command line need not load any decoder;
`ingest/decoding/catalogue.py` loads them.
"""

import pkgutil

NAMES: tuple[str, ...] = tuple(
    # The native one first, then by name, wherever the files are.
    sorted((m.name for m in pkgutil.iter_modules(__path__)), key=lambda n: (n != "native", n))
)
