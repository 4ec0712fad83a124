"""TLS of API and pages: certificate and key from files, which may be renewed while it runs."""

import logging
import ssl
from pathlib import Path

from runtime.errors import Usage
from runtime.settings import Settings

log = logging.getLogger("api.tls")


class Certificate:
    """A server's certificate; `context` is for each new connection."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._files = (certificate, key)
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._changed = self._stamp()
        self._load()

    @property
    def context(self) -> ssl.SSLContext:
        """The context, with the certificate that the files have now.

        Files that cannot be used, such as half-written ones, leave the one before in place.
        """
        stamp = self._stamp()
        if stamp != self._changed:
            self._changed = stamp
            try:
                self._load()
                log.warning("the certificate of API and pages was read again")
            except Usage as error:
                log.error("%s; the one before stays in use", error)
        return self._context

    def _stamp(self) -> tuple[int, ...]:
        try:
            found = [file.stat() for file in self._files]
        except OSError:
            return ()
        return tuple(value for one in found for value in (one.st_mtime_ns, one.st_ino))

    def _load(self) -> None:
        certificate, key = self._files
        try:
            # Another context first: a pair that does not match would spoil the one in use.
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
                certificate, key, ""
            )
            self._context.load_cert_chain(certificate, key, "")
        except OSError as error:  # ssl.SSLError too
            raise Usage(f"TLS of API and pages, {certificate} and {key}: {error}") from None


def certificate_of(settings: Settings) -> Certificate | None:
    """Return the certificate that the settings name; None where API and pages are served by http.

    Raises `Usage`.
    """
    certificate, key = settings.api_tls_cert_file, settings.api_tls_key_file
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise Usage(
            "set both TACHOWATT_API_TLS_CERT_FILE and TACHOWATT_API_TLS_KEY_FILE, or neither"
        )
    return Certificate(certificate, key)
