"""Random histories of a small tenant, from a seed. An event is a dictionary; times are minutes.

Two customers, two vehicles, a meter; a device in a vehicle and one at the meter. The events:

    assign    device, subject, begin, end        a device was there then; corrects what was known
    contract  contract, customer, subject, begin, end
    end       contract, end                      the contract ends, or ends at another time
    decide    customer, and the fields of a decision (tests/oracles/consent.py)
    confirm   decision                           who was asked confirms a grant that waits
    merge     merged, survivor                   two ids are one customer from now on
    split     merged                             they are not
    message   number, device, times, body        body : plain, unusual, broken
    signal    number, device, type, at           something was found at a time
    note      signal, text                       somebody writes into the diary of its cases
    send      what waits is sent, or refused
    show      reader                             None, or the customer who reads

`now` of each event never goes back. Instants collide often: an hour has few of them.
"""

from collections.abc import Callable
from random import Random
from typing import Any

Event = dict[str, Any]

CUSTOMERS = ("ada", "bea")
SUBJECTS = {"car": ("vehicle:v", "vehicle:w"), "plug": ("meter:m",)}
KINDS = {"car": "vehicle", "plug": "meter"}
PURPOSES = ("driving_score", "claims_assistance", "energy_insight", "channel_email")
SIGNALS = {"car": "vehicle.crash", "plug": "meter.anomaly.raised"}
REQUEST_MIN = 60
"""For how long a request to confirm can be answered."""
BEFORE = -600
"""When the first assignments and contracts begin."""


def history(random: Random) -> list[Event]:
    """Return a history."""
    made = _History(random)
    return made.events()


class _History:
    def __init__(self, random: Random) -> None:
        self._random = random
        self._now = 0
        self._begins = set[int]()
        self._contracts = dict[str, int]()
        self._decisions = 0
        self._signals = 0
        self._messages = 0
        self._waiting = list[int]()
        self._merged: str | None = None

    def events(self) -> list[Event]:
        random = self._random
        found = [
            self._assign("car", "vehicle:v", BEFORE, None),
            self._assign("plug", "meter:m", BEFORE, None),
            self._contract("ada", "vehicle:v"),
            self._contract(random.choice(CUSTOMERS), "meter:m"),
        ]
        found += [
            self._decide(customer, purpose, state="granted", limits=0.02)
            for customer in CUSTOMERS
            for purpose in PURPOSES
            if random.random() < 0.7
        ]
        for _ in range(random.randint(10, 20)):
            self._now += random.choice((0, 0, 1, 2, 5, 20, 40))
            (make,) = random.choices(_MAKERS, _WEIGHTS)
            found += make(self)
        return found

    def _event(self, do: str, **fields: Any) -> Event:
        return {"do": do, "now": self._now, **fields}

    def _assign(self, device: str, subject: str | None, begin: int, end: int | None) -> Event:
        return self._event("assign", device=device, subject=subject, begin=begin, end=end)

    def _a_assign(self) -> list[Event]:
        random = self._random
        device = random.choice(tuple(SUBJECTS))
        subject = random.choice((*SUBJECTS[device], *SUBJECTS[device], None))
        begin = self._now - random.choice((0, 5, 30, 120))
        end = random.choice((None, begin + random.randint(1, 90)))
        return [self._assign(device, subject, begin, end)]

    def _contract(self, customer: str, subject: str, begin: int = BEFORE) -> Event:
        while begin in self._begins:  # of two that began at once none is the later one
            begin += 1
        self._begins.add(begin)
        name = f"k{len(self._contracts)}"
        self._contracts[name] = begin
        end = self._random.choice((None, None, begin + self._random.randint(1, 120)))
        if begin < -500:
            end = None
        return self._event(
            "contract", contract=name, customer=customer, subject=subject, begin=begin, end=end
        )

    def _a_contract(self) -> list[Event]:
        random = self._random
        subject = random.choice([s for subjects in SUBJECTS.values() for s in subjects])
        begin = self._now - random.choice((0, 10, 60, 200))
        return [self._contract(random.choice(CUSTOMERS), subject, begin)]

    def _a_end(self) -> list[Event]:
        random = self._random
        name = random.choice(tuple(self._contracts))
        begin = self._contracts[name]
        end = max(begin + 1, self._now - random.choice((0, 3, 60)))
        return [self._event("end", contract=name, end=random.choice((None, end, end)))]

    def _a_decide(self) -> list[Event]:
        random = self._random
        customer, purpose = random.choice(CUSTOMERS), random.choice(PURPOSES)
        if random.random() < 0.15:  # both at one instant
            return [
                {**self._decide(customer, purpose, state, limits=0.0), "decided": self._now}
                for state in random.choice((("withdrawn", "granted"), ("granted", "withdrawn")))
            ]
        return [self._decide(customer, purpose)]

    def _decide(
        self, customer: str, purpose: str, state: str | None = None, limits: float = 0.12
    ) -> Event:
        """A decision that is imported, from a sender whose clock may be fast or slow.

        limits : the share of decisions that have each kind of limit.
        """
        random, now = self._random, self._now

        def sometimes(*values: Any) -> Any:
            return random.choice(values) if random.random() < limits else None

        state = state or random.choice(("granted", "granted", "withdrawn"))
        begins = ends = opt_in = None
        if state == "granted":
            opt_in = sometimes("pending", "confirmed")
            begins = sometimes(now - 20, now + 2, now + 30)
            ends = sometimes(now - 10, now + 3, now + 40)
            if begins is not None and ends is not None and ends <= begins:
                ends = begins + 1
        self._decisions += 1
        if opt_in == "pending":
            self._waiting.append(self._decisions)
        return self._event(
            "decide",
            customer=customer,
            number=self._decisions,
            purpose=purpose,
            state=state,
            decided=now + random.choice((0, 0, 0, -3, -1, 1, 4)),
            recorded=now,
            channel=sometimes("email", "webhook") or sometimes("email", "webhook"),
            category=sometimes("features", "telemetry"),
            recipient=sometimes("insurer", "utility"),
            begins=begins,
            ends=ends,
            opt_in=opt_in,
        )

    def _a_dated(self) -> list[Event]:
        """A grant that begins or ends between two messages, without anybody's doing."""
        random = self._random
        customer, purpose = random.choice(CUSTOMERS), random.choice(PURPOSES[:3])
        device = "plug" if purpose == "energy_insight" else "car"
        dates = random.choice(({"begins": self._now + 3}, {"ends": self._now + 3}))
        found = [{**self._decide(customer, purpose, "granted", limits=0.0), **dates}]
        found += [self._message(device, [self._now])]
        self._now += random.choice((2, 3, 5))
        return [*found, self._message(device, [self._now])]

    def _a_confirm(self) -> list[Event]:
        """A grant waits for its confirmation; it comes, or comes late, or after a withdrawal."""
        random = self._random
        customer, purpose = random.choice(CUSTOMERS), random.choice(PURPOSES)
        if self._waiting and random.random() < 0.3:
            return [self._event("confirm", decision=random.choice(self._waiting))]
        found = [self._decide(customer, purpose, "granted", limits=0.0)]
        found[0]["opt_in"] = "pending"
        self._waiting.append(found[0]["number"])
        self._now += random.choice((1, 5, REQUEST_MIN - 1, REQUEST_MIN))
        if random.random() < 0.3:
            found.append(self._decide(customer, purpose, "withdrawn", limits=0.05))
            self._now += 1
        found.append(self._event("confirm", decision=found[0]["number"]))
        return [*found, self._event("show", reader=None)]

    def _a_merge(self) -> list[Event]:
        """Two ids are merged, or split again; a look after it, and a minute later the rest."""
        if self._merged is None:
            merged, survivor = self._random.sample(CUSTOMERS, 2)
            found = [self._event("merge", merged=merged, survivor=survivor)]
            self._merged = merged
        else:
            found = [self._event("split", merged=self._merged)]
            self._merged = None
        self._now += 1
        return [*found, self._event("show", reader=self._random.choice((None, *CUSTOMERS)))]

    def _a_withdrawals(self) -> list[Event]:
        """One purpose is withdrawn after the other, with notes between, and a look."""
        customer = self._random.choice(CUSTOMERS)
        found = []
        for purpose in self._random.sample(PURPOSES[:2], 2):
            found += [self._decide(customer, purpose, "withdrawn", limits=0.0)]
            self._now += 1
            found += self._a_note()
            self._now += 1
        return [*found, self._event("show", reader=None)]

    def _a_message(self) -> list[Event]:
        random = self._random
        last = self._now - random.choice((0, 0, 0, 1, 30, 150))
        times = sorted({last - random.choice((0, 1, 5, 40)) for _ in range(random.randint(1, 3))})
        return [self._message(random.choice(tuple(SUBJECTS)), times)]

    def _message(self, device: str, times: list[int]) -> Event:
        self._messages += 1
        body = self._random.choice(("plain", "plain", "plain", "unusual", "broken"))
        return self._event("message", number=self._messages, device=device, times=times, body=body)

    def _a_signal(self) -> list[Event]:
        device = self._random.choice(tuple(SUBJECTS))
        self._signals += 1
        at = self._now - self._random.choice((0, 0, 2, 45))
        return [
            self._event("signal", number=self._signals, device=device, type=SIGNALS[device], at=at)
        ]

    def _a_note(self) -> list[Event]:
        if not self._signals:
            return []
        number = self._random.randint(1, self._signals)
        return [self._event("note", signal=number, text=f"note at {self._now}")]

    def _a_send(self) -> list[Event]:
        return [self._event("send")]

    def _a_show(self) -> list[Event]:
        return [self._event("show", reader=self._random.choice((None, None, *CUSTOMERS)))]


_OFTEN: dict[Callable[[_History], list[Event]], float] = {
    _History._a_decide: 6,
    _History._a_message: 5,
    _History._a_signal: 5,
    _History._a_send: 3,
    _History._a_show: 3,
    _History._a_note: 2,
    _History._a_assign: 1.5,
    _History._a_contract: 1,
    _History._a_dated: 0.8,
    _History._a_withdrawals: 0.8,
    _History._a_confirm: 0.8,
    _History._a_merge: 1.2,
    _History._a_end: 0.6,
}
_MAKERS, _WEIGHTS = tuple(_OFTEN), tuple(_OFTEN.values())
