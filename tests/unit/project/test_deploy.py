"""What deploy/ and docs/operations.md name is there: settings, commands, metrics."""

import json
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import typer
import yaml

from app.cli import cli
from ingest.kernels import KINDS
from runtime.metrics import Metrics
from runtime.secret_box import parse_keys
from runtime.settings import FROM_FILES, Settings

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
OPERATIONS = ROOT / "docs" / "operations.md"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DASHBOARDS = sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))
TEXTS = [
    path
    for path in [OPERATIONS, *sorted(DEPLOY.rglob("*"))]
    if path.is_file() and path.name != ".env"
]
ROLES = {"tachowatt_migrator", "tachowatt_writer", "tachowatt_contacts", "tachowatt_reader"}


def unknown_settings(text: str) -> set[str]:
    known = {f"TACHOWATT_{name.upper()}" for name in Settings.model_fields}
    known |= {f"TACHOWATT_{name.upper()}_FILE" for name in FROM_FILES}
    return set(re.findall(r"TACHOWATT_[A-Z0-9_]*[A-Z0-9]", text)) - known - {"TACHOWATT_VERSION"}


def unknown_metrics(text: str) -> set[str]:
    known = {
        metric.name + suffix
        for metric in Metrics().registry.collect()
        for suffix in {
            "counter": ("_total",),
            "histogram": ("_bucket", "_sum", "_count"),
        }.get(metric.type, ("",))
    }
    return set(re.findall(r"\btachowatt_[a-z0-9_]+", text)) - known - ROLES


def complaint(words: list[str]) -> str | None:
    """What is wrong with the words after `tachowatt`; None = nothing."""
    command: Any = typer.main.get_command(cli)
    words = list(words)
    while hasattr(command, "commands"):
        name = words.pop(0) if words else ""
        if name not in command.commands:
            return f"no command {name!r}"
        command = command.commands[name]
    takes_value = {
        option: not parameter.is_flag
        for parameter in command.params
        if parameter.param_type_name == "option"
        for option in parameter.opts
    } | {"--help": False}
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    while words:
        word = words.pop(0)
        if not word.startswith("--"):
            if not arguments:
                return f"{command.name} takes no argument {word!r}"
        elif word not in takes_value:
            return f"{command.name} has no {word}"
        elif takes_value[word] and not words:
            return f"{word} has no value"
        elif takes_value[word]:
            words.pop(0)
    return None


def commands_in(markdown: str) -> Iterator[list[str]]:
    """Of inline code and of blocks, each `tachowatt …` up to the end of its line."""
    inline = re.findall(r"`(tachowatt [^`\n]+)`", markdown)
    blocks = re.findall(r"^```sh\n(.*?)^```", markdown, re.M | re.S)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    for text in [*inline, *lines]:
        found = re.search(r"(?:^|\s)tachowatt (?!:)(.+)", text)
        if found is not None:
            yield shlex.split(found[1].replace("…", ""), comments=True)


def one_shot(service: dict[str, Any]) -> bool:
    return service.get("restart") == "no"


# ── settings, commands, metrics ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_settings_are_real(path: Path) -> None:
    assert unknown_settings(path.read_text()) == set()


def test_an_unknown_setting_is_found() -> None:
    assert unknown_settings("TACHOWATT_MQTT_URL, TACHOWATT_MQTT_URI") == {"TACHOWATT_MQTT_URI"}


@pytest.mark.parametrize("name", [n for n, s in SERVICES.items() if "tachowatt" in s["image"]])
def test_commands_are_real_and_their_settings_valid(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = SERVICES[name]
    words = [re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", word) for word in service["command"]]
    assert complaint(words) is None
    for variable, value in service["environment"].items():
        if str(value).startswith("/run/secrets/"):
            continue  # there in the container only: test_secrets_are_files
        monkeypatch.setenv(variable, re.sub(r"\$\{\w+:[-?]([^}]*)\}", "", str(value)))
    settings = Settings()
    if words[0] in ("gateway", "broker"):  # which know no database
        assert settings.mqtt_share_group
        assert words[0] == "broker" or settings.mqtt_url is not None
    else:
        assert settings.database_url is not None


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["log", "init", "--log", "kafka://kafka:9092", "--partitions", "12"], None),
        (["log", "begin"], "no command 'begin'"),
        (["log"], "no command ''"),
        (["gateway", "--partitions", "12"], "gateway has no --partitions"),
        (["gateway", "kafka"], "gateway takes no argument 'kafka'"),
        (["gateway", "--log"], "--log has no value"),
    ],
)
def test_complaints(words: list[str], expected: str | None) -> None:
    assert complaint(words) == expected


def test_commands_of_the_guide_are_real() -> None:
    found = list(commands_in(OPERATIONS.read_text()))
    assert len(found) > 10
    assert {" ".join(words): complaint(words) for words in found if complaint(words)} == {}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_metrics_are_real(path: Path) -> None:
    assert unknown_metrics(path.read_text()) == set()


def test_an_unknown_metric_is_found() -> None:
    text = "rate(tachowatt_fenced[5m]), tachowatt_commit_seconds_bucket, tachowatt_log_lag"
    assert unknown_metrics(text) == {"tachowatt_fenced"}


# ── compose ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", SERVICES)
def test_services_are_bounded_and_watched(name: str) -> None:
    service = SERVICES[name]
    limits = service["deploy"]["resources"]["limits"]
    assert limits.keys() == {"cpus", "memory", "pids"}
    assert one_shot(service) != ("healthcheck" in service)
    assert not service["image"].endswith(":latest") and ":" in service["image"]
    for other, how in service.get("depends_on", {}).items():
        wanted = "service_completed_successfully" if one_shot(SERVICES[other]) else (
            "service_healthy"
        )  # fmt: skip
        assert how["condition"] == wanted


def test_what_is_mounted_is_there() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            if source.startswith("."):
                assert (DEPLOY / source).exists()
            else:
                assert source in COMPOSE["volumes"]


def test_no_secret_is_written_down() -> None:
    example = (DEPLOY / ".env.example").read_text()
    needed = set()
    for path in TEXTS:
        needed |= set(re.findall(r"\$\{([A-Z][A-Z0-9_]*):\?", path.read_text()))
    given = dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", example, re.M))
    assert needed == set() and not [name for name in given if "PASSWORD" in name]
    asked = set(re.findall(r"\$\{([A-Z_]+):-", (DEPLOY / "compose.yaml").read_text()))
    assert asked <= given.keys() | {"TACHOWATT_VERSION"}
    for service in SERVICES.values():
        for variable, value in service.get("environment", {}).items():
            if "PASSWORD" in variable:
                assert str(value).startswith("/run/secrets/")


OF_THE_BROKER = {"mosquitto", "mosquitto-users", "device"}


def test_secrets_are_files_that_a_service_is_given() -> None:
    """No password of ours stands in the environment, which `docker inspect` shows."""
    for name, service in SERVICES.items():
        given = set(service.get("secrets", ()))
        environment = service.get("environment", {})
        used = {
            str(value).removeprefix("/run/secrets/")
            for value in environment.values()
            if str(value).startswith("/run/secrets/")
        }
        if name == "timescaledb":
            logins = (DEPLOY / "timescaledb" / "10-logins.sh").read_text()
            used |= set(re.findall(r"`cat /run/secrets/(\w+)`", logins))
        assert used == given, name
        assert not [v for v in environment if "PASSWORD" in v and not v.endswith("_FILE")]
        assert "PASSWORD" not in json.dumps(list(environment.values())), name
    made = (DEPLOY / "secrets" / "make.sh").read_text()
    for name, secret in COMPOSE["secrets"].items():
        assert secret == {"file": f"./secrets/{name}"}
        assert re.search(rf"\b{name}\b", made), f"make.sh does not make {name}"
    assert {name for s in SERVICES.values() for name in s.get("secrets", ())} == {
        *COMPOSE["secrets"]
    }


def test_the_folder_of_secrets_is_made_as_it_says(tmp_path: Path) -> None:
    shutil.copy(DEPLOY / "secrets" / "make.sh", tmp_path)
    before: dict[str, str] = {}
    for _ in range(2):
        subprocess.run([tmp_path / "make.sh"], check=True)
        found = {p.name: p.read_text() for p in tmp_path.iterdir() if p.name != "make.sh"}
        assert found.keys() == set(COMPOSE["secrets"]) and all(found.values())
        assert before in ({}, found), "safe to repeat"
        before = found
    assert len(set(before.values())) == len(before)
    assert tmp_path.stat().st_mode & 0o777 == 0o700
    assert len(parse_keys(before["secrets_key"], "made")) == 1
    assert (DEPLOY / "secrets" / ".gitignore").read_text().startswith("*\n")


@pytest.mark.parametrize("name", sorted(set(SERVICES) - OF_THE_BROKER))
def test_services_have_no_more_rights_than_needed(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service and service.get("user") != "0"
    if "tachowatt" in service["image"] or name in ("prometheus", "grafana"):
        assert service["read_only"] is True and "cap_add" not in service
    if "tachowatt" in service["image"]:
        writable = {volume.partition(":")[2] for volume in service["volumes"]}
        assert writable == {"/var/cache/tachowatt"}, "compiled kernels, and nothing else"


def test_the_code_in_the_image_is_roots() -> None:
    lines = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    copied = [line for line in lines if line.startswith("COPY --from=build")]
    assert copied and not any("--chown" in line for line in copied)
    assert [line for line in lines if line.startswith("USER")] == ["USER tachowatt"]
    kernels = [line for line in lines if "TACHOWATT_KERNELS_DIR=/var/cache/tachowatt" in line]
    assert kernels and "TACHOWATT_KERNELS_DIR" not in (DEPLOY / "compose.yaml").read_text()


def test_networks_keep_apart_what_need_not_meet() -> None:
    def meets(one: str) -> set[str]:
        own = set(SERVICES[one]["networks"])
        return {
            name for name, s in SERVICES.items() if own & set(s.get("networks", ())) and name != one
        }

    processes = {name for name, s in SERVICES.items() if "tachowatt" in s["image"]}
    assert meets("kafka") == {"log-init", "gateway-1", "gateway-2", "ingest-1", "ingest-2"}
    assert not meets("timescaledb") & {"mosquitto", "kafka", "prometheus", "grafana", "gateway-1"}
    assert meets("grafana") <= {"prometheus", "api"} | processes
    assert "kafka" not in meets("grafana") | meets("prometheus") | meets("api") | meets("contacts")
    assert meets("mosquitto") == {"gateway-1", "gateway-2", "device"}
    for name, network in COMPOSE["networks"].items():
        members = [s for s in SERVICES.values() if name in s.get("networks", ())]
        assert members, f"nobody uses {name}"
        internal = (network or {}).get("internal", False)
        assert internal is (name in ("log", "store", "monitoring"))
    for name, service in SERVICES.items():
        if "ports" in service:
            assert any(
                not (COMPOSE["networks"][n] or {}).get("internal") for n in service["networks"]
            ), f"{name} has ports in internal networks only"


def test_every_image_can_be_named_by_digest() -> None:
    example = (DEPLOY / ".env.example").read_text()
    for name, service in SERVICES.items():
        if "tachowatt" in service["image"]:
            continue
        variable = re.match(r"\$\{([A-Z]+_IMAGE):-[^}]+:[^}]+\}$", service["image"])
        assert variable is not None, name
        assert f"\n{variable[1]}=\n" in example
    base = [line for line in (DEPLOY / "Dockerfile").read_text().splitlines() if "FROM" in line]
    assert all(line.startswith("FROM ${PYTHON_IMAGE}") for line in base)
    assert "\nPYTHON_IMAGE=\n" in example


def test_gateways_have_sessions_of_their_own() -> None:
    gateways = [
        s["environment"] for s in SERVICES.values() if s.get("command", [""])[0] == "gateway"
    ]
    assert len(gateways) == 2
    assert len({g["TACHOWATT_MQTT_CLIENT_ID"] for g in gateways}) == 2
    assert len({g["TACHOWATT_MQTT_SHARE_GROUP"] for g in gateways}) == 1
    # The broker makes the client id of the user's name.
    urls = [urlsplit(g["TACHOWATT_MQTT_URL"]) for g in gateways]
    assert [url.username for url in urls] == [g["TACHOWATT_MQTT_CLIENT_ID"] for g in gateways]
    assert len({g["TACHOWATT_MQTT_PASSWORD_FILE"] for g in gateways}) == 2
    words = SERVICES["mosquitto-users"]["command"]
    assert [words[at + 1] for at, word in enumerate(words) if word == "--gateway"] == [
        url.username for url in urls
    ]


class _Override(yaml.SafeLoader):
    """Reads compose's own tags as the plain value."""


_Override.add_constructor("!override", lambda loader, node: loader.construct_sequence(node))


def test_the_file_for_tls_changes_what_is_there() -> None:
    changed = yaml.load((DEPLOY / "compose.mqtts.yaml").read_text(), _Override)["services"]
    assert set(changed) <= set(SERVICES)
    for service in changed.values():
        for volume in service["volumes"]:
            source = DEPLOY / volume.split(":")[0]
            assert source.exists() or source.parent.name == "tls"
        for name, value in service.get("environment", {}).items():
            assert name == "TACHOWATT_MQTT_CA_FILE" or value.startswith("mqtts://")
    ports = [port.split(":")[-1] for port in changed["mosquitto"]["ports"]]
    tls = (DEPLOY / "mosquitto" / "listeners-tls" / "tls.conf").read_text()
    assert ports == ["8883"] and "listener 8883\n" in tls and "listener 1883 127.0.0.1\n" in tls


def test_the_store_has_connections_for_all() -> None:
    """The arithmetic of docs/operations.md."""
    words = SERVICES["log-init"]["command"]
    partitions = int(re.sub(r"\D", "", words[words.index("--partitions") + 1]))
    ingests = sum(s.get("command", [""])[0] == "ingest" for s in SERVICES.values())
    api = int(SERVICES["api"]["environment"]["TACHOWATT_API_CONNECTIONS"]) + 1
    needed = 2 * 2 * partitions + 3 * ingests + 3 + api + 10 + 3
    (most,) = [
        int(option.partition("=")[2])
        for option in SERVICES["timescaledb"]["command"]
        if option.startswith("-cmax_connections=")
    ]
    assert needed <= most


def test_every_process_is_scraped() -> None:
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    targets = {
        target
        for job in config["scrape_configs"]
        for static in job["static_configs"]
        for target in static["targets"]
    }
    expected = set()
    for name, service in SERVICES.items():
        environment = service.get("environment", {})
        if "TACHOWATT_METRICS_PORT" in environment and not one_shot(service):
            expected.add(f"{name}:{environment['TACHOWATT_METRICS_PORT']}")
    assert targets == expected


def test_compose_takes_the_file(tmp_path: Path) -> None:
    """Where the plugin is there, the way it reads it."""
    for compose in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(compose[0]) is None:
            continue
        version = subprocess.run([*compose, "version"], capture_output=True, check=False)
        if version.returncode == 0:
            break
    else:
        pytest.skip("no docker compose here")
    example = (DEPLOY / ".env.example").read_text()
    env = tmp_path / "env"
    env.write_text(re.sub(r"PASSWORD=$", "PASSWORD=x", example, flags=re.M))
    made = subprocess.run(
        [*compose, "--env-file", env, "--file", DEPLOY / "compose.yaml", "config", "--quiet"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    env.write_text(example)
    made = subprocess.run(
        [*compose, "--env-file", env, "--file", DEPLOY / "compose.yaml", "config", "--quiet"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode != 0 and "deploy/.env" in made.stderr


# ── Grafana and Prometheus ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_dashboards(path: Path) -> None:
    dashboard = json.loads(path.read_text())
    panels = dashboard["panels"]
    ids = [panel["id"] for panel in panels]
    assert len(set(ids)) == len(ids) > 5
    (variable,) = dashboard["templating"]["list"]
    assert (variable["name"], variable["type"], variable["query"]) == (
        "datasource",
        "datasource",
        "prometheus",
    )
    cells: set[tuple[int, int]] = set()
    for panel in panels:
        assert panel["type"] == "row" or panel["description"], panel["title"]
        at = panel["gridPos"]
        mine = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not mine & cells and at["x"] + at["w"] <= 24
        cells |= mine
        for target in panel.get("targets", ()):
            assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
            # The job's name is the operator's: `serve` is one job, under any name.
            assert 'job="' not in target["expr"]
            assert "tachowatt_" in target["expr"]
            assert target["expr"].count("(") == target["expr"].count(")")


def test_there_is_a_dashboard_for_each_part() -> None:
    assert [path.stem for path in DASHBOARDS] == ["api", "contacts", "pipeline"]
    uids = {json.loads(path.read_text())["uid"] for path in DASHBOARDS}
    assert len(uids) == len(DASHBOARDS)


def test_alerts_stand_in_the_guide() -> None:
    (group,) = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"]
    names = [rule["alert"] for rule in group["rules"]]
    assert len(set(names)) == len(names)
    guide = OPERATIONS.read_text()
    assert [name for name in names if f"`{name}`" not in guide] == []


# ── the guide's figures ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_the_guide_knows_what_a_device_takes(kind: Any) -> None:
    """Carry, four columns beside it, two of the index (ingest/device_state/arrays.py)."""
    size = 8 * kind.carry_width + 8 + 8 + 8 + 1 + 16
    guide, noun = OPERATIONS.read_text(), {"vehicle": "cars", "meter": "meters"}[kind.name]
    assert f"8 × {kind.carry_width} + 41 = {size:,} bytes" in guide
    assert f"{size:,} × {noun}" in guide


def test_the_image_gets_every_package() -> None:
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    kept = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text().splitlines()
    assert [name for name in packages["root_packages"] if f"!{name}" not in kept] == []


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_nginx_takes_the_proxy_of_the_api(tmp_path: Path) -> None:
    folders = "".join(
        f"{kind}_temp_path {tmp_path / kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = tmp_path / "nginx.conf"
    config.write_text(
        f"pid {tmp_path}/pid; error_log {tmp_path}/log; events {{}}\n"
        f"http {{ access_log off; {folders} include {DEPLOY / 'api' / 'nginx.conf'}; }}\n"
    )
    command = ["nginx", "-t", "-e", str(tmp_path / "log"), "-c", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_each_key_has_one_process_of_the_api() -> None:
    text = (DEPLOY / "api" / "nginx.conf").read_text()
    assert "hash $tw_caller consistent;" in text
    assert len(re.findall(r"server 127\.0\.0\.1:\d+;", text)) >= 2
    unit = (DEPLOY / "api" / "systemd.service").read_text()
    assert "TACHOWATT_API_PORT=%i" in unit and "TACHOWATT_API_TRUSTED_PROXIES=127.0.0.1" in unit
