"""All metrics: name, type and meaning."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from runtime.endpoint import Endpoint


class Metrics:
    """The metrics of one process.

    Has its own registry, so that two services in one test process do not collide.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        r = self.registry
        self.received = Counter(
            "tachowatt_messages_received", "Messages taken from the broker", registry=r
        )
        self.outcome = Counter(
            "tachowatt_messages_outcome",
            "Messages whose outcome is committed: stored, duplicate, dead_lettered, refused or "
            "ignored",
            ["tenant", "dialect", "outcome"],
            registry=r,
        )
        self.warned = Counter(
            "tachowatt_messages_warned",
            "Messages that were read although something about them is wrong",
            ["tenant", "dialect", "warning"],
            registry=r,
        )
        self.samples = Counter(
            "tachowatt_samples",
            "Samples committed: stored, merged, duplicate or refused",
            ["outcome"],
            registry=r,
        )
        self.in_flight = Gauge(
            "tachowatt_messages_in_flight",
            "Messages received and not yet committed (the ledger's last term)",
            registry=r,
        )
        self.window_messages = Gauge(
            "tachowatt_gateway_window_messages",
            "Messages received and not yet acknowledged to the broker",
            registry=r,
        )
        self.window_messages_limit = Gauge(
            "tachowatt_gateway_window_messages_limit",
            "Limit of unacknowledged messages; reading pauses at this value (Receive Maximum)",
            registry=r,
        )
        self.window_bytes = Gauge(
            "tachowatt_gateway_window_bytes",
            "Bytes of topics, bodies and user properties of messages not yet acknowledged",
            registry=r,
        )
        self.window_bytes_limit = Gauge(
            "tachowatt_gateway_window_bytes_limit",
            "Limit of unacknowledged bytes; reading pauses at this value",
            registry=r,
        )
        self.commit_seconds = Histogram(
            "tachowatt_commit_seconds",
            "Seconds from taking a batch to its commit",
            buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
            registry=r,
        )
        self.step_seconds = Counter(
            "tachowatt_ingest_step_seconds",
            "Seconds spent in each step of ingest; steps of two batches may overlap",
            ["step"],
            registry=r,
        )
        self.step_cpu_seconds = Counter(
            "tachowatt_ingest_step_cpu_seconds",
            "Seconds of CPU that each step of ingest has taken in this process",
            ["step"],
            registry=r,
        )
        self.reconciled = Counter(
            "tachowatt_reconciled_devices", "Devices whose features were recomputed", registry=r
        )
        self.reconcile_pending = Gauge(
            "tachowatt_reconcile_pending",
            "Devices of a partition waiting to be recomputed",
            ["partition"],
            registry=r,
        )
        self.retries = Counter(
            "tachowatt_commit_retries",
            "Batches retried because the store was unavailable",
            registry=r,
        )
        self.partitions = Gauge(
            "tachowatt_partitions", "Kafka partitions that this worker owns", registry=r
        )
        self.lag = Gauge(
            "tachowatt_log_lag",
            "Messages in a Kafka partition not yet committed to the store",
            ["partition"],
            registry=r,
        )
        self.fenced = Counter(
            "tachowatt_fenced",
            "Batches dropped because another owner advanced the offset, or messages were missing",
            registry=r,
        )
        self.published = Counter(
            "tachowatt_published", "Signals and dead letters published to Kafka", registry=r
        )
        self.reconnects = Counter(
            "tachowatt_mqtt_reconnects", "Times the broker connection was lost", registry=r
        )
        self.contacts = Counter(
            "tachowatt_contacts",
            "Attempts to deliver a contact, by outcome: delivered, or the reason",
            ["channel", "outcome"],
            registry=r,
        )
        self.contacts_pending = Gauge(
            "tachowatt_contacts_pending", "Contacts waiting for delivery", registry=r
        )
        self.changes = Counter(
            "tachowatt_changes",
            "Attempts to send a change of the registry by webhook: delivered, or the reason",
            ["outcome"],
            registry=r,
        )
        self.changes_behind_seconds = Gauge(
            "tachowatt_changes_behind_seconds",
            "Age of the oldest change that an active receiver has not got yet",
            registry=r,
        )
        self.contact_seconds = Histogram(
            "tachowatt_contact_seconds",
            "Seconds from storing a contact to its delivery",
            ["channel"],
            buckets=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 30, 300, 3_600, 86_400),
            registry=r,
        )
        self.signals_decided = Counter(
            "tachowatt_signals_decided", "Signals decided by playbooks", registry=r
        )
        self.playbook_errors = Counter(
            "tachowatt_playbook_errors",
            "Decisions that failed in a condition or text of a playbook",
            ["playbook"],
            registry=r,
        )
        self.playbooks_broken = Gauge(
            "tachowatt_playbooks_broken",
            "Invalid playbook files; the last valid versions are used instead",
            registry=r,
        )
        self.requests = Counter(
            "tachowatt_http_requests",
            "Requests answered by API and pages",
            ["method", "route", "status"],
            registry=r,
        )
        self.request_seconds = Histogram(
            "tachowatt_http_request_seconds",
            "Seconds from a request to the start of its answer",
            ["route"],
            buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
            registry=r,
        )

    def serve(self, host: str, port: int) -> Endpoint:
        """Serve /metrics, /health and /ready until closed. Raises OSError."""
        return Endpoint(self.registry, host, port)
