"""What may be stored, planned, sent and shown in a history: plain Python, imports nothing of ours.

Events, and what is answered to them: proving/consent/histories.py. Each question is answered from
everything that was said so far, without a snapshot, cache or order of processing.
"""

from tests.oracles import consent, identity, merging, opt_in

REQUEST = 60
"""Minutes in which a request to confirm can be answered."""
BLINK = 1e-6
COVERING = {"car": ("driving_score", "claims_assistance"), "plug": ("energy_insight",)}
OF_SIGNAL = {"vehicle.crash": "claims_assistance", "meter.anomaly.raised": "energy_insight"}
PLAYBOOKS = {
    "vehicle.crash": {
        "crash-call": ("claims_assistance", ("webhook", "inbox", "email")),
        "crash-score": ("driving_score", ("inbox", "email")),
    },
    "meter.anomaly.raised": {"anomaly": ("energy_insight", ("webhook", "email"))},
}
"""Type of a signal → playbook → its purpose and channels; each opens a case."""


class Town:
    """Everything that was said, in the order in which it was recorded."""

    def __init__(self):
        self.now = 0
        self.assigned = {"car": [], "plug": []}
        self.contracts = {}
        self.decisions = {"ada": [], "bea": []}
        self.asked = {}
        self.said = 0
        self.one = []
        self.signals = {}
        self.contacts = {}
        self.cases = {}
        self.notes = []

    def do(self, event):
        """Take an event; return what the rules answer to it."""
        self.now = event["now"]
        return getattr(self, event["do"])(event)

    # ── what is said ────────────────────────────────────────────────────────────────────────

    def assign(self, event):
        statement = (event["now"], event["begin"], _end(event["end"]), event["subject"])
        self.assigned[event["device"]].append(statement)

    def contract(self, event):
        self.contracts[event["contract"]] = dict(event)

    def end(self, event):
        self.contracts[event["contract"]]["end"] = event["end"]

    def decide(self, event):
        self.asked[event["number"]] = (event["customer"], self.say(event["customer"], event))

    def say(self, customer, decision):
        """What one id says, the other ids of the same customer say too."""
        said = self.write(customer, decision, None)
        for other in self.one:
            if customer in self.one and other != customer:
                self.write(other, {**decision, "confirms": None}, "said")
        return said

    def write(self, customer, decision, why):
        self.said += 1
        row = {**decision, "number": self.said, "why": why}
        self.decisions[customer].append(row)
        return row

    def confirm(self, event):
        customer, asked = self.asked[event["decision"]]
        if asked["opt_in"] != "pending":
            return "confirmed"
        expires = asked["recorded"] + REQUEST
        why = opt_in.refused(self.decisions[customer], asked["number"], expires, self.now)
        if why is not None:
            return why
        self.say(customer, {**asked, "decided": self.now, "recorded": self.now,
                            "opt_in": "confirmed", "confirms": asked["number"]})  # fmt: skip
        return "done"

    def merge(self, event):
        self.one = [event["merged"], event["survivor"]]
        before = {id_: list(self.decisions[id_]) for id_ in self.one}
        for id_ in self.one:
            others = [before[other] for other in self.one if other != id_]
            wanted = merging.narrower_at(before[id_], others, self.now)
            self.correct(id_, merging.corrections(before[id_], wanted, self.now), "merge")

    def split(self, event):
        ids, self.one = self.one, []
        for id_ in ids:
            own = self.decisions[id_]
            self.correct(id_, merging.undone(own, self.now), "over")
            for row in own:
                if row["why"] in ("merge", "said"):
                    row["why"] = "over"

    def correct(self, customer, rows, why):
        """A correction is recorded a blink after all that was said before."""
        last = max([self.now, *(d["recorded"] for d in self.decisions[customer])])
        for n, row in enumerate(rows, start=1):
            at = last + n * BLINK
            self.write(customer, {**row, "decided": at, "recorded": at}, why)

    def note(self, event):
        self.notes.append((event["signal"], event["now"], event["text"]))

    # ── what follows ────────────────────────────────────────────────────────────────────────

    def where(self, device, at):
        return identity.value(self.assigned[device], at, self.now)

    def covering(self, subject, at):
        """The customer whose contract covers a vehicle or meter; the one that began last counts."""
        begun = [
            c
            for c in self.contracts.values()
            if c["subject"] == subject and c["begin"] <= at < _end(c["end"])
        ]
        return max(begun, key=lambda c: c["begin"])["customer"] if begun else None

    def holder(self, device, at):
        subject = self.where(device, at)
        return None if subject is None else self.covering(subject, at)

    def of(self, customer):
        return self.decisions.get(customer, [])

    def stored(self, device, at):
        """May a sample of a device, measured at a time, be stored?"""
        customer = self.holder(device, at)
        if customer is None:
            return False
        return any(
            consent.stored(self.of(customer), purpose, self.now)[0] for purpose in COVERING[device]
        )

    def granted(self, customer, purpose):
        return consent.shown(self.of(customer), purpose, self.now)[0]

    def refusal(self, customer, purpose, channel):
        """Why nothing about a purpose may be sent to a customer by a channel."""
        if not self.granted(customer, purpose):
            return f"no_consent:{purpose}"
        if channel == "email" and not self.granted(customer, "channel_email"):
            return "no_channel_consent"
        if not consent.sent(self.of(customer), purpose, channel, self.now)[0]:
            return "channel_refused"
        return None

    def message(self, event):
        device = event["device"]
        if event["body"] == "broken":  # nobody knows what it says: whose is it as it arrives?
            stored = self.stored(device, self.now)
            return {"outcome": "dead_lettered" if stored else "refused", "kept": []}
        kept = [at for at in event["times"] if self.stored(device, at)]
        return {"outcome": "stored" if kept else "refused", "kept": kept}

    def signal(self, event):
        number, type_ = event["number"], event["type"]
        customer = self.holder(event["device"], event["at"])
        subject = self.where(event["device"], event["at"])
        self.signals[number] = (event["device"], event["at"], type_, subject)
        answer = []
        for playbook, (purpose, channels) in PLAYBOOKS[type_].items():
            if customer is None:
                answer.append((playbook, "", "no_customer"))
                continue
            if not self.granted(customer, purpose):
                answer.append((playbook, "", f"no_consent:{purpose}"))
                continue
            self.cases[number, playbook] = (customer, purpose, type_)
            answer.append((playbook, "case", "planned"))
            for channel in channels:
                reason = self.refusal(customer, purpose, channel)
                answer.append((playbook, channel, reason or "planned"))
                if reason is None:
                    state = "delivered" if channel == "inbox" else "waits"
                    key = (number, playbook, channel)
                    self.contacts[key] = [customer, purpose, type_, state]
        return sorted(answer)

    def send(self, event):
        answer = []
        for (number, playbook, channel), contact in self.contacts.items():
            customer, purpose, type_, state = contact
            if state != "waits":
                continue
            reason = self.refusal(customer, purpose, channel)
            if reason is None and not self.granted(customer, OF_SIGNAL[type_]):
                reason = "no_consent:signal"
            contact[3] = "sent" if reason is None else "refused"
            answer.append((number, playbook, channel, reason or "sent"))
        return sorted(answer)

    def show(self, event):
        reader = event["reader"]
        answer = {
            "granted": {
                customer: sorted(
                    purpose
                    for purpose in (*sorted(set(OF_SIGNAL.values())), "driving_score",
                                    "channel_email")
                    if self.granted(customer, purpose)
                )
                for customer in ("ada", "bea")
            },
            "cases": [],
            "contacts": [],
            "signals": [],
            "trips": [],
        }  # fmt: skip
        for key, (customer, purpose, type_) in sorted(self.cases.items()):
            since = self.hidden_since(customer, {purpose, OF_SIGNAL[type_]}, reader)
            notes = [
                text
                for of, at, text in self.notes
                if of == key[0] and (since is None or (since != "always" and since < at))
            ]
            answer["cases"].append((key, "shown" if since is None else "hidden", notes))
        for key, (customer, purpose, type_, _) in sorted(self.contacts.items()):
            since = self.hidden_since(customer, {purpose, OF_SIGNAL[type_]}, reader)
            answer["contacts"].append((key, "shown" if since is None else "hidden"))
        for number, (device, at, type_, subject) in sorted(self.signals.items()):
            customer = self.covering(subject, at)  # a signal keeps its subject
            if self.hidden_since(customer, {OF_SIGNAL[type_]}, reader) is None:
                answer["signals"].append(number)
            if device == "car":  # a trip then, of which a crash is one column
                customer = self.holder(device, at)
                since = self.hidden_since(customer, {"claims_assistance"}, reader)
                answer["trips"].append((number, "shown" if since is None else "hidden"))
        return answer

    def hidden_since(self, customer, purposes, reader):
        """Since when something of a customer is hidden: None = it is shown, 'always' = nobody ever
        agreed."""
        if reader is not None and customer == reader:
            return None
        if reader in self.one and customer in self.one:  # their own, under another id
            return None
        since = []
        for purpose in purposes:
            decisions = self.of(customer)
            granted, number = consent.shown(decisions, purpose, self.now)
            if not granted:
                recorded = [d["recorded"] for d in decisions if d["number"] == number]
                since.append(recorded[0] if recorded else "always")
        if "always" in since:
            return "always"
        return min(since, default=None)


def _end(end):
    return 10**9 if end is None else end
