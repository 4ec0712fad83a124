"""What can be wrong with the bytes of a body, a function for each; the list is `BYTES`."""

from collections.abc import Callable
from random import Random

from simulators.loose_encoding import head, to_json


def _cut(rng: Random, body: bytes) -> bytes:
    return body[: rng.randrange(len(body) + 1)]


def _flipped(rng: Random, body: bytes) -> bytes:
    found = bytearray(body)
    for _ in range(rng.choice((1, 1, 1, 2, 8))):
        found[rng.randrange(len(found))] ^= 1 << rng.randrange(8)
    return bytes(found)


def _inserted(rng: Random, body: bytes) -> bytes:
    at = rng.randrange(len(body) + 1)
    likely = rng.choice(
        (b"0", b"-", b".", b"e", b",", b":", b'"', b"[", b"]", b"{", b"}", b"\\", b" ")
    )
    return body[:at] + rng.choice((likely, rng.randbytes(rng.randint(1, 4)))) + body[at:]


def _removed(rng: Random, body: bytes) -> bytes:
    at = rng.randrange(len(body))
    return body[:at] + body[at + rng.choice((1, 1, 1, 2, 3, 16)) :]


def _moved(rng: Random, body: bytes) -> bytes:
    """A stretch of the body stands somewhere else, instead of what was there."""
    n = rng.randint(1, max(len(body) // 4, 1))
    source, target = rng.randrange(len(body)), rng.randrange(len(body))
    return body[:target] + body[source : source + n] + body[target + n :]


def _not_utf8(rng: Random, body: bytes) -> bytes:
    at = rng.randrange(len(body) + 1)
    spoilt = (
        b"\xff",
        b"\xc3",
        b"\xed\xa0\x80",
        b"\xc0\x80",
        b"\xf4\x90\x80\x80",
        b"\xe9",
        b"\xef\xbb\xbf",
    )
    return body[:at] + rng.choice(spoilt) + body[at:]


def _nul(rng: Random, body: bytes) -> bytes:
    at = rng.randrange(len(body) + 1)
    return body[:at] + rng.choice((b"\0", b"\\u0000", b"\0" * 64)) + body[at:]


def _half_surrogate(rng: Random, body: bytes) -> bytes:
    """Escaped, within the first or another text."""
    quotes = [i + 1 for i, byte in enumerate(body) if byte == 34] or [0]
    at = rng.choice(quotes)
    return body[:at] + rng.choice((b"\\ud800", b"\\uDFFF", b"\\ud83d\\u0041")) + body[at:]


def _long_head(rng: Random, body: bytes) -> bytes:
    """A CBOR head that claims far more than comes; in JSON, some bytes of rubbish."""
    at = rng.randrange(len(body) + 1)
    n = rng.choice((2**16, 2**31, 2**32, 2**40, 2**63, 2**64 - 1))
    return body[:at] + head(rng.choice((2, 3, 4, 5)), n) + body[at + 1 :]


def _repeated(rng: Random, body: bytes) -> bytes:
    """More behind the end: the body again, a space, a comma."""
    return body + rng.choice((body, b" ", b",", b"\n" + body, b"\0", b"\xff", b"}"))


def _wrapped(rng: Random, body: bytes) -> bytes:
    """The body is an array's only item, or a text, or there is a number instead."""
    text = to_json(body.decode("latin-1"))
    return rng.choice((b"[" + body + b"]", b"\x81" + body, text, b"5", b"\x05", b"null", b"\xf6"))


def _empty(_: Random, __: bytes) -> bytes:
    return b""


def _oversized(rng: Random, body: bytes) -> bytes:
    """A byte more than is read, or many; blank, so that the good body behind them stays one."""
    return b" " * rng.choice((512 * 1_024 + 1 - len(body), 512 * 1_024 - len(body), 700_000)) + body


BYTES: dict[str, Callable[[Random, bytes], bytes]] = {
    "truncated": _cut, "bits flipped": _flipped, "bytes inserted": _inserted,
    "bytes deleted": _removed, "bytes moved": _moved, "invalid UTF-8": _not_utf8, "NUL": _nul,
    "half surrogate": _half_surrogate, "long head": _long_head, "bytes behind": _repeated,
    "wrapped": _wrapped, "empty": _empty, "oversized": _oversized,
}  # fmt: skip
