"""How far the numbered messages of a device have been dealt with, without a hole."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from store.pool import Connection


@dataclass(slots=True)
class DeviceSeq:
    """State of one device.

    run : the device's counting; a higher one begins anew.
    through : every seq up to here has been dealt with.
    ahead : dealt with beyond a hole.
    """

    run: int
    through: int
    ahead: set[int] = field(default_factory=set)

    def take(self, run: int, seq: int, oldest: int | None) -> None:
        """Account for one message.

        A first message of a run without `oldest` is taken as its beginning: devices send the
        oldest message they hold first (docs/devices.md).
        """
        if run < self.run:
            return
        if run > self.run:
            self.run, self.ahead = run, set()
            self.through = (seq if oldest is None else min(oldest, seq)) - 1
        if oldest is not None and oldest - 1 > self.through:
            self.through = oldest - 1
        if seq > self.through:
            self.ahead.add(seq)
        while self.through + 1 in self.ahead:
            self.through += 1
        if self.ahead:
            self.ahead = {s for s in self.ahead if s > self.through}

    @classmethod
    def first(cls, run: int, seq: int, oldest: int | None) -> "DeviceSeq":
        """State before the first message ever seen of a device."""
        return cls(run, (seq if oldest is None else min(oldest, seq)) - 1)

    def copy(self) -> "DeviceSeq":
        return DeviceSeq(self.run, self.through, set(self.ahead))


def load(connection: Connection, device_ids: Sequence[int]) -> dict[int, DeviceSeq]:
    """States of those devices that have one."""
    rows = connection.execute(
        "select device_id, run, through, ahead from pipeline.device_seq where device_id = any(%s)",
        (list(device_ids),),
    )
    return {row[0]: DeviceSeq(row[1], row[2], set(row[3])) for row in rows.fetchall()}


def save(connection: Connection, states: dict[int, DeviceSeq]) -> None:
    """Write states, in the caller's transaction."""
    if not states:
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into pipeline.device_seq values (%s, %s, %s, %s) "
            "on conflict (device_id) do update "
            "set run = excluded.run, through = excluded.through, ahead = excluded.ahead",
            [(d, s.run, s.through, sorted(s.ahead)) for d, s in sorted(states.items())],
        )
