"""What the browser tests of the explorer share: the service's answers, written as the page writes them."""

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from retrorun.models.summary import rounding
from tests.page.browser import CHROMIUM, DRIVER, Explorer

browsing = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="chromium and chromedriver are not here: `make chromium`"
)

HOUSE = Path(__file__).parents[2]
SHOTS = HOUSE / "build" / "screenshots"
FIRST_VIEW_BYTES = 200_000
UP = 1 + 1e-12
JSON = {"content-type": "application/json"}
KEY = "rr_page"
UNREACHED = "The service does not answer. Check the connection and try again."
SERVICE = httpx.Client(trust_env=False)
"""One client for all requests: making a client takes longer than an answer."""


def assert_at_home(page: Explorer) -> None:
    asked = [address for address, _ in page.requests() if not address.startswith(("data:", "blob:", "about:"))]
    home = urlsplit(page.url).netloc
    for address in asked:
        # Neither elsewhere nor with anything of a person in the address.
        assert urlsplit(address).netloc == home, address
        assert urlsplit(address).query in {"", "indicator=oxygen_uptake_ml_kg_min"}, address


def answered(page: Explorer, path: str, body: dict[str, Any]) -> dict[str, Any]:
    response = SERVICE.post(page.url + path, json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def rounded(value: float, found: dict[str, float] | None = None) -> str:
    """Round as the page does: by the range of the estimate as the service, a half up, with all decimals."""
    low, high = (found["low"], found["high"]) if found else (value, value)
    size = found.get("value", (low + high) / 2) if found else value
    if low > 0 and high >= rounding.WIDE * low:
        decimals = rounding.decimals_of(size, rounding.DIGITS)
    else:
        width = rounding.decimals_of(high - low, rounding.DIGITS)
        decimals = min(width, rounding.decimals_of(size, rounding.MOST_DIGITS))
    text = f"{Decimal(str(value)).quantize(Decimal(1).scaleb(-int(decimals)), ROUND_HALF_UP):f}"
    if found and value in found.values():
        # A hair more, because the service rounds a half by its last bit.
        said = rounding.rounded(value=size * UP, low=low * UP, high=high * UP)
        assert float(text) in said, (text, said)
    return text


def clock(seconds: float) -> str:
    whole = int(seconds + 0.5)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


TABLE = {
    "Total energy, kcal": "total_energy_kcal",
    "Active energy, kcal": "active_energy_kcal",
    "Total energy per km, kcal/km": "energy_per_km_kcal",
    "Metabolic power, W/kg": "metabolic_power_w_kg",
    "Oxygen uptake, ml/kg/min": "oxygen_uptake_ml_kg_min",
    "Oxygen uptake, MET": "met",
    "Cadence, steps/min": "cadence_steps_per_min",
    "Steps": "steps",
    "Contact time, s": "contact_time_s",
    "Peak ground force, BW, each step": "peak_vertical_force_bw",
    "Peak knee-cap force, BW, each step": "patellofemoral_peak_force_bw",
    "Knee-cap impulse per km, BW·s, one leg": "patellofemoral_impulse_per_km_bw_s",
    "Knee-cap impulse in total, BW·s, one leg": "patellofemoral_impulse_per_bout_bw_s",
    "Achilles load, 1 = running forward at 3 m/s": "achilles_relative_load",
    "Shin-bone compression, BW, each step": "tibial_compression_peak_bw",
}
"""Rows of the table, and the field each shows."""

MILE_KM = 1.609344
IMPERIAL: dict[str, tuple[str, Callable[[float], float]]] = {
    "Total energy per km, kcal/km": ("Total energy per mile, kcal/mi", lambda _: MILE_KM),
    "Knee-cap impulse per km, BW·s, one leg": ("Knee-cap impulse per mile, BW·s, one leg", lambda _: MILE_KM),
    "Metabolic power, W/kg": ("Metabolic power, W", lambda mass: mass),
    "Oxygen uptake, ml/kg/min": ("Oxygen uptake, L/min", lambda mass: mass / 1000),
    "Achilles load, 1 = running forward at 3 m/s": (
        "Achilles load, 1 = running forward at 6.7 mph",
        lambda _: 1.0,
    ),
}
"""Rows that have another name and unit with miles and pounds, and the factor of their numbers by body mass [kg]."""


def written(found: dict[str, float] | None) -> str:
    """Write a quantity as the table does."""
    if found is None:
        return "unknown"
    interval = f"{rounded(found['low'], found)}–{rounded(found['high'], found)}"
    if "value" not in found:
        return f"unknown, range {interval}"
    return rounded(found["value"], found) + (f" {interval}" if found["low"] != found["high"] else "")


def assert_shows_the_answer(page: Explorer) -> dict[str, Any]:
    """Compare the table of all numbers with the service's answer to the same request, and return the answer."""
    answer = answered(page, "/estimate", page.body | {"view": "full"})
    rows = page.script(
        "const rows = [...document.querySelectorAll('#numbers tbody tr')];"
        "return rows.map((row) => [...row.cells].map((cell) => cell.textContent.replaceAll('\u00a0', ' ')))"
    )
    shown = {row[0]: row[1:] for row in rows}
    imperial = page.script("return document.querySelector('[name=units]:checked').value") == "imperial"
    names = {name: IMPERIAL.get(name, (name,))[0] if imperial else name for name in TABLE}
    assert set(names.values()) < set(shown)
    for name_in_si, field in TABLE.items():
        name = names[name_in_si]
        factor = IMPERIAL[name_in_si][1](page.body["body_mass_kg"]) if name != name_in_si else 1.0
        for column, way in enumerate(("forward", "backward")):
            bout = answer[way]
            found = {**bout, **bout.get("load", {})}.get(field)
            numbers = found and {key: found[key] * factor for key in ("value", "low", "high") if key in found}
            assert shown[name][column] == written(numbers), (name, way)
        sides = [{**answer[way], **answer[way].get("load", {})}.get(field, {}) for way in ("forward", "backward")]
        grades = [side.get("evidence", "–") for side in sides]
        assert shown[name][3] == (" / ".join(grades) if any("evidence" in side for side in sides) else ""), name
    if "total_energy" in answer["ratio"]:
        of_ratio = answer["ratio"]["total_energy"].get("evidence", "")
        assert shown["Total energy, kcal"][2].endswith(of_ratio)
    return answer


def saved(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""
