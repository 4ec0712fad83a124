"""Every measured column: its name, unit, physical range and meaning.

The unit is part of the name. Names and axes follow COVESA VSS (speed km/h, acceleration m/s²
with ISO 8855 axes) for vehicles and OBIS (energy kWh, power W, import positive) for meters.
The ranges are physical, not behavioural: a value outside cannot be a measurement, so the whole
message is dead-lettered. The kernels judge values that are merely unlikely.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """One measured quantity. NaN (null on the wire) means *not measured*."""

    name: str
    unit: str
    lowest: float
    highest: float
    meaning: str


VEHICLE_COLUMNS: tuple[Column, ...] = (
    Column("speed_kmh", "km/h", 0.0, 500.0, "speed over ground (GNSS) or of the wheels (OBD)"),
    Column("lat_deg", "°", -90.0, 90.0, "WGS 84 latitude"),
    Column("lon_deg", "°", -180.0, 180.0, "WGS 84 longitude"),
    Column("heading_deg", "°", 0.0, 360.0, "course over ground, clockwise from true north"),
    Column("altitude_m", "m", -500.0, 20_000.0, "height above the ellipsoid or the sea"),
    Column("accuracy_m", "m", 0.0, 1e6, "radius of horizontal accuracy, as the receiver says"),
    Column("accel_long_mps2", "m/s²", -2_000.0, 2_000.0, "vehicle frame, forward positive"),
    Column("accel_lat_mps2", "m/s²", -2_000.0, 2_000.0, "vehicle frame, to the left positive"),
    Column("accel_vert_mps2", "m/s²", -2_000.0, 2_000.0, "vehicle frame, up positive, no gravity"),
    Column("accel_x_mps2", "m/s²", -2_000.0, 2_000.0, "device frame, unknown orientation"),
    Column("accel_y_mps2", "m/s²", -2_000.0, 2_000.0, "device frame, unknown orientation"),
    Column("accel_z_mps2", "m/s²", -2_000.0, 2_000.0, "device frame, unknown orientation"),
    Column("gyro_x_radps", "rad/s", -100.0, 100.0, "turn rate about the device's x axis"),
    Column("gyro_y_radps", "rad/s", -100.0, 100.0, "turn rate about the device's y axis"),
    Column("gyro_z_radps", "rad/s", -100.0, 100.0, "turn rate about the device's z axis"),
    Column("speed_limit_kmh", "km/h", 0.0, 300.0, "limit on this road; absent = not known"),
    Column("ignition", "0 or 1", 0.0, 1.0, "1 = on"),
)

# Registers of a time-of-use meter: their sum is the total (OBIS 1.8.1 and 1.8.2).
TARIFF_COLUMNS: tuple[Column, ...] = (
    Column("register_t1_kwh", "kWh", 0.0, 1e10, "import register of the first tariff (OBIS 1.8.1)"),
    Column("register_t2_kwh", "kWh", 0.0, 1e10, "import register of the second (OBIS 1.8.2)"),
)

METER_COLUMNS: tuple[Column, ...] = (
    Column("register_kwh", "kWh", 0.0, 1e10, "import register at this time (OBIS 1.8.0)"),
    Column("register_export_kwh", "kWh", 0.0, 1e10, "export register at this time (OBIS 2.8.0)"),
    Column("energy_kwh", "kWh", -1e10, 1e10, "energy of the interval that starts at this time"),
    Column("power_w", "W", -1e8, 1e8, "power now, export negative (OBIS 16.7.0)"),
    Column("voltage_v", "V", 0.0, 1_000_000.0, "phase voltage (OBIS 32.7.0)"),
    Column("interval_s", "s", 1.0, 32 * 86_400.0, "length of the interval of energy_kwh"),
    Column("quality", "code", 0.0, 6.0, "status the sender gives; see contracts.quality"),
    Column(
        "meter_key", "key", 0.0, 2.0**53, "52-bit key of the meter number (contracts.meter_number)"
    ),
    *TARIFF_COLUMNS,
)

VEHICLE_NAMES: tuple[str, ...] = tuple(column.name for column in VEHICLE_COLUMNS)
METER_NAMES: tuple[str, ...] = tuple(column.name for column in METER_COLUMNS)

# Columns that belong together: of two different messages about one instant, the greater group
# wins whole, so that no position is made of one's latitude and the other's longitude.
VEHICLE_GROUPS: tuple[tuple[str, ...], ...] = (
    ("lat_deg", "lon_deg", "heading_deg", "altitude_m", "accuracy_m"),
    ("speed_kmh",),
    ("accel_long_mps2", "accel_lat_mps2", "accel_vert_mps2"),
    ("accel_x_mps2", "accel_y_mps2", "accel_z_mps2"),
    ("gyro_x_radps", "gyro_y_radps", "gyro_z_radps"),
    ("speed_limit_kmh",),
    ("ignition",),
)
METER_GROUPS: tuple[tuple[str, ...], ...] = (
    ("register_kwh", "meter_key"),
    ("register_export_kwh",),
    ("energy_kwh", "interval_s", "quality"),
    ("power_w",),
    ("voltage_v",),
    *((column.name,) for column in TARIFF_COLUMNS),
)
