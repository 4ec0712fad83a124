"""Signals as CloudEvents, read by a library that nobody here wrote and by a receiver that drops
what it has seen, as the specification allows."""

import json
from datetime import UTC, datetime
from typing import Any

import jsonschema
import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from cloudevents.v1.http import from_json
from hypothesis import given
from hypothesis import strategies as st

from contracts.generate import DIRECTORY
from contracts.kinds import SignalType
from contracts.signals import DATA, cloud_event, signal_id

CRASH = {
    "retracted": False, "at": "2026-11-21T10:00:00+00:00", "severity": 3, "peak_mps2": 62.0,
    "delta_v_kmh": None, "speed_kmh": 48.0,
}  # fmt: skip
SCHEMAS = {
    (schema := json.loads(path.read_text()))["$id"]: schema for path in DIRECTORY.glob("*.v1.json")
}


def row(revision: int = 0, episode: str = "10", **changed: Any) -> dict[str, Any]:
    found = {
        "id": signal_id("acme", "car-1", "vehicle.crash", episode), "revision": revision,
        "tenant": "acme", "type": "vehicle.crash", "subject": "vehicle:car-1", "data": dict(CRASH),
        "time": datetime(2026, 11, 21, 10, tzinfo=UTC),
    }  # fmt: skip
    return found | changed


def read(text: str) -> CloudEvent:
    """Read by both generations of the library; they agree."""
    old = from_json(text)
    new = JSONFormat().read(None, text)
    assert new.get_id() == old["id"] and new.get_source() == old["source"]
    return new


def test_the_library_reads_an_event_and_its_data_match_their_schema() -> None:
    text = cloud_event(row(1), "car-1").model_dump_json()
    event = read(text)
    assert event.get_type() == "io.tachowatt.vehicle.crash"
    assert event.get_subject() == "vehicle:car-1"
    assert event.get_extension("episode") == row()["id"]
    assert event.get_extension("revision") == 1
    assert event.get_extension("retracted") is False
    jsonschema.validate(event.get_data(), SCHEMAS[str(event.get_dataschema())])
    jsonschema.validate(json.loads(text), SCHEMAS["urn:tachowatt:schema:signal.v1"])


def test_an_unknown_subject_is_absent_and_a_source_is_a_uri() -> None:
    event = read(cloud_event(row(subject=None), "jane/my phone").model_dump_json())
    assert event.get_subject() is None
    assert event.get_source() == "/acme/jane/my%20phone"
    without = cloud_event(row(subject="customer:7"), None)
    assert without.source == "/acme/customer:7"


@pytest.mark.parametrize("type_", list(SignalType))
def test_every_type_has_a_published_schema(type_: str) -> None:
    event = cloud_event(row(type=type_), "car-1")
    assert event.dataschema in SCHEMAS and type_ in DATA
    assert event.type.startswith("io.tachowatt.")


class Receiver:
    """Drops a `source` and `id` that it has seen; keeps the highest revision of an episode."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, str]] = set()
        self.current: dict[str, CloudEvent] = {}

    def take(self, text: str) -> None:
        event = read(text)
        if (event.get_source(), event.get_id()) in self.seen:
            return
        self.seen.add((event.get_source(), event.get_id()))
        episode = event.get_extension("episode")
        known = self.current.get(episode)
        if known is None or known.get_extension("revision") < event.get_extension("revision"):
            self.current[episode] = event

    def crashes(self) -> set[str]:
        return {
            episode
            for episode, event in self.current.items()
            if not event.get_extension("retracted")
        }


revisions = st.lists(st.booleans(), min_size=1, max_size=4)
"""Of one episode: is it retracted by this revision?"""


@given(st.data(), st.lists(revisions, min_size=1, max_size=3))
def test_a_receiver_that_drops_duplicates_ends_with_what_is_in_force(
    data: st.DataObject, episodes: list[list[bool]]
) -> None:
    """Delivered at least once and in any order: corrections and retractions get through."""
    sent = [
        cloud_event(row(revision, str(number), data=CRASH | {"retracted": retracted}), "car-1")
        for number, history in enumerate(episodes)
        for revision, retracted in enumerate(history)
    ]
    assert len({(event.source, event.id) for event in sent}) == len(sent)
    again = data.draw(st.lists(st.sampled_from(sent), max_size=5))
    receiver = Receiver()
    for event in data.draw(st.permutations([*sent, *again])):
        receiver.take(event.model_dump_json())
    in_force = {
        row(0, str(number))["id"] for number, history in enumerate(episodes) if not history[-1]
    }
    assert receiver.crashes() == in_force
