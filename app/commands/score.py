"""The driving score of a portfolio: versions, scores at a date, calibration, explanation."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from api.http.scopes import Scope
from app.commands.shared.console import err, load_settings, out, print_json, print_table
from app.commands.shared.options import Json, Tenant
from app.commands.shared.person_key import ask_key, person_of_key
from app.commands.shared.reads import log_command
from app.commands.shared.tenant import the_tenant
from app.operations.score_files import read_claims
from app.operations.timestamps import as_datetime
from app.processes.stack import database
from runtime.clock import SystemClock
from runtime.errors import NotFound, Usage
from store.people.read_log import of_customers
from store.postgres.pool import connect, translated
from store.postgres.times import from_us

cli = typer.Typer(no_args_is_help=True, help=__doc__)

AsOf = Annotated[str | None, typer.Option(help="Only trips decided by then, with an offset")]
Version = Annotated[str | None, typer.Option(help="A version; by default the one in use")]


Trip = Annotated[str, typer.Argument(help="Id of the trip, as the API has it")]
EventKind = Annotated[str | None, typer.Option("--event", help="Only this event: its kind")]
EventAt = Annotated[str | None, typer.Option("--at", help="... and its begin, with an offset")]
CaseId = Annotated[str | None, typer.Option("--case", help="Case in whose diary it is written")]


@cli.command("versions")
def versions(tenant: Tenant = None, json: Json = False) -> None:
    """List the versions of the score that a tenant may use, and which one it uses.

    Example: tachowatt score versions
    """
    from services import score_versions

    with database(load_settings(), SystemClock()) as url, translated(), connect(url) as connection:
        rows = score_versions.listed(connection, the_tenant(connection, tenant))
    if json:
        print_json([{**row, "made_at": _iso(row["made_at"])} for row in rows])
        return
    print_table(
        "Versions",
        ["version", "fitted from", "made", "in use", "frozen for"],
        [
            [
                row["version"],
                row["base"] or "",
                row["made_at"] or "",
                "*" if row["in_use"] else "retired" if row["retired"] else "",
                ", ".join(row["frozen_for"]),
            ]
            for row in rows
        ],
    )


@cli.command("portfolio")
def portfolio(
    out_file: Annotated[Path, typer.Option("--out", "-o", help="File to write: .csv or .parquet")],
    as_of: AsOf = None,
    version: Version = None,
    tenant: Tenant = None,
) -> None:
    """Write the scores of all drivers as of a date, with the mileage of each policy period.

    A row for each policy, with its mileage in all and in the year of insurance that ends at the
    date or is running. Drivers who do not agree to be scored are left out. --version may name a
    tariff year for which a version was frozen (score freeze).

    Example: tachowatt score portfolio --as-of 2026-12-01T00:00:00+01:00 --out renewal.csv
    """
    from services import portfolio_scores
    from services.portfolio_file import as_csv, as_parquet

    clock = SystemClock()
    when = _when(as_of, clock)
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        owner = the_tenant(connection, tenant)
        portfolio = portfolio_scores.of_tenant(connection, owner, when, version)
        rows, drivers = 0, 0

        def parts() -> Iterator[list[dict[str, Any]]]:
            nonlocal rows, drivers
            for some in portfolio.portions:
                part = portfolio_scores.rows_of(connection, portfolio, some)
                names = sorted({row["driver"] for row in part})
                log_command(connection, clock, "score portfolio", {owner: of_customers(names)})
                rows, drivers = rows + len(part), drivers + len(names)
                yield part

        write = as_parquet if out_file.suffix.lower() == ".parquet" else as_csv
        try:
            with out_file.open("wb") as file:
                file.writelines(write(portfolio_scores.columns(portfolio), parts()))
        except OSError as error:
            raise Usage(f"{out_file}: {error.strerror or error}") from None
    out.print(f"{out_file}: {rows} rows, {drivers} drivers")


@cli.command("freeze")
def freeze(
    name: Annotated[str, typer.Argument(help="Name of the tariff year")],
    begin: Annotated[str, typer.Option("--from", help="Begin of the year, with an offset")],
    end: Annotated[str, typer.Option("--until", help="Its end")],
    version: Version = None,
) -> None:
    """Freeze a version for a tariff year: `score portfolio --version NAME` uses it and no other.

    Until the year is over nobody retires it. It never changes: where an update of the program
    brings other numbers under its name, its files are refused. Whoever freezes has to be a
    person: their key is in TACHOWATT_KEY, or asked for.

    Example: tachowatt score freeze tariff-2027 --from 2027-01-01T00:00:00+01:00
    --until 2028-01-01T00:00:00+01:00
    """
    from services import score_versions

    clock, key = SystemClock(), ask_key()
    period = (as_datetime(begin), as_datetime(end))
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        caller = person_of_key(connection, key, clock.now_us(), Scope.SCORES_WRITE)
        found = score_versions.freeze(
            connection, caller.tenant, name, version, period, caller.name, clock.now_us()
        )
        connection.commit()
    out.print(f"{name}: {found.version}")


@cli.command("retire")
def retire(version: Annotated[str, typer.Argument(help="The version")]) -> None:
    """Never bring a version into use again. One in use, or frozen for a year, is refused.

    Scores that were given out by it are still explained. Whoever retires it has to be a person:
    their key is in TACHOWATT_KEY, or asked for.

    Example: tachowatt score retire driving-score/2
    """
    from services import score_versions

    clock, key = SystemClock(), ask_key()
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        caller = person_of_key(connection, key, clock.now_us(), Scope.SCORES_WRITE)
        score_versions.retire(connection, caller.tenant, version, caller.name, clock.now_us())
        connection.commit()
    out.print(f"{version} is retired")


@cli.command("calibrate")
def calibrate(
    file: Annotated[Path, typer.Argument(help="CSV: driver, exposure_km, claims")],
    version: Annotated[str, typer.Option(help="Name of the new version")],
    tenant: Tenant = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", help="PNG: lift, Lorenz curve, calibration")
    ] = None,
    json: Json = False,
) -> None:
    """Fit the weights of the score to claims, and record them as a new version.

    Poisson, every weight at least 0, cross-validated over drivers; few claims change little.
    Nothing is activated: `tachowatt rescore --version NAME` shows what would change. The answer
    says how many drivers of the file were used.

    Example: tachowatt score calibrate claims.csv --version acme-2027 --plot acme-2027.png
    """
    from services import score_versions

    claims, clock = read_claims(file), SystemClock()
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        owner = the_tenant(connection, tenant)
        model, report, fitted = score_versions.calibrate(
            connection, owner, version, claims, clock.now_us()
        )
        connection.commit()
    if plot is not None:
        from app.analysis.calibration_plot import plot_calibration

        plot_calibration(report, plot)
    if json:
        print_json(
            {
                "version": model.version,
                "span": model.span,
                "drivers": fitted.drivers,
                "left_out": fitted.left_out,
                "km": fitted.km,
                "claims": fitted.claims,
                "weights": {factor.name: factor.weight for factor in model.factors},
                **report._asdict(),
                "bands": [band._asdict() for band in report.bands],
            }
        )
        return
    print_table(
        f"{model.version}: span {model.span:.3f}",
        ["factor", "weight"],
        [[factor.name, f"{factor.weight:.2f}"] for factor in model.factors],
    )
    out.print(
        f"{fitted.drivers} drivers, {fitted.km:,.0f} km, {fitted.claims:g} claims; "
        f"{fitted.left_out} drivers of the file have no trips, or do not agree to be scored"
    )
    out.print(
        f"on drivers left out: Gini {report.gini:.3f} (before {report.gini_before:.3f}), "
        f"lift {report.lift:.2f}, slope of calibration {report.slope:.2f}"
    )


@cli.command("explain")
def explain(
    customer: Annotated[str, typer.Argument(help="Driver, as tenant/customer")],
    as_of: AsOf = None,
    version: Annotated[
        str | None, typer.Option(help="A version; by default the one in use then")
    ] = None,
    vehicle: Annotated[str | None, typer.Option(help="Only trips of this vehicle")] = None,
    contract: Annotated[str | None, typer.Option(help="Only trips under this contract")] = None,
) -> int:
    """Compute a score again as of a time, with formula, inputs, consent and version, as JSON.

    The exit code is 1 where a score was recorded by then and other bits come out again.

    Example: tachowatt score explain demo/c-1 --as-of 2026-11-20T12:00:00Z
    """
    from services.score_explanation import explain as explained
    from store.reads.scoring import Which

    owner, sign, name = customer.partition("/")
    if not sign:
        raise Usage(f"{customer!r} names no tenant; expected tenant/customer")
    clock = SystemClock()
    when = _when(as_of, clock)
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        log_command(connection, clock, "score explain", {owner: of_customers([name])})
        try:
            found = explained(connection, Which(owner, name, vehicle, contract), when, version)
        except NotFound as error:
            raise Usage(str(error)) from None
    print_json(found)
    recorded = found["recorded"]
    if recorded is not None and not recorded["same_bits"]:
        later = found["inputs"]["corrected_later"]
        err.print(f"the recorded score is another one; {later} trips were corrected later")
        return 1
    return 0


@cli.command("exclude")
def exclude(
    trip: Trip,
    reason: Annotated[
        str,
        typer.Option(help="passenger, not_driving, pothole, emergency, wrong_limit or …_data"),
    ],
    event: EventKind = None,
    at: EventAt = None,
    case: CaseId = None,
) -> None:
    """Take a trip, or an event of it, out of the score of its driver.

    Whoever decides has to be a person: their key is in TACHOWATT_KEY, or asked for.

    Example: tachowatt score exclude 17-1764000000000000 --reason passenger
    """
    _count(trip, False, reason, event, at, case)


@cli.command("include")
def include(trip: Trip, event: EventKind = None, at: EventAt = None, case: CaseId = None) -> None:
    """Put a trip, or an event of it, back into the score, also one that was marked as changed.

    Example: tachowatt score include 17-1764000000000000
    """
    _count(trip, True, None, event, at, case)


def _count(
    trip: str, counts: bool, reason: str | None, event: str | None, at: str | None, case: str | None
) -> None:
    from services.trip_counting import Asked, decide

    if (event is None) != (at is None):
        raise Usage("--event and --at: name an event by its kind and begin")
    clock = SystemClock()
    key = ask_key()
    which = None if event is None or at is None else (event, as_datetime(at))
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        caller = person_of_key(connection, key, clock.now_us(), Scope.SCORES_WRITE)
        asked = Asked(caller.tenant, trip, which, counts, reason, case)
        try:
            found = decide(connection, asked, caller.name, clock.now_us())
        except NotFound as error:
            raise Usage(str(error)) from None
        log_command(
            connection, clock, "score exclude", {caller.tenant: of_customers([found["customer"]])}
        )
        connection.commit()
    print_json({name: _iso(value) for name, value in found.items()})


@cli.command("audit")
def audit(
    version: Annotated[
        str | None,
        typer.Option(help="A shipped version; by default the newest"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of roads, drivers and devices")] = 1,
    drivers: Annotated[int, typer.Option(min=12, help="Simulated drivers")] = 36,
    drives: Annotated[int, typer.Option(min=2, help="Of 20 minutes, for each")] = 6,
    commuters: Annotated[
        int, typer.Option(min=0, help="Who drive one road 250 times; 40 for 10,000 drives")
    ] = 4,
) -> int:
    """Audit a version on simulated drivers: place, time, device, stability, changed data; as JSON.

    Drivers of one style have equal risk. The exit code is 1 where the same drives seen by a dongle,
    by OBD and by a phone differ by more than 3 points on average, where changed data are not
    marked, and where a drive is marked that nobody has changed: of commuters, who drive the same
    road again and again, one in 10,000 may be.

    Example: tachowatt score audit --seed 1
    """
    from app.analysis.score_audit import audit as audited
    from feature_kernels import driving

    model = driving.MODELS.get(version or driving.ALGORITHM_VERSION)
    if model is None:
        raise Usage(f"--version: expected one of {', '.join(driving.MODELS)}")
    found = audited(model, seed, drivers, drives, commuters)
    print_json(found)
    return 1 if found["problems"] else 0


def _when(given: str | None, clock: SystemClock) -> datetime:
    return from_us(clock.now_us()) if given is None else as_datetime(given)


def _iso(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
