"""Clients of HTTP share one TLS context in a worker."""

import os
import ssl
from functools import cache
from typing import Any

import certifi
import httpx
from httpx._transports import default

_create = httpx.create_ssl_context


@cache
def _of(trust_env: bool, *_authorities: str | None) -> ssl.SSLContext:
    return _create(trust_env=trust_env)


def _shared(verify: Any = True, cert: Any = None, trust_env: bool = True) -> ssl.SSLContext:
    """Return what httpx makes, made once for the same authorities: reading them takes 0.06 s of
    processor time for each client, and most of ours speak without TLS."""
    if verify is not True or cert is not None:
        return _create(verify, cert, trust_env)
    named = [os.environ.get(name) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR")]
    return _of(trust_env, certifi.where(), *named)


# There is no setting for it; a context given to each client would stand in two hundred places.
httpx.create_ssl_context = default.create_ssl_context = _shared
