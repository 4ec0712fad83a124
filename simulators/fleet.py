"""A whole fleet: cars and meters with a past and a live hour, their register, and the truth."""

import math
from collections import Counter
from typing import Any

import numpy as np

from simulators import anomalies, consents, household, meters
from simulators.cars import Output, Scene, make_car, profile_of
from simulators.encode import Message
from simulators.faults import Faults, disturb
from simulators.homes import Street, draw_traits, kind_of, make_meter
from simulators.registry import Registry, customer_id, draw_owners, stream
from simulators.road import build_net

TRUTH_VERSION = 1
_SHORTEST_DAYS = 2.0
"""A shorter history has no room for anomalies after a clean past."""
_S_US = 1_000_000
_DAY_US = 86_400 * _S_US


class Fleet:
    """Simulated devices, ready to be published.

    Parameters
    ----------
    start : int, epoch µs, where the live time begins. The history lies before it
    history_days, drive_history_hours : how far back meters and cars reach
    live_s : length of the live time. Devices send nothing later than start + live_s
    anomaly_share : share of the meters with an anomaly in their history (2 days at least)
    live_anomalies : spikes in the live time, on further meters
    tasmota_interval_s : how often a Tasmota reports (its own default is 300)

    Attributes
    ----------
    registry : dict, as `tachowatt import` reads it
    history, live : list of Message by due time; history is all due before `start`
    truth : dict of JSON types. Times are epoch µs. `trips`, `events`, `crashes` and `anomalies`
        name their device; devices whose customer does not consent (`refused_devices`) are not
        among them. `consents` says who may be contacted about what, and by which channel.
        `faults` counts what was done on the way
    recordings : list of Output, with the samples of every device
    """

    def __init__(
        self,
        cars: int = 50,
        meters: int = 200,
        seed: int = 1,
        *,
        start: int,
        history_days: float = 14,
        drive_history_hours: float = 24,
        live_s: int = 3_600,
        tenant: str = "demo",
        timezone: str = "Europe/Berlin",
        faults: Faults = Faults(),  # noqa: B008 - frozen
        crashes: int = 5,
        live_crashes: int = 2,
        anomaly_share: float = 0.2,
        live_anomalies: int = 0,
        tasmota_interval_s: int = 300,
    ) -> None:
        self.seed, self.tenant, self.start_us, self.live_s = seed, tenant, start, live_s
        self.history_days, self.faults = history_days, faults
        self.tasmota_interval_s = tasmota_interval_s
        self.recordings: list[Output] = []
        self._counts: Counter[str] = Counter()
        self._owners = draw_owners(cars, meters, self._rng("owners"))
        self._registry = Registry(tenant, timezone, start)
        crash = self._choose_crashes(cars, min(crashes, cars), live_crashes)
        self._registry.add_customers(
            self._owners, self._rng, {self._owners.car_owner[number] for number in crash}
        )
        self._refused: list[str] = []
        self._devices: dict[str, dict[str, Any]] = {}
        net = build_net(seed)
        scene = Scene(net, tenant, timezone, start, live_s, drive_history_hours, faults)
        self._make_cars(scene, cars, crash)
        self._make_meters(meters, timezone, anomaly_share, live_anomalies)
        self.registry = self._registry.rows
        self.history = sorted((m for o in self.recordings for m in o.history), key=_due)
        self.live = sorted((m for o in self.recordings for m in o.live), key=_due)
        self.truth = self._truth()

    @property
    def end_us(self) -> int:
        """End of the live time."""
        return self.start_us + self.live_s * _S_US

    def _rng(self, what: str) -> np.random.Generator:
        return stream(self.seed, what)

    def _choose_crashes(self, cars: int, crashes: int, live_crashes: int) -> dict[int, str]:
        """Which cars crash, and when: 'history' or 'live'. None whose owner is refused."""
        rng = self._rng("crashes")
        consenting = [
            i
            for i in range(cars)
            if profile_of(i) == "dongle" and self._owners.car_owner[i] not in self._owners.refused
        ]
        hit = rng.permutation(consenting)[:crashes].tolist()
        return {i: "live" if n < live_crashes else "history" for n, i in enumerate(hit)}

    def _make_cars(self, scene: Scene, cars: int, crash: dict[int, str]) -> None:
        for number in range(cars):
            device = f"car-{number + 1:04d}"
            owner, profile = self._owners.car_owner[number], profile_of(number)
            address = f"driver{number + 1}/phone" if profile == "owntracks" else None
            drives_live = number % 5 in (0, 2, 3)  # three of five
            out = make_car(
                scene,
                number,
                device,
                address,
                drives_live,
                crash.get(number, ""),
                self._rng(device),
            )
            vehicle = self._registry.add_car(number, device, owner, address)
            self._add(out, owner, "vehicle", vehicle, self._rng(f"{device} faults"))

    def _make_meters(self, count: int, timezone: str, share: float, live: int) -> None:
        begin = self.start_us - round(self.history_days * _DAY_US)
        begin -= begin % (meters.INTERVAL_S * _S_US)
        steps = -(-(self.end_us - begin) // household.STEP_US)
        street = Street(
            self.tenant,
            self.start_us,
            self.end_us,
            household.make_calendar(begin, steps, timezone, self._rng("weather")),
            timezone,
            self.faults,
            self.tasmota_interval_s,
        )
        kinds = self._choose_anomalies(count, share, live)
        special = self._choose_registers(count, set(kinds))
        for number in range(count):
            device, owner = f"md-{number + 1:04d}", self._owners.meter_owner[number]
            rng = self._rng(device)
            kind, late = kinds.get(number, (None, False))
            traits = draw_traits(street, number, self.seed, kind, special.get(number, ""), rng)
            address = f"meter{number + 1}" if traits.kind == "tasmota" else None
            out, exchange = make_meter(street, device, address, traits, kind, late, rng)
            meter = self._registry.add_meter(
                number,
                device,
                owner,
                address,
                traits.number,
                traits.interval_s,
                traits.digits,
                exchange,
            )
            self._add(out, owner, "meter", meter, self._rng(f"{device} faults"))

    def _choose_anomalies(self, count: int, share: float, live: int) -> dict[int, tuple[str, bool]]:
        """Which meters have which anomaly: every kind in turn, none on a refused customer's."""
        rng = self._rng("anomalies")
        share = share if self.history_days >= _SHORTEST_DAYS else 0.0
        fit = [i for i in range(count) if self._owners.meter_owner[i] not in self._owners.refused]
        order = rng.permutation(fit).tolist()
        turns: Counter[str] = Counter()
        chosen: dict[int, tuple[str, bool]] = {}
        for number in order[: round(share * count)]:
            kind = kind_of(number)
            kinds = anomalies.KINDS[kind]
            chosen[number] = (kinds[turns[kind] % len(kinds)], False)
            turns[kind] += 1
        for number in order[round(share * count) :][:live]:
            chosen[number] = ("spike", True)
        return chosen

    def _choose_registers(self, count: int, taken: set[int]) -> dict[int, str]:
        """Which register meters roll over or are exchanged; none that has an anomaly too."""
        rng = self._rng("registers")
        free = [i for i in range(count) if kind_of(i) == "register" and i not in taken]
        order = rng.permutation(free).tolist()
        chosen: dict[int, str] = {}
        for what, share in (("rollover", self.faults.rollover), ("exchange", self.faults.exchange)):
            for _ in range(min(math.ceil(share * len(free)), len(order))):
                chosen[order.pop()] = what
                self._counts[what] += 1
        return chosen

    def _add(
        self, out: Output, owner: int, kind: str, subject: str, rng: np.random.Generator
    ) -> None:
        refused = owner in self._owners.refused
        for name, end in (("history", self.start_us - 1), ("live", self.end_us)):
            messages: list[Message] = getattr(out, name)
            disturbed, counts = disturb(messages, self.faults, rng, end, not refused)
            setattr(out, name, disturbed)
            self._counts.update(counts)
        whose = {"customer": customer_id(owner), "subject": f"{kind}:{subject}"}
        self._devices[out.device] = {
            "profile": out.profile,
            "subject": subject,
            "rows": len(out.series.t_us),
        }
        for thing in out.crashes + out.anomalies:  # no meter with an anomaly is exchanged
            thing.update(whose)
        if refused:
            self._refused.append(out.device)
        self.recordings.append(out)

    def _truth(self) -> dict[str, Any]:
        stored = [o for o in self.recordings if o.device not in set(self._refused)]
        return {
            "version": TRUTH_VERSION,
            "seed": self.seed,
            "tenant": self.tenant,
            "start_us": self.start_us,
            "end_us": self.end_us,
            "devices": self._devices,
            "refused_devices": self._refused,
            "consents": consents.in_force(
                (row["id"] for row in self.registry["customers"]), self.registry["consents"]
            ),
            "trips": [t for o in stored for t in o.trips],
            "events": [e for o in stored for e in o.events],
            "crashes": [c for o in stored for c in o.crashes],
            "anomalies": [a for o in stored for a in o.anomalies],
            "faults": dict(sorted(self._counts.items())),
            "messages": {
                "history": len(self.history),
                "live": len(self.live),
                "good": sum(not m.fault for m in self.history + self.live),
                "rows": sum(len(o.series.t_us) for o in self.recordings),
            },
        }


def _due(message: Message) -> int:
    return message.due_us
