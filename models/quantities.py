"""Every word of a request and an answer: its unit, its meaning and, for what a caller sends, its bounds.

This is the one place that says what a name means. The HTTP contract, the checks and the documentation read it.
Bounds say what is impossible or implausible for an adult's bout; they are choices of this project. Ranges of
the data behind an equation stand beside the equation.
"""

from dataclasses import dataclass
from typing import Final

from models.errors import OutOfRange
from models.uncertainty import Gait


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A number: unit as printed, UCUM code, meaning, example, and bounds of a caller's value."""

    unit: str
    ucum: str
    meaning: str
    example: float
    low: float | None = None
    high: float | None = None

    @property
    def suffix(self) -> str:
        """What stands behind the number in a sentence: its unit, or nothing where it is a pure number."""
        return "" if self.unit == "1" else f" {self.unit}"

    def within(self, value: float) -> bool:
        """Say whether a caller may send a value."""
        return (self.low is None or self.low <= value) and (self.high is None or value <= self.high)


PLAUSIBLE_UPTAKE_ML_KG_MIN: Final = 120.0
"""Oxygen uptake above which none is plausible (choice): more than any target, limit or plan may ask for, and where an
estimate warns."""

QUANTITIES: Final[dict[str, Quantity]] = {
    # What a caller sends.
    "body_mass_kg": Quantity(
        unit="kg", ucum="kg", meaning="Body mass of an adult.", example=70.0, low=30.0, high=250.0
    ),
    "speed_m_s": Quantity(unit="m/s", ucum="m/s", meaning="Speed.", example=2.5, low=0.2, high=8.0),
    "duration_s": Quantity(
        unit="s",
        ucum="s",
        meaning="Duration of the bout, the same in both directions.",
        example=1200.0,
        low=1.0,
        high=172_800.0,
    ),
    "pause_s": Quantity(
        unit="s",
        ucum="s",
        meaning="Pause after a segment, or alone; taken as rest.",
        example=60.0,
        low=0.0,
        high=172_800.0,
    ),
    "backward_speed_m_s": Quantity(
        unit="m/s", ucum="m/s", meaning="Speed going backward.", example=2.0, low=0.2, high=8.0
    ),
    "distance_m": Quantity(unit="m", ucum="m", meaning="Distance.", example=3000.0, low=0.2, high=500_000.0),
    "grade": Quantity(
        unit="1", ucum="1", meaning="Rise over run; negative is downhill.", example=0.0, low=-0.5, high=0.9
    ),
    "age_y": Quantity(
        unit="years", ucum="a", meaning="Age; with sex and height_m.", example=40.0, low=18.0, high=110.0
    ),
    "height_m": Quantity(
        unit="m", ucum="m", meaning="Standing height; with age_y and sex.", example=1.75, low=1.2, high=2.3
    ),
    "weight_support": Quantity(
        unit="1",
        ucum="1",
        meaning="Share of mass a treadmill carries; run, not equal effort.",
        example=0.2,
        low=0.0,
        high=0.6,
    ),
    "step_rate_ratio": Quantity(
        unit="1",
        ucum="1",
        meaning="Own step rate over the one preferred at that speed.",
        example=1.0,
        low=0.9,
        high=1.1,
    ),
    "interval": Quantity(
        unit="1",
        ucum="1",
        meaning="Probability inside every low-high interval, for one person.",
        example=0.9,
        low=0.5,
        high=0.99,
    ),
    "speed_sd_m_s": Quantity(
        unit="m/s",
        ucum="m/s",
        meaning="Standard deviation of the error of the speed, at most half of it; widens speed, distance and energy.",
        example=0.05,
        low=0.0,
        high=1.0,
    ),
    "body_mass_sd_kg": Quantity(
        unit="kg",
        ucum="kg",
        meaning="Standard deviation of the error of body mass; widens energies.",
        example=0.5,
        low=0.0,
        high=20.0,
    ),
    "oxygen_uptake_max_ml_kg_min": Quantity(
        unit="ml/kg/min",
        ucum="mL/kg/min",
        meaning="Own maximal oxygen uptake; adds share_of_maximum, and no bout of a plan goes above it.",
        example=50.0,
        low=10.0,
        high=100.0,
    ),
    "measurement_cv": Quantity(
        unit="1",
        ucum="1",
        meaning="Coefficient of variation of the measurement's error, 0.05 when left out.",
        example=0.05,
        low=0.005,
        high=0.5,
    ),
    "from_s": Quantity(
        unit="s",
        ucum="s",
        meaning="Where a range begins, from the first point with time and place.",
        example=600.0,
        low=0.0,
        high=172_800.0,
    ),
    "to_s": Quantity(
        unit="s",
        ucum="s",
        meaning="Where a range ends, from the first point with time and place; the end of the file when left out.",
        example=900.0,
        low=0.0,
        high=172_800.0,
    ),
    # What an answer holds.
    "moving_duration_s": Quantity(unit="s", ucum="s", meaning="Duration without pauses.", example=1080.0),
    "running_from_m_s": Quantity(
        unit="m/s", ucum="m/s", meaning="Speed from which a segment without gait is taken as running.", example=2.0
    ),
    "backward_running_from_m_s": Quantity(
        unit="m/s",
        ucum="m/s",
        meaning="Speed from which a backward segment of a recording without gait is taken as running.",
        example=1.63,
    ),
    "gap_s": Quantity(
        unit="s",
        ucum="s",
        meaning="Time of gaps and of spikes at an end together; taken as rest.",
        example=0.0,
    ),
    "paused_s": Quantity(
        unit="s", ucum="s", meaning="Time of the pauses within the recording together; taken as rest.", example=40.0
    ),
    "left_out_s": Quantity(
        unit="s",
        ucum="s",
        meaning="Moving time that no sum holds: faster than the gait, steeper than is answered, or jumps.",
        example=0.0,
    ),
    "recorded_s": Quantity(
        unit="s", ucum="s", meaning="Time from the first point with time and place to the last.", example=10_799.0
    ),
    "positions_distance_m": Quantity(
        unit="m", ucum="m", meaning="Distance along the smoothed positions, pauses included.", example=26_950.0
    ),
    "device_distance_m": Quantity(
        unit="m", ucum="m", meaning="Distance as the device has it, pauses included.", example=27_000.0
    ),
    "ascent_m": Quantity(unit="m", ucum="m", meaning="Climb over the segments that count.", example=120.0),
    "descent_m": Quantity(unit="m", ucum="m", meaning="Fall over the segments that count.", example=118.0),
    "total_energy_kcal": Quantity(
        unit="kcal",
        ucum="kcal",
        meaning="Energy of the bout, rest included: active plus resting.",
        example=211.2,
        low=1.0,
        high=50000.0,
    ),
    "active_energy_kcal": Quantity(
        unit="kcal", ucum="kcal", meaning="Energy of the bout above rest.", example=186.4, low=1.0, high=50000.0
    ),
    "resting_energy_kcal": Quantity(
        unit="kcal",
        ucum="kcal",
        meaning="Energy of resting for the same time; taken, not estimated, and so without an interval.",
        example=24.1,
    ),
    "metabolic_power_w_kg": Quantity(
        unit="W/kg",
        ucum="W/kg",
        meaning="Gross metabolic power per kilogram of body mass.",
        example=10.5,
        low=1.2,
        high=42.0,
    ),
    "oxygen_uptake_ml_kg_min": Quantity(
        unit="ml/kg/min",
        ucum="mL/kg/min",
        meaning="Gross oxygen uptake.",
        example=30.7,
        low=3.5,
        high=PLAUSIBLE_UPTAKE_ML_KG_MIN,
    ),
    "met": Quantity(
        unit="MET",
        ucum="[MET]",
        meaning="Gross oxygen uptake in multiples of 3.5 ml/kg/min.",
        example=8.8,
        low=1.0,
        high=35.0,
    ),
    "share_of_maximum": Quantity(unit="1", ucum="1", meaning="Oxygen uptake over the maximum given.", example=0.61),
    "energy_per_km_kcal": Quantity(
        unit="kcal/km", ucum="kcal/km", meaning="Total energy for each kilometre.", example=70.4
    ),
    "energy_per_km_kcal_kg": Quantity(
        unit="kcal/kg/km",
        ucum="kcal/kg/km",
        meaning="Total energy for each kilometre, per kilogram of body mass.",
        example=1.01,
    ),
    "cadence_steps_per_min": Quantity(
        unit="steps/min", ucum="{steps}/min", meaning="Steps of both feet each minute.", example=155.9
    ),
    "contact_time_s": Quantity(
        unit="s", ucum="s", meaning="Time one foot is on the ground in each step.", example=0.277
    ),
    "steps": Quantity(unit="steps", ucum="{steps}", meaning="Steps of both feet over the bout.", example=3118.0),
    "peak_vertical_force_bw": Quantity(
        unit="BW",
        ucum="{body_weight}",
        meaning="Peak vertical ground force in each step, in body weights.",
        example=2.44,
        low=0.1,
        high=10.0,
    ),
    "patellofemoral_peak_force_bw": Quantity(
        unit="BW",
        ucum="{body_weight}",
        meaning="Peak force behind the knee-cap in each step, in body weights.",
        example=4.5,
        low=0.1,
        high=30.0,
    ),
    "knee_extensor_moment_ratio": Quantity(
        unit="1",
        ucum="1",
        meaning="Peak knee extensor moment backward over forward at this backward speed.",
        example=0.85,
        low=0.1,
        high=10.0,
    ),
    "patellofemoral_impulse_per_km_bw_s": Quantity(
        unit="BW·s/km",
        ucum="{body_weight}.s/km",
        meaning="Patellofemoral force summed over the contacts of one leg in a kilometre.",
        example=370.0,
        low=1.0,
        high=10_000.0,
    ),
    "patellofemoral_impulse_per_bout_bw_s": Quantity(
        unit="BW·s",
        ucum="{body_weight}.s",
        meaning="Patellofemoral force summed over the contacts of one leg in the bout.",
        example=1110.0,
        low=0.1,
        high=1_000_000.0,
    ),
    "achilles_relative_load": Quantity(
        unit="1",
        ucum="1",
        meaning="Peak Achilles tendon force, 1 being running forward at 3.0 m/s. Backward only its bounds.",
        example=0.94,
        low=0.1,
        high=10.0,
    ),
    "tibial_compression_peak_bw": Quantity(
        unit="BW",
        ucum="{body_weight}",
        meaning="Peak compression of the shin bone in each step, in body weights; forward running only.",
        example=7.75,
        low=0.1,
        high=50.0,
    ),
    "low_speed_m_s": Quantity(unit="m/s", ucum="m/s", meaning="Slowest speed of the range.", example=0.2),
    "high_speed_m_s": Quantity(unit="m/s", ucum="m/s", meaning="Fastest speed of the range.", example=2.5),
    "speed_low_m_s": Quantity(
        unit="m/s", ucum="m/s", meaning="Own slowest speed, either way.", example=2.0, low=0.2, high=8.0
    ),
    "speed_high_m_s": Quantity(
        unit="m/s", ucum="m/s", meaning="Own fastest speed, either way.", example=3.0, low=0.2, high=8.0
    ),
    "backward_speed_high_m_s": Quantity(
        unit="m/s", ucum="m/s", meaning="Own fastest speed backward.", example=2.2, low=0.2, high=8.0
    ),
    "rest_s": Quantity(unit="s", ucum="s", meaning="What is left of the time, spent standing.", example=0.0),
    "resting_oxygen_uptake_ml_kg_min": Quantity(
        unit="ml/kg/min",
        ucum="mL/kg/min",
        meaning="Resting oxygen uptake taken because age, sex and height were not given.",
        example=3.5,
    ),
}
"""Every number by the name it has in a request, an argument and an answer."""

WALKING_SPEED_HIGH_M_S: Final = 3.0
"""Fastest speed taken as walking (choice): above it a bout is running or implausible."""


def speed_bounds(gait: Gait) -> tuple[float, float]:
    """Return the speeds that are plausible for a gait [m/s].

    Examples
    --------
    >>> speed_bounds("walk")
    (0.2, 3.0)
    """
    speed = QUANTITIES["speed_m_s"]
    assert speed.low is not None
    assert speed.high is not None
    return speed.low, WALKING_SPEED_HIGH_M_S if gait == "walk" else speed.high


def check(field: str, value: float, place: str = "") -> float:
    """Return a number as a float, or raise where it is outside its bounds; `place` is where in the request.

    Examples
    --------
    >>> check("grade", 0)
    0.0
    """
    quantity = QUANTITIES[field]
    assert quantity.low is not None
    assert quantity.high is not None
    if not quantity.low <= value <= quantity.high:
        path = f"{place}/{field}" if place else field
        raise OutOfRange(path, f"{field} is answered from {quantity.low:g} to {quantity.high:g}{quantity.suffix}.")
    return float(value)
