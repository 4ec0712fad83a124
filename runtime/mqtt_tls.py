"""TLS towards an MQTT broker, as the settings have it."""

import ssl

from runtime.errors import Usage
from runtime.settings import Settings


def mqtt_tls(settings: Settings) -> ssl.SSLContext:
    """Return the context for mqtts:// and wss://: system authorities, or only the one of the
    settings, and our certificate if there is one. Raises `Usage` for files that cannot be used."""
    ca, certificate, key = (
        settings.mqtt_ca_file,
        settings.mqtt_cert_file,
        settings.mqtt_key_file,
    )
    if (certificate is None) != (key is None):
        raise Usage("TACHOWATT_MQTT_CERT_FILE and TACHOWATT_MQTT_KEY_FILE go together")
    try:
        context = ssl.create_default_context(cafile=ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if certificate is not None:
            context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise Usage(
            f"TLS to the MQTT broker: {error}; check TACHOWATT_MQTT_CA_FILE, …_CERT_FILE and "
            "…_KEY_FILE (PEM)"
        ) from None
    return context
