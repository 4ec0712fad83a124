"""rescore, score versions, portfolio, calibrate, explain: over real rows of a database."""

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from psycopg import errors

from app.cli import cli
from feature_kernels import driving
from runtime.errors import NotFound, Usage
from services import driving_scores, score_versions
from services.four_eyes import Refused
from services.score_explanation import digest
from store.casework import driver_scores
from store.people import consent
from store.postgres import roles
from store.postgres.pool import connect
from store.postgres.times import from_us
from store.reads import scoring
from tests.fix_registry import NOW_US
from tests.fix_roles import Town
from tests.seed_api import TRIPS

DAY_US = 86_400_000_000
LATER = from_us(NOW_US + DAY_US).isoformat()
SECOND = "driving-score/2"


@pytest.fixture
def run(town: Town, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """`run("score", "versions")`: exit code, and what the command wrote on stdout."""
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", town.url)

    def run_(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        code = cli([*arguments], standalone_mode=False)
        return code or 0, capsys.readouterr().out

    return run_


def score_of(town: Town, customer: str) -> driving.Score:
    with connect(town.url) as connection:
        roles.set_tenant_scope(connection, ("t1",))
        return driving_scores.of_subject(connection, scoring.Which("t1", customer))[1]


def use(town: Town, run, version: str) -> None:
    """Bring a version into use: one person asks, another one approves, the first one executes."""
    keys = town.seeded.keys
    one, other = keys["own", "person operator"], keys["own", "person data_protection"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TACHOWATT_KEY", one)
        text = run("rescore", "--version", version, "--activate", "--json")[1]
        request = json.loads(text)["request"]
        for wrong in (("approval", "approve", request), ("rescore", "--request", request)):
            with pytest.raises(Refused):
                run(*wrong)
        patch.setenv("TACHOWATT_KEY", other)
        run("approval", "approve", request)
        with pytest.raises(Refused):
            run("rescore", "--request", request)
        patch.setenv("TACHOWATT_KEY", one)
        assert json.loads(run("rescore", "--request", request, "--json")[1])["state"] == "executed"
        with pytest.raises(Refused):
            run("rescore", "--request", request)
    with connect(town.url) as connection:
        row = connection.execute(
            "select version, request_id, activated_by <> approved_by "
            "from contacts.score_activation order by activation_id desc limit 1"
        ).fetchone()
        assert row == (version, request, True)


def test_rescore_shows_the_shift_and_changes_nothing_until_it_is_asked_to(
    town: Town, run, tmp_path: Path
) -> None:
    before = score_of(town, "c0")
    assert before.algorithm_version == driving.ALGORITHM_VERSION
    file = tmp_path / "shift.csv"
    arguments = ("rescore", "--tenant", "t1", "--version", SECOND, "--out", str(file), "--json")
    found = json.loads(run(*arguments)[1])
    assert found["scored"] == found["drivers"] == 2 and found["request"] is None
    assert found["trips"] == 2 * TRIPS  # the other two have not driven
    rows = {row["customer"]: row for row in csv.DictReader(file.read_text().splitlines())}
    assert float(rows["c0"]["before"]) == before.score
    assert score_of(town, "c0") == before
    use(town, run, SECOND)
    after = score_of(town, "c0")
    assert after.algorithm_version == SECOND
    assert float(rows["c0"]["after"]) == after.score
    listed = json.loads(run("score", "versions", "--tenant", "t1", "--json")[1])
    assert [row["version"] for row in listed if row["in_use"]] == [SECOND]
    other = json.loads(run("score", "versions", "--tenant", "t2", "--json")[1])
    assert [row["version"] for row in other if row["in_use"]] == [driving.ALGORITHM_VERSION]


def test_a_version_that_nobody_knows_is_named(run) -> None:
    with pytest.raises(Usage, match="driving-score/3"):
        run("rescore", "--tenant", "t1", "--version", "driving-score/99")


def test_calibrate_makes_a_version_that_never_changes(town: Town, run, tmp_path: Path) -> None:
    claims, plot = tmp_path / "claims.csv", tmp_path / "fit.png"
    drivers = ("c0", "c1", "c2", "omar-driver")
    rows = [f"{driver},1e5,{40 + i}" for i, driver in enumerate(drivers)]
    claims.write_text("\n".join(["driver,exposure_km,claims", *rows, "nobody,1,0"]) + "\n")
    arguments = ("score", "calibrate", str(claims), "--tenant", "t1", "--version", "t1-2027")
    found = json.loads(run(*arguments, "--plot", str(plot), "--json")[1])
    assert (found["drivers"], found["left_out"]) == (2, 3)  # three have no trips of their own
    assert found["km"] == 2e5 and found["claims"] >= 2 * 40
    assert sum(found["weights"].values()) == pytest.approx(100.0)
    assert min(found["weights"].values()) >= 0.0
    assert plot.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(Usage, match="never changes"):
        run(*arguments)
    assert score_of(town, "c0").algorithm_version == driving.ALGORITHM_VERSION
    use(town, run, "t1-2027")
    judged = score_of(town, "c0")
    assert judged.algorithm_version == "t1-2027"
    with connect(town.url) as connection:
        stored = score_versions.model(connection, "t1", "t1-2027")
        assert {f.name: f.weight for f in stored.factors} == found["weights"]
        with pytest.raises(Usage):
            score_versions.model(connection, "t2", "t1-2027")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("driver,km,claims\nc0,1,1\n", "exposure_km"),
        ("driver,exposure_km,claims\nc0,x,1\n", "line 2"),
        ("driver,exposure_km,claims\nc0,0,1\n", "more than 0"),
        ("driver,exposure_km,claims\nc0,5,-1\n", "negative"),
        ("driver,exposure_km,claims\nc0,5,1\n", "at least"),
        ("driver;exposure_km;claims\nc0;5;1\n", "semicolons"),
        ("driver,exposure_km,claims\nc0,12,5,1\n", "more values"),
        ("driver,exposure_km,claims\n,5,1\n", "no driver"),
        ("driver,exposure_km,claims\n", "no rows"),
    ],
)
def test_claims_that_say_nothing_are_refused(run, tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "claims.csv"
    file.write_text(text)
    with pytest.raises(Usage, match=says):
        run("score", "calibrate", str(file), "--tenant", "t1", "--version", "x")


def test_the_portfolio_has_a_row_for_each_contract(town: Town, run, tmp_path: Path) -> None:
    file = tmp_path / "renewal.csv"
    run("score", "portfolio", "--tenant", "t1", "--as-of", LATER, "--out", str(file))
    rows = list(csv.DictReader(file.read_text().splitlines()))
    assert [row["driver"] for row in rows] == ["c0", "c1", "c2", "omar-driver"]
    judged = score_of(town, "c0")
    assert float(rows[0]["score"]) == judged.score and rows[0]["trusted"] == "True"
    assert rows[0]["contract"] == "k0" and int(rows[0]["trips"]) == TRIPS
    assert float(rows[0]["distance_m"]) == judged.exposure.distance_m
    assert float(rows[0]["share_jerk_for_road"]) == dict(
        (part.factor, part.share) for part in judged.components
    )["jerk_for_road"]  # fmt: skip
    half = from_us(NOW_US - TRIPS // 2 * DAY_US).isoformat()
    run("score", "portfolio", "--tenant", "t1", "--as-of", half, "--out", str(file))
    earlier = next(csv.DictReader(file.read_text().splitlines()))
    assert 0 < int(earlier["trips"]) < TRIPS


def test_the_portfolio_is_one_file_with_the_mileage_of_the_policys_year(
    town: Town, run, tmp_path: Path
) -> None:
    file = tmp_path / "renewal.parquet"
    run("score", "portfolio", "--tenant", "t1", "--as-of", LATER, "--out", str(file))
    row = pq.read_table(file).to_pylist()[0]
    assert (row["driver"], row["contract"], row["trips"]) == ("c0", "k0", TRIPS)
    assert row["period_trips"] == TRIPS and row["period_distance_m"] == row["distance_m"]
    assert row["period_from"] < row["as_of"] <= row["period_to"]
    # A renewal between two trips: what was driven before it is in the year that ends then.
    with connect(town.url) as connection:
        connection.execute(
            "update customers.contract set valid_from = %s where contract = 'k0'",
            (from_us(NOW_US - TRIPS // 2 * DAY_US).replace(year=2022),),
        )
        connection.commit()
    run("score", "portfolio", "--tenant", "t1", "--as-of", LATER, "--out", str(file))
    row = pq.read_table(file).to_pylist()[0]
    assert row["trips"] == TRIPS and 0 < row["period_trips"] < TRIPS


def test_a_version_that_is_frozen_for_a_tariff_year_stays(
    town: Town, run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TACHOWATT_KEY", town.seeded.keys["own", "person insurer"])
    file = tmp_path / "renewal.csv"
    year = ("--from", from_us(NOW_US).isoformat(), "--until", "2100-01-01T00:00:00+01:00")
    freeze = ("score", "freeze", "tariff-2027", *year, "--version", SECOND)
    run(*freeze)
    with pytest.raises(Usage, match="never changes"):
        run(*freeze)
    with pytest.raises(Usage, match="is frozen for tariff-2027"):
        run("score", "retire", SECOND)
    with pytest.raises(Usage, match="is in use"):
        run("score", "retire", driving.ALGORITHM_VERSION)
    portfolio = ("score", "portfolio", "--tenant", "t1", "--as-of", LATER, "--out", str(file))
    run(*portfolio, "--version", "tariff-2027")
    (row, *_) = csv.DictReader(file.read_text().splitlines())
    assert (row["algorithm_version"], row["frozen_for"]) == (SECOND, "tariff-2027")
    with pytest.raises(Usage, match="no version 'tariff-2027'"), connect(town.url) as connection:
        score_versions.model(connection, "t2", "tariff-2027")
    listed = json.loads(run("score", "versions", "--tenant", "t1", "--json")[1])
    assert [one["frozen_for"] for one in listed] == [["tariff-2027"], [], []]
    for statement in (
        "delete from contacts.score_freeze",
        "update contacts.score_freeze set valid_to = now()",
        f"insert into contacts.score_retirement values ('t1', '{SECOND}', 'x', now())",
    ):
        with connect(town.url) as connection, pytest.raises(errors.RestrictViolation):
            connection.execute(statement.encode())
    # An update of the program that brings other numbers under the same name.
    changed = driving.MODELS[SECOND]._replace(span=1.4)
    monkeypatch.setitem(driving.MODELS, SECOND, changed)
    with pytest.raises(Usage, match="has changed since it was frozen"):
        run(*portfolio, "--version", "tariff-2027")


def test_a_retired_version_is_not_brought_into_use(town: Town, run, monkeypatch) -> None:
    monkeypatch.setenv("TACHOWATT_KEY", town.seeded.keys["own", "person insurer"])
    run("score", "retire", SECOND)
    year = ("--from", from_us(NOW_US).isoformat(), "--until", "2100-01-01T00:00:00+01:00")
    with pytest.raises(Usage, match="is retired"):
        run("score", "freeze", "late", *year, "--version", SECOND)
    monkeypatch.setenv("TACHOWATT_KEY", town.seeded.keys["own", "person operator"])
    with pytest.raises(NotFound):
        run("rescore", "--version", SECOND, "--activate")


def test_who_no_longer_agrees_is_in_no_file_and_no_fit(town: Town, run, tmp_path: Path) -> None:
    with connect(town.url) as connection:
        row = {
            "tenant": "t1", "customer": "c0", "purpose": "driving_score", "state": "withdrawn",
            "legal_basis": "consent", "notice_version": "1", "source": "test",
            "at": from_us(NOW_US), "recorded_at": from_us(NOW_US),
        }  # fmt: skip
        consent.decide(connection, [row])
        connection.commit()
    file = tmp_path / "renewal.csv"
    run("score", "portfolio", "--tenant", "t1", "--as-of", LATER, "--out", str(file))
    drivers = [row["driver"] for row in csv.DictReader(file.read_text().splitlines())]
    assert drivers == ["c1", "c2", "omar-driver"]
    with connect(town.url) as connection:
        for portion in score_versions.portions(connection, "t1"):
            assert "c0" not in portion.customers


def test_explain_gives_the_same_bits_as_the_recorded_score(town: Town, run) -> None:
    judged = score_of(town, "c0")
    at_us = NOW_US + DAY_US // 2
    with connect(town.url) as connection:
        week = from_us(at_us).date()
        driver_scores.record(
            connection, "t1", "c0", week, judged.score, "B", True, 1.0,
            judged.algorithm_version, at_us,
        )  # fmt: skip
        connection.commit()
    code, text = run("score", "explain", "t1/c0", "--as-of", LATER)
    found = json.loads(text)
    assert code == 0 and found["score"] == judged.score
    assert found["recorded"]["same_bits"] is True
    lost = 0.0
    for part in found["components"]:
        lost += part["share"]
    assert found["score"] == 100.0 - lost
    assert found["formula"].endswith(f"= {judged.score!r}")
    assert [row["state"] for row in found["consent"]] == ["granted"]
    assert found["inputs"]["trips"] == TRIPS and len(found["inputs"]["sha256"]) == 64
    assert score_versions.of_numbers(found["model"]) == driving.CURRENT
    other = json.loads(run("score", "explain", "t1/c0", "--as-of", LATER, "--version", SECOND)[1])
    assert other["version"] == SECOND and other["score"] != judged.score
    # The digest is of what the version takes from its trips.
    assert other["inputs"] == {**found["inputs"], "sha256": other["inputs"]["sha256"]}


def test_explain_says_that_the_inputs_are_no_longer_those(town: Town, run) -> None:
    with connect(town.url) as connection:
        driver_scores.record(
            connection, "t1", "c0", from_us(NOW_US).date(), 12.5, "E", True, 1.0,
            driving.ALGORITHM_VERSION, NOW_US + DAY_US // 2,
        )  # fmt: skip
        connection.commit()
    code, text = run("score", "explain", "t1/c0", "--as-of", LATER)
    assert code == 1 and json.loads(text)["recorded"]["same_bits"] is False


def test_nobody_has_no_explanation(run) -> None:
    with pytest.raises(Usage, match="no customer"):
        run("score", "explain", "t1/nobody")


def test_the_digest_is_of_the_inputs_alone() -> None:
    trips = np.zeros(3, driving.TRIP_DTYPE)
    trips["start_us"], trips["end_us"] = [1, 2, 3], [2, 3, 4]
    assert digest(trips) == digest(trips[::-1])
    longer = trips.copy()
    longer["distance_m"][1] = 1.0
    assert digest(longer) != digest(trips)
