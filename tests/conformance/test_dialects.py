"""Every dialect keeps what its record says; and a record that does not is found."""

import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import contracts
from app.operations import dialect_files
from app.operations.publish import messages_of
from app.operations.registry_import import validate
from app.servers.dynamic_security import role_of_device
from contracts.dialects import (
    DEVICE_KIND,
    MESSAGE_KINDS,
    NATIVE,
    Dialect,
    DialectRoute,
    Right,
    Router,
)
from contracts.partition import key_of
from contracts.raw import DeviceAck, RawMessage
from contracts.topics import ACK_TOPICS, ack_topic
from ingest.decoding import dialects
from ingest.decoding.catalogue import BY_NAME, DIALECTS, ROUTER, collect
from ingest.decoding.decode import DECODERS, decode
from ingest.decoding.decoded import Context, Decoded, Decoder
from runtime.errors import DeadLetter, Reason, Usage
from simulators.foreign import ENCODERS

ROOT = Path(__file__).parents[2]
EXAMPLES = Path(contracts.__file__).parent / "examples"
CONTEXT = Context("Europe/Berlin", 1_795_255_300_000_000, 10_000)


def matches(pattern: str, topic: str) -> bool:
    """Whether a topic filter of MQTT matches (4.7.1)."""
    wanted, levels = pattern.split("/"), topic.split("/")
    for i, level in enumerate(wanted):
        if level == "#":
            return True
        if i >= len(levels) or level not in ("+", levels[i]):
            return False
    return len(wanted) == len(levels)


def rights(dialect: Dialect[Any], address: str, verb: str) -> list[str]:
    """Topics on which a device may read or write at the broker, as its role there has them."""
    kind = {"write": "publishClientSend", "read": "subscribeLiteral"}[verb]
    acls = role_of_device(dialect, address)["acls"]
    return [acl["topic"] for acl in acls if acl["acltype"] == kind and acl["allow"]]


def topics_of(dialect: Dialect[Decoder]) -> list[tuple[str, str]]:
    """Kind and topic of all that the example device sends."""
    return [
        (route.kind, topic)
        for route in dialect.routes
        for topic in dialect.topics_of(route.kind, dialect.example)
    ]


def routing(dialect: Dialect[Decoder], router: Router) -> list[str]:
    """What is wrong with how its topics are read."""
    wrong = []
    for kind, topic in topics_of(dialect):
        found = router.route(topic)
        read = None if found is None else (found.dialect, found.address, found.kind)
        if read != (dialect.name, dialect.example, kind):
            wrong.append(f"{topic} is read as {read}")
        if router.key_of_topic(topic) != key_of(dialect.name, dialect.example):
            wrong.append(f"{topic} has the key {router.key_of_topic(topic)}")
    return wrong


def subscribed(dialect: Dialect[Decoder], subscriptions: tuple[str, ...]) -> list[str]:
    """Its topics that no gateway would hear."""
    return [
        f"{topic} is not subscribed to"
        for _, topic in topics_of(dialect)
        if sum(matches(pattern, topic) for pattern in subscriptions) != 1
    ]


def decoding(dialect: Dialect[Decoder]) -> list[str]:
    """Examples that are absent, or do not decode to samples of their kind."""
    wrong = []
    for route in dialect.routes:
        for name in route.examples:
            if not (EXAMPLES / name).is_file():
                wrong.append(f"{name} is not there")
                continue
            try:
                found = route.decoder((EXAMPLES / name).read_bytes().strip(), None, CONTEXT)
            except DeadLetter as dead:
                wrong.append(f"{name}: {dead}")
                continue
            if found.kind != route.kind or not found.observed_us:
                wrong.append(f"{name} decodes to {len(found.observed_us)} of {found.kind}")
            if bool(found.columns) != (route.kind in DEVICE_KIND):
                wrong.append(f"{name}: {route.kind} with the columns {sorted(found.columns)}")
    return wrong


def allowed(dialect: Dialect[Decoder]) -> list[str]:
    """Topics on which the example device may not publish, or another one may."""
    wrong = []
    other = "/".join(f"other{i}" for i in range(len(dialect.fields)))
    for _, topic in topics_of(dialect):
        if not any(matches(right, topic) for right in rights(dialect, dialect.example, "write")):
            wrong.append(f"{dialect.example} may not publish on {topic}")
        if any(matches(right, topic) for right in rights(dialect, other, "write")):
            wrong.append(f"{other} may publish on {topic}")
    return wrong


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
class TestEveryDialect:
    def test_its_topics_are_read(self, dialect: Dialect[Decoder]) -> None:
        assert routing(dialect, ROUTER) == []

    def test_gateways_subscribe_to_its_topics(self, dialect: Dialect[Decoder]) -> None:
        assert subscribed(dialect, ROUTER.subscriptions) == []

    def test_its_examples_decode(self, dialect: Dialect[Decoder]) -> None:
        assert decoding(dialect) == []

    def test_its_devices_may_publish_for_themselves_only(self, dialect: Dialect[Decoder]) -> None:
        assert allowed(dialect) == []

    def test_every_route_has_its_decoder(self, dialect: Dialect[Decoder]) -> None:
        for route in dialect.routes:
            assert DECODERS[(dialect.name, route.kind)] is route.decoder
        found = ROUTER.route(topics_of(dialect)[0][1])
        assert found is not None
        message = RawMessage("-", b"\xff\xff", CONTEXT.received_us)
        with pytest.raises(DeadLetter) as dead:
            decode(message, found, CONTEXT, 1_000)
        assert dead.value.reason is not Reason.DECODER_ERROR

    def test_its_bodies_can_be_published(self, dialect: Dialect[Decoder], tmp_path: Path) -> None:
        for route in dialect.routes:
            body = (EXAMPLES / route.examples[0]).read_bytes().strip()
            (tmp_path / "bodies.jsonl").write_bytes(body + b"\n")
            (message,) = messages_of(
                tmp_path / "bodies.jsonl", dialect.example, dialect.name, None, None, [], 60, 0
            )
            found = ROUTER.route(message.topic)
            assert message.tail == body and found is not None
            assert (found.dialect, found.address) == (dialect.name, dialect.example)

    def test_its_devices_can_be_registered(self, dialect: Dialect[Decoder]) -> None:
        row = {"tenant": "acme", "id": "d1", "kind": "meter", "dialect": dialect.name}
        registered = {"devices": [{**row, "address": dialect.example}]}
        (device,) = validate(registered, "-")["devices"]
        assert (device["dialect"], device["address"]) == (dialect.name, dialect.example)
        if dialect.name != NATIVE:
            with pytest.raises(Usage, match=f"needs its address: {dialect.address}"):
                validate({"devices": [row]}, "-")

    def test_it_is_described(self, dialect: Dialect[Decoder]) -> None:
        assert f"\n## {dialect.title}\n" in (ROOT / "docs" / "devices.md").read_text()


def test_each_file_is_a_dialect_and_native_is_the_first() -> None:
    files = {path.stem for path in Path(dialects.__file__).parent.glob("*.py")} - {"__init__"}
    assert set(BY_NAME) == files
    assert [d.name for d in DIALECTS] == [NATIVE, *sorted(files - {NATIVE})]


def test_an_unknown_dialect_is_refused_with_the_names_of_all() -> None:
    row = {"tenant": "acme", "id": "d1", "kind": "meter", "dialect": "klingon", "address": "x"}
    names = ", ".join(BY_NAME)
    with pytest.raises(Usage, match=f"devices, row 1, dialect: .*expected one of {names}"):
        validate({"devices": [row]}, "-")
    with pytest.raises(Usage, match=r"expected native, .* or "):
        messages_of(Path("x.jsonl"), "x", "klingon", None, None, [], 60, 0)


def test_each_encoder_of_recordings_is_one_of_a_dialect() -> None:
    assert set(ENCODERS) <= set(BY_NAME) - {NATIVE}


def test_native_devices_hear_how_far_their_messages_are_committed() -> None:
    native = BY_NAME[NATIVE]
    tenant, device = native.example.split("/")
    topic = ack_topic(DeviceAck(tenant, device, 0, 1))
    assert topic in rights(native, native.example, "read")
    assert topic not in rights(native, "other/car-1", "read")
    assert matches(ACK_TOPICS, topic)


def test_no_right_is_a_pattern_whatever_the_address() -> None:
    """An OwnTracks user may have nearly any name: as a right it would be everybody's."""
    for address in ("+/phone", "jane/#", "$share/x", "a b/c", "jane/a\x00"):
        with pytest.raises(ValueError, match="no name in a topic"):
            BY_NAME["owntracks"].rights(address)
    with pytest.raises(ValueError, match="is no tenant/device"):
        BY_NAME[NATIVE].rights("acme/car/1")


def test_no_user_of_a_dialect_is_one_of_another() -> None:
    assert BY_NAME[NATIVE].user("acme/cx") != BY_NAME["owntracks"].user("acme/cx")


def test_generated_files_are_compared(tmp_path: Path) -> None:
    assert dialect_files.differing() == []
    for name in ("docs/devices.md",):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text((ROOT / name).read_text().replace("owntracks", "opentracks"))
    assert dialect_files.differing(tmp_path) == ["docs/devices.md"]
    dialect_files.write(tmp_path)
    assert dialect_files.differing(tmp_path) == []
    (tmp_path / "docs" / "devices.md").write_text("no table")
    with pytest.raises(ValueError, match="has lost its lines"):
        dialect_files.differing(tmp_path)


# ── what is broken is found ─────────────────────────────────────────────────────────────────────


def decode_made_up(body: bytes, content_type: str | None, context: Context) -> Decoded:
    return Decoded("reading", [context.received_us], {"power_w": [1.0]})


MADE_UP: Dialect[Any] = Dialect(
    name="made_up",
    title="Made up",
    routes=(
        DialectRoute(
            "reading",
            ("made/{house}/up/{meter}", "made/{house}/also/{meter}"),
            decode_made_up,
            ("tasmota/v1/sensor.json",),
        ),
    ),
    example="h1/m1",
    acl=("read made/{house}/down/{meter}",),
)
ROUTE = MADE_UP.routes[0]


def test_a_made_up_one_is_read_and_its_address_need_not_be_in_one_piece() -> None:
    assert [topic for _, topic in topics_of(MADE_UP)] == ["made/h1/up/m1", "made/h1/also/m1"]
    router = Router((*DIALECTS, MADE_UP))
    assert routing(MADE_UP, router) == subscribed(MADE_UP, router.subscriptions) == []
    assert decoding(MADE_UP) == []
    assert [" ".join(right) for right in MADE_UP.rights("h1/m1")] == [
        "write made/h1/up/m1",
        "write made/h1/also/m1",
        "read made/h1/down/m1",
    ]
    for topic in ("made/h1/up", "made//up/m1", "made/h1/down/m1", "made/h1/up/m1/x"):
        assert router.route(topic) is None


def test_a_topic_with_more_fixed_levels_wins() -> None:
    """Whatever the order: what a device of one dialect is called cannot hide another dialect."""
    wide = replace(
        MADE_UP, routes=(replace(ROUTE, topics=("{house}/up/{meter}",)),), example="owntracks/m1"
    )
    narrow = replace(
        MADE_UP,
        name="narrow",
        routes=(replace(ROUTE, topics=("owntracks/up/{meter}",)),),
        example="m1",
        acl=(),
    )
    for pair in ((wide, narrow), (narrow, wide)):
        assert routing(narrow, Router(pair)) == []
        assert routing(wide, Router(pair)) == [
            "owntracks/up/m1 is read as ('narrow', 'm1', 'reading')",
            "owntracks/up/m1 has the key narrow/m1",
        ]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: replace(MADE_UP, routes=(replace(ROUTE, decoder=None),)), "None is no decoder"),
        (lambda: replace(MADE_UP, routes=()), "no route"),
        (lambda: replace(MADE_UP, routes=(ROUTE, ROUTE)), "two routes"),
        (lambda: replace(MADE_UP, routes=(replace(ROUTE, kind="ack"),)), "expected one of"),
        (lambda: replace(MADE_UP, routes=(replace(ROUTE, topics=()),)), "a topic and an example"),
        (lambda: replace(MADE_UP, routes=(replace(ROUTE, examples=()),)), "and an example"),
        (lambda: with_topic("made/up"), "needs fields"),
        (lambda: with_topic("{a}/{a}/up"), "different names"),
        (lambda: with_topic("{a}/{b}"), "no fixed level"),
        (lambda: with_topic("made/+/{a}"), "a fixed text or one"),
        (lambda: with_topic("$SYS/{a}/{b}"), "a fixed text or one"),
        (lambda: with_topic("made//{a}/{b}"), "a fixed text or one"),
        (lambda: with_topic("made/x{a}/{b}"), "a fixed text or one"),
        (lambda: with_topic("made/{house}/{meter}", "made/{meter}/{house}"), "it is 'house/meter'"),
        (lambda: replace(MADE_UP, example="h1"), "'h1' is no house/meter"),
        (lambda: replace(MADE_UP, name="Made up"), "small letters"),
        (lambda: Router((MADE_UP, replace(MADE_UP, name="twin"))), "made_up and twin"),
        (lambda: replace(MADE_UP, acl=("write made/#",)), "a fixed text or one"),
        (lambda: replace(MADE_UP, acl=("read made/{house}/all",)), "is not the device's own"),
        (lambda: replace(MADE_UP, acl=("listen made/{house}/{meter}",)), "`read` or `write`"),
        (lambda: MADE_UP.topics_of("event", "h1/m1"), "made_up has no event"),
        (lambda: MADE_UP.topics_of("reading", "h1"), "'h1' is no house/meter"),
    ],
)
def test_a_record_that_contradicts_itself_cannot_be_made(
    make: Callable[[], object], message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        make()


def with_topic(*topics: str) -> Dialect[Any]:
    return replace(MADE_UP, routes=(replace(ROUTE, topics=topics),))


def test_what_no_gateway_hears_is_found() -> None:
    assert subscribed(MADE_UP, ROUTER.subscriptions) == [
        "made/h1/up/m1 is not subscribed to",
        "made/h1/also/m1 is not subscribed to",
    ]
    assert routing(MADE_UP, ROUTER)[0] == "made/h1/up/m1 is read as None"


def test_what_does_not_decode_is_found() -> None:
    def of(decoder: Callable[..., Decoded], *examples: str) -> list[str]:
        route = replace(ROUTE, decoder=decoder, examples=examples or ROUTE.examples)
        return decoding(replace(MADE_UP, routes=(route,)))

    def refuses(*_: object) -> Decoded:
        raise DeadLetter(Reason.EMPTY, "nothing in it")

    assert of(decode_made_up, "made_up/v1/none.json") == ["made_up/v1/none.json is not there"]
    assert of(refuses) == ["tasmota/v1/sensor.json: empty: nothing in it"]
    other = of(lambda *_: Decoded("telemetry", [], {"speed_kmh": []}))
    assert other == ["tasmota/v1/sensor.json decodes to 0 of telemetry"]
    bare = of(lambda *_: Decoded("reading", [0], {}))
    assert bare == ["tasmota/v1/sensor.json: reading with the columns []"]


def test_what_the_broker_would_let_others_do_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert allowed(MADE_UP) == []
    all_of_them = (Right("write", "made/#"),)
    monkeypatch.setattr(Dialect, "rights", lambda *_: all_of_them)
    assert allowed(MADE_UP) == [
        "other0/other1 may publish on made/h1/up/m1",
        "other0/other1 may publish on made/h1/also/m1",
    ]
    monkeypatch.setattr(Dialect, "rights", lambda *_: ())
    assert allowed(MADE_UP) == [
        "h1/m1 may not publish on made/h1/up/m1",
        "h1/m1 may not publish on made/h1/also/m1",
    ]


def test_a_file_without_its_record_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    empty, renamed = ModuleType("made.empty"), ModuleType("made.renamed")
    renamed.DIALECT = MADE_UP  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "made", ModuleType("made"))
    for module in (empty, renamed):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    with pytest.raises(ValueError, match=r"made/empty\.py has no DIALECT"):
        collect("made", ["empty"])
    with pytest.raises(ValueError, match=r"made/renamed\.py holds the dialect 'made_up'"):
        collect("made", ["renamed"])


def test_kinds_of_messages_are_those_of_the_native_dialect() -> None:
    assert tuple(route.kind for route in BY_NAME[NATIVE].routes) == MESSAGE_KINDS
