"""The catalogue of facts: each with all that is known about it before it has a value.

Actions, conditions and commands name facts by this table. A fact that rests on a purpose does not
exist for a decision where the customer has not granted that purpose
(`customer_context.facts.known`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from contracts.kinds import ANOMALIES, LANGUAGES, Text
from contracts.purposes import Purpose


class FactType(StrEnum):
    """Types of values: true or false, a whole number, a number, or one of a few words."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    CHOICE = "choice"


class Source(StrEnum):
    """Where values come from."""

    FEATURE = "feature"
    SIGNAL = "signal"
    SCORE = "score"
    CASE = "case"
    CONTRACT = "contract"
    CONTACT = "contact"
    CONSENT = "consent"
    INTERACTION = "interaction"
    DEVICE = "device"
    WEATHER = "weather"
    CALENDAR = "calendar"
    TARIFF = "tariff"


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact.

    name : <subject>.<what>_<unit>, stable. title : a noun; description : a sentence.
    unit : of a number, '' = none. choices : values of a choice.
    purpose : it exists only where the customer has granted this; None = it rests on the contract,
    or is about no person. max_age_s : older values are not known; None = it does not age.
    """

    name: str
    type: FactType
    source: Source
    title: Text
    description: Text
    unit: str = ""
    purpose: Purpose | None = None
    max_age_s: int | None = None
    choices: tuple[str, ...] = ()


_DAY_S = 86_400
_HOUR_S = 3_600
_B, _I, _N, _C = FactType.BOOLEAN, FactType.INTEGER, FactType.NUMBER, FactType.CHOICE
_DRIVING, _ENERGY = Purpose.DRIVING_SCORE, Purpose.ENERGY_INSIGHT

_ALL = (
    # ── score and driving ──────────────────────────────────────────────────────────────────────
    Fact(
        "driving.score", _N, Source.SCORE,
        Text("Fahrscore", "driving score"),
        Text("Der jüngste Score, 0 bis 100.", "The latest score, 0 to 100."),
        "points", _DRIVING, 45 * _DAY_S,
    ),
    Fact(
        "driving.score_trend", _N, Source.SCORE,
        Text("Trend des Fahrscores", "trend of the driving score"),
        Text("Änderung zum Score davor.", "Change to the score before."),
        "points", _DRIVING, 45 * _DAY_S,
    ),
    Fact(
        "driving.year_km", _N, Source.FEATURE,
        Text("Fahrleistung im Jahr", "mileage of a year"),
        Text("Aus den letzten 90 Tagen hochgerechnet.", "Projected from the last 90 days."),
        "km", _DRIVING, 30 * _DAY_S,
    ),
    Fact(
        "driving.observed_d", _I, Source.FEATURE,
        Text("Tage mit Fahrdaten", "days with driving data"),
        Text("Tage seit der ersten Fahrt, höchstens 90.", "Days since the first trip, at most 90."),
        "d", _DRIVING, 30 * _DAY_S,
    ),
    Fact(
        "vehicle.service_due_km", _N, Source.FEATURE,
        Text("Strecke bis zur Wartung", "distance to the service"),
        Text("Negativ, wenn sie überfällig ist.", "Negative where it is overdue."),
        "km", _DRIVING, 30 * _DAY_S,
    ),
    Fact(
        "vehicle.parked_outside", _B, Source.CONTRACT,
        Text("Auto steht im Freien", "car is parked outside"),
        Text("Stellplatz laut Vertrag.", "Parking place by the contract."),
    ),
    # ── consumption ────────────────────────────────────────────────────────────────────────────
    Fact(
        "consumption.year_kwh", _N, Source.FEATURE,
        Text("Verbrauch im Jahr", "consumption of a year"),
        Text("Aus den gemessenen Tagen hochgerechnet.", "Projected from the measured days."),
        "kWh", _ENERGY, 7 * _DAY_S,
    ),
    Fact(
        "consumption.observed_d", _I, Source.FEATURE,
        Text("Tage mit Verbrauchsdaten", "days with consumption data"),
        Text("Gemessene Tage des letzten Jahres.", "Measured days of the last year."),
        "d", _ENERGY, 7 * _DAY_S,
    ),
    Fact(
        "consumption.night_share", _N, Source.FEATURE,
        Text("Nachtanteil", "night share"),
        Text("Anteil des Verbrauchs von 22 bis 6 Uhr.", "Share of consumption from 22 to 6."),
        "share", _ENERGY, 7 * _DAY_S,
    ),
    Fact(
        "consumption.base_load_w", _N, Source.FEATURE,
        Text("Grundlast", "base load"),
        Text("Die jüngste gemessene Grundlast.", "The latest measured base load."),
        "W", _ENERGY, 7 * _DAY_S,
    ),
    Fact(
        "consumption.charger", _B, Source.FEATURE,
        Text("Ladestation im Lastgang", "charger in the load profile"),
        Text(
            "Der Lastgang zeigt wiederholt das Laden eines Autos.",
            "The load profile shows a car being charged again and again.",
        ),
        "", _ENERGY, 30 * _DAY_S,
    ),
    Fact(
        "consumption.charger_nights", _I, Source.FEATURE,
        Text("Nächte mit Laden", "nights with charging"),
        Text("In den letzten 30 Tagen.", "In the last 30 days."),
        "nights", _ENERGY, 7 * _DAY_S,
    ),
    Fact(
        "consumption.rise_pct", _N, Source.FEATURE,
        Text("Mehrverbrauch", "rise of consumption"),
        Text("Letzte 7 Tage gegen die 28 davor.", "Last 7 days against the 28 before."),
        "%", _ENERGY, 3 * _DAY_S,
    ),
    Fact(
        "anomaly.open", _B, Source.SIGNAL,
        Text("offene Auffälligkeit", "open anomaly"),
        Text("Am Zähler ist etwas Ungewöhnliches.", "Something unusual is at the meter."),
        "", _ENERGY, 30 * _DAY_S,
    ),
    Fact(
        "anomaly.kind", _C, Source.SIGNAL,
        Text("Art der Auffälligkeit", "kind of anomaly"),
        Text("Der jüngsten offenen.", "Of the latest open one."),
        "", _ENERGY, 30 * _DAY_S, tuple(str(kind) for kind in ANOMALIES),
    ),
    # ── tariffs and instalments ────────────────────────────────────────────────────────────────
    Fact(
        "tariff.electricity", _C, Source.TARIFF,
        Text("Stromtarif", "electricity tariff"),
        Text("Art des laufenden Tarifs.", "Kind of the present tariff."),
        choices=("flat", "time_of_use", "ev"),
    ),
    Fact(
        "tariff.motor", _C, Source.TARIFF,
        Text("Kfz-Tarif", "motor tariff"),
        Text("Art des laufenden Tarifs.", "Kind of the present tariff."),
        choices=("flat", "mileage", "safe_driver"),
    ),
    Fact(
        "tariff.contract_km", _N, Source.CONTRACT,
        Text("vereinbarte Fahrleistung", "agreed mileage"),
        Text("Kilometer im Jahr laut Vertrag.", "Kilometres of a year by the contract."),
        "km",
    ),
    Fact(
        "tariff.price_ct_kwh", _N, Source.TARIFF,
        Text("Arbeitspreis", "unit price"),
        Text("Je Kilowattstunde im laufenden Tarif.", "Of a kilowatt-hour in the present tariff."),
        "ct/kWh",
    ),
    Fact(
        "tariff.base_eur_month", _N, Source.TARIFF,
        Text("Grundpreis", "standing charge"),
        Text("Je Monat im laufenden Tarif.", "Of a month in the present tariff."),
        "EUR/month",
    ),
    Fact(
        "tariff.tou_low_ct_kwh", _N, Source.TARIFF,
        Text("günstiger Preis im zeitvariablen Tarif", "low price of the time-of-use tariff"),
        Text("Je Kilowattstunde von 22 bis 6 Uhr.", "Of a kilowatt-hour from 22 to 6."),
        "ct/kWh",
    ),
    Fact(
        "tariff.tou_high_ct_kwh", _N, Source.TARIFF,
        Text("teurer Preis im zeitvariablen Tarif", "high price of the time-of-use tariff"),
        Text("Je Kilowattstunde in der übrigen Zeit.", "Of a kilowatt-hour at other times."),
        "ct/kWh",
    ),
    Fact(
        "price.zone", _C, Source.TARIFF,
        Text("Preiszone jetzt", "price zone now"),
        Text("Des zeitvariablen Tarifs.", "Of the time-of-use tariff."),
        max_age_s=_HOUR_S, choices=("low", "standard", "high"),
    ),
    Fact(
        "saving.time_of_use_low_eur", _N, Source.TARIFF,
        Text("Ersparnis im zeitvariablen Tarif, mindestens", "saving by time of use, at least"),
        Text(
            "Am eigenen letzten Jahr, ohne verschobenen Verbrauch.",
            "On the own last year, with nothing shifted.",
        ),
        "EUR/a", _ENERGY, 30 * _DAY_S,
    ),
    Fact(
        "saving.time_of_use_high_eur", _N, Source.TARIFF,
        Text("Ersparnis im zeitvariablen Tarif, höchstens", "saving by time of use, at most"),
        Text(
            "Am eigenen letzten Jahr, Verschiebbares verschoben.",
            "On the own last year, with shiftable use shifted.",
        ),
        "EUR/a", _ENERGY, 30 * _DAY_S,
    ),
    Fact(
        "instalment.eur_month", _N, Source.CONTRACT,
        Text("Abschlag", "instalment"),
        Text("Je Monat laut Vertrag.", "Of a month by the contract."),
        "EUR/month",
    ),
    Fact(
        "instalment.shortfall_eur_month", _N, Source.FEATURE,
        Text("fehlender Abschlag", "shortfall of the instalment"),
        Text(
            "Was je Monat nach dem Verlauf des Verbrauchs fehlt.",
            "What is short in a month by the course of consumption.",
        ),
        "EUR/month", _ENERGY, 14 * _DAY_S,
    ),
    # ── contracts ──────────────────────────────────────────────────────────────────────────────
    Fact(
        "contract.motor", _B, Source.CONTRACT,
        Text("Kfz-Vertrag", "motor contract"),
        Text("Ein laufender Vertrag.", "A contract in force."),
    ),
    Fact(
        "contract.electricity", _B, Source.CONTRACT,
        Text("Stromvertrag", "electricity contract"),
        Text("Ein laufender Vertrag.", "A contract in force."),
    ),
    Fact(
        "contract.motor_age_d", _I, Source.CONTRACT,
        Text("Alter des Kfz-Vertrags", "age of the motor contract"),
        Text("Tage seit Beginn.", "Days since it began."), "d",
    ),
    Fact(
        "contract.electricity_age_d", _I, Source.CONTRACT,
        Text("Alter des Stromvertrags", "age of the electricity contract"),
        Text("Tage seit Beginn.", "Days since it began."), "d",
    ),
    Fact(
        "contract.ends_in_d", _I, Source.CONTRACT,
        Text("Vertragsende in", "contract ends in"),
        Text("Tage bis zum nächsten Ende.", "Days to the next end."), "d",
    ),
    # ── cases, contacts, interactions, consents, devices ──────────────────────────────────────
    Fact(
        "case.open", _I, Source.CASE,
        Text("offene Vorgänge", "open cases"), Text("Anzahl.", "How many."), "cases",
    ),
    Fact(
        "case.complaint", _B, Source.CASE,
        Text("offene Beschwerde", "open complaint"),
        Text("Eine Beschwerde ist nicht erledigt.", "A complaint is not resolved."),
    ),
    Fact(
        "case.claim", _B, Source.CASE,
        Text("offener Schaden", "open claim"),
        Text("Ein Schaden ist nicht erledigt.", "A claim is not resolved."),
    ),
    Fact(
        "case.contract_change", _B, Source.CASE,
        Text("laufende Vertragsänderung", "contract change under way"),
        Text("Eine Änderung ist nicht erledigt.", "A change is not done."),
    ),
    Fact(
        "contact.last_d", _N, Source.CONTACT,
        Text("letzter Kontakt vor", "last contact ago"),
        Text("Tage seit der letzten Nachricht.", "Days since the last message."), "d",
    ),
    Fact(
        "contact.count_30d", _I, Source.CONTACT,
        Text("Kontakte in 30 Tagen", "contacts in 30 days"),
        Text("Nachrichten an den Kunden.", "Messages to the customer."), "contacts",
    ),
    Fact(
        "reaction.rejected_90d", _I, Source.CONTACT,
        Text("Ablehnungen in 90 Tagen", "rejections in 90 days"),
        Text("Abgelehnte Angebote.", "Offers that were rejected."), "rejections",
    ),
    Fact(
        "interaction.last_d", _N, Source.INTERACTION,
        Text("letzte Interaktion vor", "last interaction ago"),
        Text("Tage seit der letzten.", "Days since the last one."), "d",
    ),
    Fact(
        "interaction.count_30d", _I, Source.INTERACTION,
        Text("Interaktionen in 30 Tagen", "interactions in 30 days"),
        Text("Des Kunden, in allen Kanälen.", "By the customer, in all channels."), "interactions",
    ),
    Fact(
        "consent.email", _B, Source.CONSENT,
        Text("E-Mail erlaubt", "e-mail allowed"),
        Text("Der Kunde erlaubt Nachrichten per E-Mail.", "The customer allows e-mail."),
    ),
    Fact(
        "device.meter_silent", _B, Source.DEVICE,
        Text("Zähler schweigt", "meter is silent"),
        Text("Seit mehr als zwei Tagen ohne Daten.", "Without data for more than two days."),
        "", _ENERGY, 2 * _DAY_S,
    ),
    Fact(
        "device.car_silent", _B, Source.DEVICE,
        Text("Auto schweigt", "car is silent"),
        Text("Seit mehr als 14 Tagen ohne Daten.", "Without data for more than 14 days."),
        "", _DRIVING, 2 * _DAY_S,
    ),
    # ── weather and calendar ───────────────────────────────────────────────────────────────────
    Fact(
        "weather.temperature_c", _N, Source.WEATHER,
        Text("Außentemperatur", "outside temperature"),
        Text("Am Ort des Vertrags, jetzt.", "At the contract's place, now."),
        "°C", None, 6 * _HOUR_S,
    ),
    Fact(
        "weather.frost_24h", _B, Source.WEATHER,
        Text("Frost in 24 Stunden", "frost within 24 hours"),
        Text("Vorhergesagt unter 0 °C.", "Forecast below 0 °C."), "", None, 12 * _HOUR_S,
    ),
    Fact(
        "weather.hail_24h", _B, Source.WEATHER,
        Text("Hagel in 24 Stunden", "hail within 24 hours"),
        Text("Gewarnt am Ort.", "A warning for the place."), "", None, 12 * _HOUR_S,
    ),
    Fact(
        "weather.heat_wave", _B, Source.WEATHER,
        Text("Hitzewelle", "heat wave"),
        Text("Drei Tage über 30 °C.", "Three days above 30 °C."), "", None, 24 * _HOUR_S,
    ),
    Fact(
        "calendar.holiday", _B, Source.CALENDAR,
        Text("Feiertag", "public holiday"),
        Text("Heute, in der Zeitzone des Kunden.", "Today, in the customer's time zone."),
        max_age_s=_DAY_S,
    ),
)  # fmt: skip

FACTS: Mapping[str, Fact] = {fact.name: fact for fact in _ALL}
"""Name → fact."""


def as_rows() -> list[dict[str, object]]:
    """Return the catalogue as plain values, as command and API show it."""
    return [
        {
            "name": fact.name,
            "type": str(fact.type),
            "unit": fact.unit or None,
            "choices": list(fact.choices) or None,
            "source": str(fact.source),
            "purpose": None if fact.purpose is None else str(fact.purpose),
            "max_age_s": fact.max_age_s,
            "title": fact.title.all(),
            "description": {language: fact.description(language) for language in LANGUAGES},
        }
        for fact in FACTS.values()
    ]
