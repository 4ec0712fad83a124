"""Sequence numbers of devices: up to which `seq` all messages have been processed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from store.postgres.pool import Connection

MOST_AHEAD = 10_000
"""Maximum number of sequence numbers kept beyond a gap; a device sends the others again."""


@dataclass(slots=True)
class DeviceSeq:
    """State of one device.

    run : number of the device's counting; a higher run starts a new counting.
    through : every seq up to this one has been processed.
    ahead : processed sequence numbers beyond a gap.
    """

    run: int
    through: int
    ahead: set[int] = field(default_factory=set)

    def take(self, run: int, seq: int, oldest: int | None) -> None:
        """Count one message as processed.

        The first message of a run without `oldest` is the run's beginning: devices send the
        oldest message that they have first (docs/devices.md).
        """
        if run < self.run:
            return
        if run > self.run:
            self.run, self.ahead = run, set()
            self.through = (seq if oldest is None else min(oldest, seq)) - 1
        if oldest is not None and oldest - 1 > self.through:
            self.through = oldest - 1
            self.ahead = {s for s in self.ahead if s > self.through}
        if seq == self.through + 1:
            self.through = seq
        elif seq > self.through and len(self.ahead) < MOST_AHEAD:
            self.ahead.add(seq)
        while self.through + 1 in self.ahead:
            self.through += 1
            self.ahead.discard(self.through)

    @classmethod
    def first(cls, run: int, seq: int, oldest: int | None) -> "DeviceSeq":
        """Return the state before a device's first message."""
        return cls(run, (seq if oldest is None else min(oldest, seq)) - 1)

    def copy(self) -> "DeviceSeq":
        return DeviceSeq(self.run, self.through, set(self.ahead))


def load(connection: Connection, addresses: Sequence[str]) -> dict[str, DeviceSeq]:
    """Return the states of those devices (tenant/device) that have one."""
    rows = connection.execute(
        "select address, run, through, ahead from pipeline.device_seq where address = any(%s)",
        (list(addresses),),
    )
    return {row[0]: DeviceSeq(row[1], row[2], set(row[3])) for row in rows.fetchall()}


def advance(
    connection: Connection, addresses: Sequence[str], runs: Sequence[int], throughs: Sequence[int]
) -> None:
    """Advance devices that are in the table and have no gap, in the caller's transaction.

    The arrays are sent as literals joined here: an address needs no quotes (contracts.topics
    NAME), and for thousands of devices the driver's encoding costs more than the database's part.
    An update costs half of an insert with a conflict.
    """
    if not addresses:
        return
    connection.execute(
        "update pipeline.device_seq s set run = r, through = t, ahead = '{}' "
        "from unnest(%s::text[], %s::bigint[], %s::bigint[]) as x (d, r, t) where s.address = d",
        (_literal(addresses), _literal(map(str, runs)), _literal(map(str, throughs))),
    )


def save(connection: Connection, states: dict[str, DeviceSeq]) -> None:
    """Write states, in the caller's transaction."""
    if not states:
        return
    ordered = sorted(states.items())
    connection.execute(
        "insert into pipeline.device_seq select d, r, t, '{}' "
        "from unnest(%s::text[], %s::bigint[], %s::bigint[]) as x (d, r, t) "
        "on conflict (address) do update "
        "set run = excluded.run, through = excluded.through, ahead = excluded.ahead",
        (
            _literal(address for address, _ in ordered),
            _literal(str(state.run) for _, state in ordered),
            _literal(str(state.through) for _, state in ordered),
        ),
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            "update pipeline.device_seq set ahead = %s where address = %s",
            [(sorted(state.ahead), address) for address, state in ordered if state.ahead],
        )


def _literal(values: Iterable[str]) -> str:
    return "{" + ",".join(values) + "}"
