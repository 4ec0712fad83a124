"""Settings: `TACHOWATT_*` in the environment, or `tachowatt.toml` in the working directory.

The environment wins over a secret's own file (`TACHOWATT_…_FILE`), and that over
`tachowatt.toml`. `docs/settings.md` is generated from this class (`tachowatt settings --markdown`);
a test compares them.
"""

import os
from datetime import datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from runtime.clock import US_PER_S, SystemClock
from runtime.errors import Usage
from runtime.urls import with_password

_PASSWORD_OF = {
    "database_password": "database_url",
    "api_database_password": "api_database_url",
    "mqtt_password": "mqtt_url",
    "mqtt_admin_password": "mqtt_admin_url",
    "smtp_password": "smtp_url",
}
"""Setting of a password → the setting of the URL that it belongs to."""

FROM_FILES = (*_PASSWORD_OF, *_PASSWORD_OF.values(), "kafka_password", "log_token")
"""Settings that may stand in a file: TACHOWATT_<NAME>_FILE names it."""

SECRET = frozenset({*FROM_FILES, "secrets_key"})
"""Settings whose values stand in no message."""

_ZONE_DAYS = 366
"""Days before and after now on which a zone is checked. Clocks go back once a year."""


class Settings(BaseSettings):
    """All settings with their defaults and reasons."""

    model_config = SettingsConfigDict(
        env_prefix="TACHOWATT_", toml_file="tachowatt.toml", extra="ignore", frozen=True
    )

    state_dir: Path = Field(
        default=Path(".tachowatt"),
        description="Where the embedded servers keep their data, and a service its address.",
    )
    database_url: str | None = Field(
        default=None,
        description="A PostgreSQL to use instead of the embedded one: postgresql://user@host/db.",
    )
    timescale: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="Whether TimescaleDB keeps the samples. auto: where the server has it and the "
        "role may create it, decided once, at a database's first migration; on: refuse to start "
        "without it; off: plain PostgreSQL.",
    )
    chunk_days: int = Field(
        default=7,
        ge=1,
        le=365,
        description="Days of samples in one chunk (TimescaleDB) or partition. Retention drops "
        "whole ones.",
    )
    chunks_ahead: int = Field(
        default=2,
        ge=1,
        le=50,
        description="Partitions created in advance, on plain PostgreSQL.",
    )
    retention_days: int = Field(
        default=0,
        ge=0,
        le=36_500,
        description="Days that samples are kept; 0 keeps all. Features and rollups stay.",
    )
    privacy_retention: str = Field(
        default="",
        description="Days that personal data are kept, by category, instead of those that "
        "`tachowatt privacy record` shows: `casework=1095,faults=30`; 0 = until the customer is "
        "erased.",
    )
    erasure_physical_days: int = Field(
        default=35,
        ge=1,
        le=3_650,
        description="Days after an erasure within which Kafka's log, the write-ahead log and all "
        "backups of that time have ended; the promise to the customer. Keep no backup longer.",
    )
    compress_after_days: int = Field(
        default=7,
        ge=1,
        description="Age in days at which chunks move to the columnstore, on TimescaleDB.",
    )
    rollup_zone: str = Field(
        default="UTC",
        description="Time zone (IANA) whose days and months the rollups have. A change "
        "rebuilds them.",
    )
    database_password: str | None = Field(
        default=None,
        repr=False,
        description="Password for `database_url`, where that has none.",
    )
    kernels_dir: Path | None = Field(
        default=None,
        description="Folder of the compiled kernels, instead of beside their packages: for code "
        "that its process may not write. From the environment only.",
    )
    secrets_key_file: Path | None = Field(
        default=None,
        description="File with the keys that stored secrets are sealed with, the newest first "
        "(docs/security.md). Without one: secrets.key in the state directory, created for a new "
        "database.",
    )
    secrets_key: str | None = Field(
        default=None,
        repr=False,
        description="The keys themselves, with commas, instead of a file.",
    )
    phone_region: str = Field(
        default="DE",
        pattern="^[A-Z]{2}$",
        description="Country (ISO 3166-1) of phone numbers that are given without a country code.",
    )
    match_propose_from: float = Field(
        default=0.7,
        gt=0,
        le=1,
        description="Score from which two customers are proposed as one (tachowatt match).",
    )
    match_sure_from: float = Field(
        default=0.97,
        gt=0,
        le=1,
        description="Score from which a proposed pair is called sure; a person decides anyway.",
    )
    match_four_eyes_below: str = Field(
        default="",
        description="Score below which the merge of a proposed pair needs a second person, by "
        "tenant: `acme=0.99,globex=0`; 0 = never. All others: the score of `match_sure_from`.",
    )
    match_shared_from: int = Field(
        default=6,
        ge=2,
        description="Customers with one number or address from which it says nothing about who "
        "somebody is.",
    )
    match_block_most: int = Field(
        default=100,
        ge=2,
        description="Customers with the same name, or the same other sign, who are compared with "
        "one another; of more of them, other signs decide.",
    )
    api_database_url: str | None = Field(
        default=None,
        description="Login of API and pages, if it differs from `database_url`: a member of "
        "tachowatt_reader only (docs/roles.md).",
    )
    api_database_password: str | None = Field(
        default=None,
        repr=False,
        description="Password for `api_database_url`, where that has none.",
    )
    mqtt_url: str | None = Field(
        default=None,
        description="An MQTT broker to use instead of the embedded one: mqtt://host:1883, "
        "mqtts://user:password@host:8883, or by websocket ws://host/mqtt or wss://host/mqtt.",
    )
    mqtt_password: str | None = Field(
        default=None, repr=False, description="Password for `mqtt_url`, where that has none."
    )
    broker: Literal["auto", "mosquitto", "embedded"] = Field(
        default="auto",
        description="The broker that `serve` and `demo` start where there is no `mqtt_url`. auto: "
        "Mosquitto with its dynamic-security plugin where it is installed, else the embedded one; "
        "mosquitto: refuse to start without it; embedded: the wheel's, for every local process "
        "without credentials.",
    )
    mqtt_admin_url: str | None = Field(
        default=None,
        description="Where `tachowatt device` provisions: mqtt://admin:password@host:1883 of a "
        "Mosquitto with its dynamic-security plugin. Not needed for the broker of `serve` in the "
        "same state directory.",
    )
    mqtt_admin_password: str | None = Field(
        default=None, repr=False, description="Password for `mqtt_admin_url`, where that has none."
    )
    mqtt_devices_url: str | None = Field(
        default=None,
        description="Where devices reach the broker, such as mqtts://mqtt.example:8883: it is "
        "shown with their credentials. Without it that of mqtt_admin_url or of the running service "
        "is shown.",
    )
    mqtt_ca_file: Path | None = Field(
        default=None,
        description="The authority (PEM) that certified the MQTT broker, for mqtts:// and wss://; "
        "without it those of the system.",
    )
    mqtt_cert_file: Path | None = Field(
        default=None,
        description="Our certificate (PEM) for a broker that asks for one, with `mqtt_key_file`.",
    )
    mqtt_key_file: Path | None = Field(
        default=None, description="Private key (PEM) of `mqtt_cert_file`, without a passphrase."
    )
    mqtt_version: Literal["5", "3.1.1"] = Field(
        default="5",
        description="Version of MQTT that the broker speaks. 3.1.1 has no content type, and is "
        "read more slowly, as TLS and websockets are.",
    )
    mqtt_topic_aliases: int = Field(
        default=0,
        ge=0,
        le=65_535,
        description="How many topic aliases the broker of mqtt_url may use towards the gateway. "
        "They save the bytes of topics on a long line. A broker may get them wrong (rumqttd does: "
        "messages then seem to be another device's), so try it before.",
    )
    mqtt_port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="Port of the broker that `serve` starts, on the loopback; 0 takes a free one, "
        "and keeps it over a restart if it is still free.",
    )
    mqtt_3_port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="The embedded broker's port for MQTT 3.1.1, as `mqtt_port` is that for MQTT 5. "
        "Mosquitto speaks both on one port.",
    )
    mqtt_client_id: str = Field(
        default="tachowatt-gateway",
        description="Client id of the gateway's persistent session. Another id is another session: "
        "messages queued for the old one stay there.",
    )
    mqtt_share_group: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9._-]{0,64}$",
        description="Name of a shared subscription ($share/NAME/…), the same for all gateways of a "
        "broker, each with its own client id; empty = only one gateway.",
    )
    receive_maximum: int = Field(
        default=8_000,
        ge=1,
        le=65_535,
        description="How many messages the broker may have under way to the gateway without an "
        "acknowledgement. It bounds memory, and is the back-pressure when the store is slow.",
    )
    batch_messages: int = Field(
        default=4_000, ge=1, description="Maximum of messages in one transaction."
    )
    batch_wait_ms: int = Field(
        default=2,
        ge=0,
        description="How long a first message waits for company. Batches grow by themselves while "
        "the one before is being committed, so this only spares an idle system many small ones.",
    )
    max_body_bytes: int = Field(
        default=512 * 1024,
        ge=1024,
        description="Larger bodies are dead-lettered unread.",
    )
    max_samples_per_message: int = Field(
        default=10_000, ge=1, description="Longer messages are dead-lettered."
    )
    device_messages_per_s: float = Field(
        default=100.0,
        ge=0.0,
        description="How many messages a second a device may send for long; what comes above it is "
        "deferred (kept, and processed at this rate). 0 = no limit.",
    )
    device_burst_messages: int = Field(
        default=50_000,
        ge=1,
        description="How many messages a device may send at once, such as its backlog of a week.",
    )
    device_bytes_per_s: float = Field(
        default=1024.0 * 1024.0,
        ge=0.0,
        description="How many bytes a second a device may send for long. 0 = no limit.",
    )
    device_burst_bytes: int = Field(
        default=256 * 1024 * 1024, ge=1, description="How many bytes a device may send at once."
    )
    tenant_messages_per_s: float = Field(
        default=0.0,
        ge=0.0,
        description="The same for all devices of a tenant in a partition together. 0 = no limit: "
        "to process a message costs little more than to defer it.",
    )
    tenant_bytes_per_s: float = Field(
        default=0.0, ge=0.0, description="As the setting above, for bytes."
    )
    tenant_burst_s: float = Field(
        default=60.0,
        gt=0.0,
        description="For how many seconds' worth a tenant may send at once.",
    )
    deferred_device_messages: int = Field(
        default=10_000,
        ge=0,
        description="Most deferred messages that are kept of a device; later ones are counted, and "
        "not acknowledged to the device.",
    )
    deferred_device_bytes: int = Field(
        default=64 * 1024 * 1024, ge=0, description="Most bytes of them."
    )
    dead_letter_device_messages: int = Field(
        default=1_000,
        ge=0,
        description="Most dead letters that are kept of a device; later ones are counted, and not "
        "acknowledged to the device.",
    )
    dead_letter_device_bytes: int = Field(
        default=16 * 1024 * 1024, ge=0, description="Most bytes of them."
    )
    dead_letter_tenant_bytes: int = Field(
        default=1024 * 1024 * 1024,
        ge=0,
        description="Most bytes that are kept of a tenant, dead letters and deferred messages.",
    )
    quarantine_after_messages: int = Field(
        default=100,
        ge=1,
        description="A device is in quarantine after this many messages in a row that cannot be "
        "used, until its next one that can. It does not count for the cap then.",
    )
    dead_letter_cap_messages: int = Field(
        default=2_000,
        ge=0,
        description="A source (a tenant's dialect) stops when nearly all of this many messages "
        "went to the dead letter: later ones are deferred, and it is tried again by itself. "
        "0 = never.",
    )
    dead_letter_cap_share: float = Field(
        default=0.95, gt=0.0, le=1.0, description="Share of them that counts as nearly all."
    )
    dead_letter_cap_devices: int = Field(
        default=20,
        ge=1,
        description="It stops only if they are of at least this many devices, and of a fifth of "
        "its registered devices: fewer are put aside one by one.",
    )
    dead_letter_probe_s: float = Field(
        default=30.0,
        gt=0.0,
        description="A stopped source is tried again after this time, and after twice as long each "
        "time that fails, up to twenty times this.",
    )
    clock_ahead_tolerance_s: float = Field(
        default=300.0,
        ge=0.0,
        description="A device clock further ahead of ours is dead-lettered, not guessed.",
    )
    checkpoint_samples: int = Field(
        default=2_000,
        ge=1,
        description="A device's carry is checkpointed after this many samples; samples after the "
        "last checkpoint are replayed at start.",
    )
    checkpoints_per_batch: int = Field(
        default=256,
        ge=1,
        description="Most checkpoints written with one batch: thousands of devices that began "
        "together would all be due at once.",
    )
    reconcile_wait_s: float = Field(
        default=0.5,
        ge=0.0,
        description="A device's features are recomputed once no late sample has arrived for this "
        "time, or after ten times this time.",
    )
    silence_s: float = Field(
        default=30.0,
        ge=0.0,
        description="The open trip of a car is stored as provisional after this time without "
        "samples; its next sample replaces it.",
    )
    ack_interval_s: float = Field(
        default=1.0,
        ge=0.0,
        description="Minimum time between two `…/ack` to a device. An acknowledgement costs as "
        "much as a message, so thousands of devices should not get one for each.",
    )
    kafka_topic_prefix: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9._-]{0,100}$",
        description="Prefix of the names of Kafka's topics and groups: telemetry.raw, …",
    )
    kafka_password: str | None = Field(
        default=None,
        repr=False,
        description="Password for the Kafka of `--log kafkas://user@host`, where that has none.",
    )
    kafka_ca_file: Path | None = Field(
        default=None,
        description="Certificates (PEM) of the authority that signed Kafka's certificate, instead "
        "of those of the system; for `--log kafkas://…`.",
    )
    kafka_session_timeout_s: float = Field(
        default=10.0,
        ge=1.0,
        le=300.0,
        description="A worker that sends no heartbeat to Kafka for this time loses its partitions. "
        "It must be within the broker's group.min.session.timeout.ms and …max….",
    )
    kafka_home: Path | None = Field(
        default=None,
        description="A distribution of Apache Kafka, or a folder with its jars, for the commands "
        "that start one (`bench`, `fault`); without it Maven fetches them once.",
    )
    log_token: str | None = Field(
        default=None,
        repr=False,
        min_length=16,
        description="Token that gateways and `tachowatt ingest --listen` prove to each other; "
        "needed where that listens beyond the loopback.",
    )
    metrics_port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="Port of /metrics, /health and /ready; 0 takes a free one.",
    )
    metrics_host: str = Field(
        default="127.0.0.1",
        description="Address on which they are served. They need no key; do not expose them.",
    )
    api_host: str = Field(
        default="127.0.0.1",
        description="Address on which API and pages listen. Beyond the loopback, use a proxy "
        "with TLS.",
    )
    api_port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="Port of API and pages; 0 takes a free one, the same again after a restart "
        "where it is still free.",
    )
    api_tls_cert_file: Path | None = Field(
        default=None,
        description="Certificate (PEM, with its chain) for API and pages: they are served by "
        "https then. Read again when the file changes.",
    )
    api_tls_key_file: Path | None = Field(
        default=None, description="Private key (PEM, without a passphrase) of that certificate."
    )
    api_connections: int = Field(
        default=8, ge=1, le=100, description="Maximum of database connections of the API."
    )
    api_requests_per_minute: int = Field(
        default=1_200, ge=1, description="Requests that one key may make in a minute."
    )
    api_failures_per_minute: int = Field(
        default=60,
        ge=1,
        description="Requests and sign-ins with an invalid key that one address may make in a "
        "minute (of IPv6: one /64). Keys that were accepted before are not refused.",
    )
    api_session_idle_s: float = Field(
        default=3_600.0,
        gt=0.0,
        description="A session of the pages that nobody has used for so long ends; every one ends "
        "12 h after the sign-in.",
    )
    api_base_url: str = Field(
        default="",
        description="Where clients reach API and pages, such as https://tachowatt.example: cookies "
        "are for this host, other hosts and origins are refused, and https is insisted on (Secure, "
        "HSTS). To be set behind a proxy.",
    )
    api_stream_origins: str = Field(
        default="",
        description="Origins whose pages may open streams by EventSource with a token, with "
        "commas: https://desk.example. Empty = pages of this host only.",
    )
    api_stream_token_s: int = Field(
        default=300,
        ge=10,
        le=3600,
        description="A token of POST /v1/stream-tokens opens its stream for so long.",
    )
    api_trusted_proxies: str = Field(
        default="127.0.0.1,::1",
        description="Addresses or networks of the proxies before the API, with commas. From these "
        "alone X-Forwarded-For and X-Forwarded-Proto are taken.",
    )
    api_clients: int = Field(
        default=1_000,
        ge=16,
        le=100_000,
        description="Connections of clients to the API at once at most; fewer where the process "
        "may not open so many files (ulimit -n). One more closes that which has waited longest "
        "for its client.",
    )
    api_head_timeout_s: float = Field(
        default=10.0,
        gt=0.0,
        description="How long a client may take to send the head of a request.",
    )
    api_body_timeout_s: float = Field(
        default=20.0,
        gt=0.0,
        description="How long it may take to send the body, of 64 KiB at most.",
    )
    api_unread_timeout_s: float = Field(
        default=60.0,
        gt=0.0,
        description="A client that has not taken anything of an answer for so long is cut off.",
    )
    sign_in_by_key: bool = Field(
        default=True,
        description="Whether the pages take keys too. Keys are for machines: set it to false where "
        "people have accounts (docs/security.md).",
    )
    demo_sign_in: bool = Field(
        default=False,
        description="Whether the demo's people sign in by one click: on the loopback only, and "
        "never with api_base_url.",
    )
    oidc_issuer: str = Field(
        default="",
        description="OpenID provider by which people sign in, and whose tokens the API takes: "
        "https://sso.example.org/realms/tw. Its address /.well-known/openid-configuration has the "
        "rest.",
    )
    oidc_name: str = Field(
        default="OpenID", description="Its name on the sign-in page, as people know it."
    )
    oidc_client_id: str = Field(
        default="",
        description="Client id of the pages at the provider; empty = people do not use it.",
    )
    oidc_client_secret_file: Path | None = Field(
        default=None,
        description="File with the client secret of the pages; without one the client is public "
        "(PKCE is used in any case).",
    )
    oidc_role_claim: str = Field(
        default="",
        description="Claim of the ID token with the person's groups or roles: groups, or with dots "
        "realm_access.roles. Empty = people have the role that `tachowatt person add` gave them.",
    )
    oidc_role_map: str = Field(
        default="",
        description="Values of that claim and the role of each, with commas: "
        "tw-agents=agent,tw-leads=supervisor. The first one of this list that a person has counts; "
        "who has none is not let in.",
    )
    oidc_audience: str = Field(
        default="",
        description="Audience (aud) of access tokens for the API; empty = the API takes keys only.",
    )
    oidc_clients: str = Field(
        default="",
        description="Machines that come with access tokens of client credentials, with commas: "
        "client=tenant:role. Others are refused.",
    )
    oidc_scope_map: str = Field(
        default="",
        description="Names that the provider uses for scopes of the API, with commas: "
        "tw.scores=scores:read. Names of the API count as they are.",
    )
    playbooks_dir: Path | None = Field(
        default=None,
        description="Folder of the playbooks (*.yaml) to use instead of the shipped ones. Changes "
        "count without a restart.",
    )
    actions_dir: Path | None = Field(
        default=None,
        description="Folder of the actions (*.yaml, docs/actions.md) to use instead of the shipped "
        "ones.",
    )
    consent_head_webhook_url: str | None = Field(
        default=None,
        description="Where the signed head of the consent ledger is posted each hour (a compact "
        "JWS as application/jose), besides consent-heads/heads.jws of the state directory. Best a "
        "place where nobody who can write to the database can write.",
    )
    webhook_private_networks: str = Field(
        default="",
        description="Networks that receivers of webhooks may be in although they are private, with "
        "commas: 10.1.0.0/16,127.0.0.0/8. All others that are not public are refused, and http:// "
        "everywhere else.",
    )
    webhook_timeout_s: float = Field(
        default=45.0, gt=0.0, description="How long a receiver of webhooks may take to answer."
    )
    webhook_concurrency: int = Field(
        default=8,
        ge=1,
        le=200,
        description="Webhooks under way to one receiver at once. Each receiver has its own lane, "
        "so a slow one delays no other.",
    )
    retry_schedule_s: str = Field(
        default="0,5,30,60,120,300,300,600,1800,7200,18000,36000,50400,72000,86400",
        description="Seconds before each attempt to deliver, with commas. The default ends like "
        "that of Standard Webhooks, after three days, and begins denser: a crash should not wait "
        "half an hour for a receiver that was away for ten minutes. After the last one a contact "
        "has failed.",
    )
    messages_per_day: int = Field(
        default=3,
        ge=0,
        le=1_000,
        description="Most messages of playbooks and about cases to one customer by one channel in "
        "24 hours; 0 = no cap. What is urgent (a crash) passes and is not counted. All other "
        "contact rules stand in all.yaml of the actions (docs/actions.md).",
    )
    outbound_every_h: int = Field(
        default=0,
        ge=0,
        le=24 * 31,
        description="Decide about each customer once in so many hours whether an action is worth a "
        "message (docs/actions.md); 0 = never.",
    )
    outbound_signals: str = Field(
        default="",
        description="Types of signals, with commas, on which it is decided whether an action is "
        "worth a message to their customer, such as score.changed.",
    )
    case_link_h: int = Field(
        default=48,
        ge=1,
        le=720,
        description="A link to a case, in a message or from an agent, opens it for so many hours.",
    )
    consent_request_h: int = Field(
        default=72,
        ge=1,
        le=720,
        description="The link by which a customer confirms a consent that somebody else has "
        "entered works for so many hours.",
    )
    consent_renewal_days: int = Field(
        default=30,
        ge=0,
        le=365,
        description="A customer is reminded so many days before a consent ends, with a link to "
        "renew it; 0 = never. One that was granted for a shorter time is not.",
    )
    consent_max_age_days: str = Field(
        default="",
        description="Days after which a consent given from now on ends, by purpose, such as "
        "driving_score=730,channel_email=1095. Without one it counts until it is withdrawn.",
    )
    smtp_url: str | None = Field(
        default=None,
        description="Mail server: smtp://user:password@host:587 (with STARTTLS where it is "
        "offered) or smtps://host:465. Without one no mail is planned.",
    )
    smtp_password: str | None = Field(
        default=None, repr=False, description="Password for `smtp_url`, where that has none."
    )
    smtp_from: str = Field(
        default="Tachowatt <tachowatt@localhost>", description="Sender of e-mails."
    )
    smtp_concurrency: int = Field(default=4, ge=1, le=50, description="E-mails under way at once.")
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR.")

    @model_validator(mode="before")
    @classmethod
    def _with_passwords(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Put passwords that are given apart, mostly from files, into their URLs."""
        for name, url in _PASSWORD_OF.items():
            if values.get(name) and values.get(url):
                values[url] = with_password(str(values[url]), str(values[name]))
        return values

    @field_validator("api_base_url")
    @classmethod
    def _is_an_origin(cls, value: str) -> str:
        parts = urlsplit(value)
        origin = f"{parts.scheme}://{parts.netloc}"
        if value and (
            parts.scheme not in ("http", "https")
            or not parts.hostname
            or parts.username is not None
            or value.rstrip("/") != origin
        ):
            raise ValueError("expected http(s)://host or http(s)://host:port, without a path")
        return value.rstrip("/")

    @field_validator("oidc_role_map", "oidc_clients", "oidc_scope_map")
    @classmethod
    def _are_pairs(cls, value: str) -> str:
        pairs_of(value)
        return value

    @field_validator("match_four_eyes_below")
    @classmethod
    def _are_scores(cls, value: str) -> str:
        if not all(0.0 <= float(score) <= 1.0 for score in pairs_of(value).values()):
            raise ValueError("expected tenant=score with commas, each score from 0 to 1")
        return value

    @field_validator("webhook_private_networks", "api_trusted_proxies")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        for network in filter(None, value.replace(" ", "").split(",")):
            ip_network(network)
        return value

    @field_validator("rollup_zone")
    @classmethod
    def _is_a_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("expected an IANA time zone, such as Europe/Berlin")
        zone = ZoneInfo(value)
        first = datetime.fromtimestamp(SystemClock().now_us() // US_PER_S, zone)
        first = first.replace(hour=0, minute=0, second=0, fold=0)
        midnights = (first + timedelta(days) for days in range(-_ZONE_DAYS, _ZONE_DAYS))
        if any(at.timestamp() < at.replace(fold=1).timestamp() for at in midnights):
            raise ValueError(f"midnight occurs twice on a day of {value}; take another zone")
        return value

    @field_validator("consent_max_age_days")
    @classmethod
    def _are_days_by_purpose(cls, value: str) -> str:
        for days in pairs_of(value).values():
            if not days.isdecimal() or int(days) < 1:
                raise ValueError(f"expected whole days, not {days!r}")
        return value

    @field_validator("retry_schedule_s")
    @classmethod
    def _are_seconds(cls, value: str) -> str:
        if any(float(part) < 0.0 for part in value.split(",")):
            raise ValueError("expected seconds with commas, none below 0")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        files = _FileSource(settings_cls)
        return (init_settings, env_settings, files, TomlConfigSettingsSource(settings_cls))


class _FileSource(PydanticBaseSettingsSource):
    """Secret settings from files, as containers provide them: `TACHOWATT_<NAME>_FILE`."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        name = f"TACHOWATT_{field_name.upper()}_FILE"
        path = os.environ.get(name, "")
        if field_name not in FROM_FILES or not path:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip("\r\n"), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            raise Usage(f"{name}: {path} cannot be read: {error}") from None

    def __call__(self) -> dict[str, Any]:
        found = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: value for name, value in found.items() if value is not None}


def pairs_of(text: str) -> dict[str, str]:
    """Parse `name=value,name=value`. Raises ValueError."""
    found = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, sign, value = part.partition("=")
        if not sign or not name.strip() or not value.strip():
            raise ValueError(f"expected name=value with commas, found {part!r}")
        found[name.strip()] = value.strip()
    return found


def as_markdown() -> str:
    """Return all settings as the Markdown of docs/settings.md."""
    lines = [
        "# Settings",
        "",
        "From the environment, or from `tachowatt.toml` in the working directory (names in small",
        "letters, without the prefix). The environment wins.",
        "",
        "These may stand in a file of their own, as containers provide secrets;",
        "`TACHOWATT_DATABASE_PASSWORD_FILE=/run/secrets/…` names it: "
        + ", ".join(f"`{name}`" for name in sorted(FROM_FILES))
        + ".",
        "",
        "| variable | default | what it is |",
        "| --- | --- | --- |",
    ]
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else f"`{field.default}`"
        lines.append(f"| `TACHOWATT_{name.upper()}` | {default} | {field.description} |")
    return "\n".join(lines) + "\n"
