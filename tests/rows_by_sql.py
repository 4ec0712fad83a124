"""Rows made by SQL alone, which every engine takes (the WebAssembly build has no COPY), and what
the rollups must make of them, computed here in plain Python."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from store.postgres import rows
from store.postgres.pool import Connection

PROVISIONAL = datetime(9999, 12, 31, tzinfo=UTC)
FIRST = datetime(2026, 3, 1, tzinfo=UTC)

_TRIPS = (
    "insert into features.trip select device, start_at, start_at + interval '20 minutes', "
    "case when i = 200 then '9999-12-31Z'::timestamptz else start_at + interval '30 minutes' end, "
    "0, 1000 + i * 7919 %% 10007 / 7.0, 300 + i / 3.0, i %% 90, i %% 60 / 7.0, i %% 45, "
    "case when i %% 11 = 0 then null else i %% 30 / 9.0 end, 600, 900, 1200, 0, "
    "case when i %% 13 = 0 then null else 40 + i %% 90 end, 0, (i %% 50 = 0)::integer, "
    "array[i %% 3, i %% 2, 0], array[0, i %% 5, i %% 7], array[1, 0, 0], 1, 50, 48.1, 11.5, 48.2, "
    "11.6, array[0.0], array[0.0], array[0.0], 0 from generate_series(1, 2) device "
    "cross join generate_series(1, 200) i "
    "cross join lateral (select %(first)s + i * interval '7 hours 13 minutes' as start_at) s"
)
# Quarters of an hour over both changes of the clock, with what is missing, estimated and spread.
_INTERVALS = (
    "insert into features.meter_interval "
    "select device, start_at, start_at + interval '15 minutes', "
    "case when i %% 17 = 0 then null else (100 + i * 7919 %% 1009) / 4099.0 end, "
    "case when i %% 23 = 0 then 1 when i %% 29 = 0 then 5 else 6 end, (i %% 31 = 0)::integer, "
    "start_at + interval '15 minutes', 0 from generate_series(3, 4) device "
    "cross join generate_series(0, 15 * 96) i cross join lateral (select '{}'::timestamptz "
    "+ i * interval '15 minutes' as start_at) s"
)
_SAMPLES = (
    "insert into telemetry.vehicle_sample (device_id, observed_at, received_at, speed_kmh) "
    "select device, at, at, i %% 130 from generate_series(1, 2) device "
    "cross join generate_series(1, 600) i "
    "cross join lateral (select %(first)s + i * interval '2 hours' as at) s"
)


def fill(connection: Connection) -> None:
    """Samples of two cars over seven weeks, their trips, and two meters' intervals; commits."""
    connection.execute(_TRIPS, {"first": FIRST})
    for start in ("2026-03-21Z", "2026-10-17Z"):
        connection.execute(_INTERVALS.format(start).replace("%%", "%").encode())
    connection.execute(_SAMPLES, {"first": FIRST})
    connection.commit()


def change(connection: Connection) -> None:
    """What a correction does: rows go, rows come back otherwise, a day loses all; commits."""
    connection.execute(
        "with was as (delete from features.meter_interval where device_id = 3 "
        "and decided_at > '2026-03-28Z' and decided_at <= '2026-03-30Z' returning *) "
        "insert into features.meter_interval select device_id, start_at, end_at, energy_kwh * 2, "
        "6, 0, decided_at, revision + 1 from was where start_at < '2026-03-29 12:00Z'"
    )
    connection.execute(
        "delete from features.trip where device_id = 2 and start_at >= '2026-04-01Z' "
        "and start_at < '2026-04-03Z'"
    )
    connection.execute(
        "update features.trip set decided_at = start_at where decided_at = '9999-12-31Z'"
    )
    connection.commit()


def view(
    connection: Connection,
    name: str,
    unit: str,
    device_id: int | None = None,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
) -> list[dict[str, Any]]:
    """Rows of a rollup: all, or those of a device whose buckets begin in [from, until)."""
    where = rows.Conditions("true").add("device_id = %s", device_id)
    where.add(f"{unit} >= %s", from_at).add(f"{unit} < %s", until_at)
    return rows.all_(
        connection,
        f"select * from rollup.{name} where {where.sql} order by device_id, {unit}",
        where.values,
    )


def vehicle_days(connection: Connection, zone: str) -> list[dict[str, Any]]:
    """What rollup.vehicle_day must tell."""
    found = rows.all_(
        connection, "select * from features.trip where decided_at < %s", [PROVISIONAL]
    )
    answer = []
    for (device, day), trips in _grouped(found, "day", zone):
        summed = ("distance_m", "driving_s", "idle_s", "night_s", "rush_s", "speeding_s")
        counted = ("harsh_braking", "harsh_acceleration", "harsh_cornering")
        answer.append(
            {
                "device_id": device,
                "day": day,
                "trips": len(trips),
                **{name: _sum(t[name] for t in trips) for name in summed},
                **{name: sum(sum(t[name]) for t in trips) for name in counted},
                "crashes": sum(t["crash"] for t in trips),
                "max_speed_kmh": max(
                    (t["max_speed_kmh"] for t in trips if t["max_speed_kmh"] is not None),
                    default=None,
                ),
            }
        )
    return answer


def meter_rollup(connection: Connection, unit: str, zone: str) -> list[dict[str, Any]]:
    """What rollup.meter_hour, meter_day or meter_month must tell."""
    found = rows.all_(connection, "select * from features.meter_interval")
    answer = []
    for (device, bucket), intervals in _grouped(found, unit, zone):
        sorts = [_sort(interval) for interval in intervals]
        measured, estimated = (
            [i for i, sort in zip(intervals, sorts, strict=True) if sort == wanted]
            for wanted in ("measured", "estimated")
        )
        answer.append(
            {
                "device_id": device,
                unit: bucket,
                "energy_kwh": _sum(i["energy_kwh"] for i in measured),
                "estimated_kwh": _sum(i["energy_kwh"] for i in estimated),
                "max_w": max((i["energy_kwh"] * 3600000.0 / 900.0 for i in measured), default=None),
                "intervals": len(intervals),
                "measured": len(measured),
                "estimated": len(estimated),
                "missing": sorts.count("missing"),
            }
        )
    return answer


def _sort(interval: dict[str, Any]) -> str:
    if interval["energy_kwh"] is None or interval["status"] <= 1:
        return "missing"
    return "estimated" if interval["status"] < 6 or interval["estimated"] else "measured"


def _sum(values: Iterable[float | None]) -> float | None:
    """As PostgreSQL sums float8 cast to numeric: each with 15 significant digits, exactly."""
    exact = [Decimal(f"{value:.15g}") for value in values if value is not None]
    return float(sum(exact)) if exact else None


_BEGIN: dict[str, Callable[[datetime], datetime]] = {
    "hour": lambda at: at.replace(minute=0),
    "day": lambda at: at.replace(hour=0, minute=0, fold=0),
    "month": lambda at: at.replace(day=1, hour=0, minute=0, fold=0),
}


def _grouped(
    found: list[dict[str, Any]], unit: str, zone: str
) -> list[tuple[tuple[int, datetime], list[dict[str, Any]]]]:
    groups: dict[tuple[int, datetime], list[dict[str, Any]]] = {}
    for row in found:
        local = row["start_at"].astimezone(ZoneInfo("UTC" if unit == "hour" else zone))
        begin = _BEGIN[unit](local).astimezone(UTC)
        groups.setdefault((row["device_id"], begin), []).append(row)
    return sorted(groups.items(), key=lambda item: item[0])


def days_later(days: float) -> datetime:
    """An instant after the first sample."""
    return FIRST + timedelta(days=days)
