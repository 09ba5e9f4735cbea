"""Every number of a request and an answer: its unit, its meaning and, for an input, its bounds.

Each meaning is written only here. The HTTP contract, the checks and the documentation read it. A value outside the
bounds is impossible or implausible for an adult's bout; the bounds are choices of this project. The data range of an
equation is beside the equation.
"""

from dataclasses import dataclass
from typing import Final

from retrorun.models.vocabulary.choices import Gait
from retrorun.models.vocabulary.errors import OutOfRange

RUNNING_FROM_M_S: Final = 2.0
"""Speed from which a bout is taken as running if the request does not give the gait. Choice: 1.9 to 2.0 m/s
separates the gaits best in 28 adults."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A number: unit as printed, meaning and example."""

    unit: str
    meaning: str
    example: float

    @property
    def ucum(self) -> str:
        """The UCUM code of the unit."""
        return UCUM.get(self.unit, self.unit)

    @property
    def suffix(self) -> str:
        """The text after the number in a sentence: its unit, or nothing if it has no unit."""
        return "" if self.unit == "1" else f" {self.unit}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Input(Quantity):
    """A number that a request may have, with its bounds."""

    low: float
    high: float
    hint: str = ""

    def within(self, value: float) -> bool:
        """Return whether a value is within the bounds."""
        return self.low <= value <= self.high

    @property
    def bounds(self) -> str:
        """The bounds in words, with the unit and a hint at the usual mistake."""
        return f"from {self.low:.15g} to {self.high:.15g}{self.suffix}{self.hint and f'; {self.hint}'}"


UCUM: Final = {
    "years": "a",
    "ml/kg/min": "mL/kg/min",
    "MET": "[MET]",
    "steps/min": "{steps}/min",
    "steps": "{steps}",
    "beats/min": "{beats}/min",
    "BW": "{body_weight}",
    "BW·s/km": "{body_weight}.s/km",
    "BW·s": "{body_weight}.s",
}
"""UCUM codes of the units that are printed in another way."""

PLAUSIBLE_UPTAKE_ML_KG_MIN: Final = 120.0
"""Highest plausible oxygen uptake (choice). No target, limit or plan may be higher, and an estimate that is higher
has a warning."""

INPUTS: Final[dict[str, Input]] = {
    "body_mass_kg": Input(unit="kg", meaning="Body mass of an adult.", example=70.0, low=30.0, high=250.0),
    "speed_m_s": Input(unit="m/s", meaning="Speed.", example=2.5, low=0.2, high=8.0),
    "duration_s": Input(
        unit="s",
        meaning="Duration of the bout, the same in both directions.",
        example=1200.0,
        low=1.0,
        high=172_800.0,
    ),
    "pause_s": Input(
        unit="s",
        meaning="Pause after a segment, or without one. It counts as rest.",
        example=60.0,
        low=0.0,
        high=172_800.0,
    ),
    "backward_speed_m_s": Input(unit="m/s", meaning="Speed going backward.", example=2.0, low=0.2, high=8.0),
    "distance_m": Input(unit="m", meaning="Distance.", example=3000.0, low=0.2, high=500_000.0),
    "grade": Input(
        unit="1",
        meaning="Slope, rise over run. Negative is downhill.",
        example=0.0,
        low=-0.5,
        high=0.9,
        hint="0.05 is 5 %",
    ),
    "age_y": Input(unit="years", meaning="Age. Give sex and height_m too.", example=40.0, low=18.0, high=110.0),
    "height_m": Input(unit="m", meaning="Standing height. Give age_y and sex too.", example=1.75, low=1.2, high=2.3),
    "weight_support": Input(
        unit="1",
        meaning="Share of mass that a treadmill carries. Running only, not at equal effort.",
        example=0.2,
        low=0.0,
        high=0.6,
        hint="0.2 is 20 %",
    ),
    "step_rate_ratio": Input(
        unit="1",
        meaning="Your step rate over the one that you prefer at that speed.",
        example=1.0,
        low=0.9,
        high=1.1,
        hint="1.05 is 5 % more steps per minute",
    ),
    "interval": Input(
        unit="1",
        meaning="How wide the ranges are: 0.9 aims at 9 in 10 people.",
        example=0.9,
        low=0.5,
        high=0.99,
        hint="0.9 is 90 %",
    ),
    "confidence": Input(
        unit="1",
        meaning="How likely one person keeps each limit. Default: 0.5, the central estimate.",
        example=0.9,
        low=0.5,
        high=0.99,
        hint="0.9 is 90 %",
    ),
    "speed_sd_m_s": Input(
        unit="m/s",
        meaning="Standard deviation of the error of speed, at most half of it. Widens speed, distance and energy.",
        example=0.05,
        low=0.0,
        high=1.0,
    ),
    "body_mass_sd_kg": Input(
        unit="kg",
        meaning="Standard deviation of the error of body mass. Widens energies.",
        example=0.5,
        low=0.0,
        high=20.0,
    ),
    "oxygen_uptake_max_ml_kg_min": Input(
        unit="ml/kg/min",
        meaning="Your maximal oxygen uptake. Adds share_of_maximum. No bout of a plan is above it.",
        example=50.0,
        low=10.0,
        high=100.0,
    ),
    "measurement_cv": Input(
        unit="1",
        meaning="Coefficient of variation of the measurement error. Default: 0.05.",
        example=0.05,
        low=0.005,
        high=0.5,
        hint="0.05 is 5 %",
    ),
    "forward_log": Input(unit="1", meaning="Logarithm of your forward factor.", example=0.08, low=-1.1, high=1.1),
    "forward_spread": Input(unit="1", meaning="Standard deviation of forward_log.", example=0.045, low=0.0, high=0.5),
    "ratio_log": Input(unit="1", meaning="Logarithm of your factor on the ratio.", example=-0.04, low=-2.2, high=2.2),
    "ratio_spread": Input(unit="1", meaning="Standard deviation of ratio_log.", example=0.06, low=0.0, high=0.5),
    "covariance": Input(unit="1", meaning="Covariance of both logarithms.", example=-0.001, low=-0.25, high=0.0),
    "made_with": Input(
        unit="1",
        meaning="The hash of the coefficients behind it, as a number.",
        example=1.0,
        low=0.0,
        high=281_474_976_710_655.0,
    ),
    "from_s": Input(
        unit="s",
        meaning="Start of a range, from the first point with time and place.",
        example=600.0,
        low=0.0,
        high=172_800.0,
    ),
    "to_s": Input(
        unit="s",
        meaning="End of a range, from the first point with time and place. Default: the end of the file.",
        example=900.0,
        low=0.0,
        high=172_800.0,
    ),
    "total_energy_kcal": Input(
        unit="kcal",
        meaning="Energy of the bout, rest included: active plus resting.",
        example=211.2,
        low=1.0,
        high=50000.0,
    ),
    "active_energy_kcal": Input(
        unit="kcal", meaning="Energy of the bout above rest.", example=186.4, low=1.0, high=50000.0
    ),
    "energy_per_km_kcal": Input(
        unit="kcal/km", meaning="Total energy for each kilometre.", example=70.4, low=1.0, high=10_000.0
    ),
    "metabolic_power_w_kg": Input(
        unit="W/kg", meaning="Gross metabolic power per kilogram of body mass.", example=10.5, low=1.2, high=42.0
    ),
    "oxygen_uptake_ml_kg_min": Input(
        unit="ml/kg/min", meaning="Gross oxygen uptake.", example=30.7, low=3.5, high=PLAUSIBLE_UPTAKE_ML_KG_MIN
    ),
    "met": Input(
        unit="MET", meaning="Gross oxygen uptake in multiples of 3.5 ml/kg/min.", example=8.8, low=1.0, high=35.0
    ),
    "peak_vertical_force_bw": Input(
        unit="BW", meaning="Peak vertical ground force in each step, in body weights.", example=2.44, low=0.1, high=10.0
    ),
    "patellofemoral_peak_force_bw": Input(
        unit="BW",
        meaning="Peak force behind the knee-cap in each step, in body weights.",
        example=4.5,
        low=0.1,
        high=30.0,
    ),
    "knee_extensor_moment_ratio": Input(
        unit="1",
        meaning="Peak knee extensor moment backward over forward at this backward speed.",
        example=0.85,
        low=0.1,
        high=10.0,
    ),
    "patellofemoral_impulse_per_km_bw_s": Input(
        unit="BW·s/km",
        meaning="Patellofemoral force summed over the contacts of one leg in a kilometre.",
        example=370.0,
        low=1.0,
        high=10_000.0,
    ),
    "patellofemoral_impulse_per_bout_bw_s": Input(
        unit="BW·s",
        meaning="Patellofemoral force summed over the contacts of one leg in the bout.",
        example=1110.0,
        low=0.1,
        high=1_000_000.0,
    ),
    "achilles_relative_load": Input(
        unit="1",
        meaning="Peak Achilles tendon force; 1 is running forward at 3.0 m/s. Backward has only a range.",
        example=0.94,
        low=0.1,
        high=10.0,
    ),
    "tibial_compression_peak_bw": Input(
        unit="BW",
        meaning="Peak compression of the shin bone in each step, in body weights. Forward running only.",
        example=7.75,
        low=0.1,
        high=50.0,
    ),
    "speed_low_m_s": Input(unit="m/s", meaning="Your slowest speed, both ways.", example=2.0, low=0.2, high=8.0),
    "speed_high_m_s": Input(unit="m/s", meaning="Your fastest speed, both ways.", example=3.0, low=0.2, high=8.0),
    "backward_speed_high_m_s": Input(
        unit="m/s", meaning="Your fastest speed backward.", example=2.2, low=0.2, high=8.0
    ),
    "longest_backward_s": Input(
        unit="s",
        meaning="Longest stretch backward. Default: 60 s.",
        example=60.0,
        low=5.0,
        high=86_400.0,
    ),
    "recovery_s": Input(
        unit="s",
        meaning="Time forward or at rest after each stretch. Default: longest_backward_s.",
        example=60.0,
        low=1.0,
        high=86_400.0,
    ),
}
"""Every number that a request may have, by its name in a request."""

QUANTITIES: Final[dict[str, Quantity]] = {
    **INPUTS,
    # Only in answers.
    "moving_duration_s": Quantity(unit="s", meaning="Duration without pauses.", example=1080.0),
    "level_speed_m_s": Quantity(
        unit="m/s",
        meaning="Speed on level ground that takes as much energy per second: grade-adjusted pace.",
        example=2.9,
    ),
    "running_from_m_s": Quantity(
        unit="m/s", meaning="Speed from which a segment without gait is taken as running.", example=2.0
    ),
    "backward_running_from_m_s": Quantity(
        unit="m/s",
        meaning="Speed from which a backward segment of a recording without gait is taken as running.",
        example=1.63,
    ),
    "gap_s": Quantity(unit="s", meaning="Total time of gaps, and of spikes at an end. It counts as rest.", example=0.0),
    "sparse_s": Quantity(
        unit="s",
        meaning="Total time between points that are more than a minute apart, in which you moved.",
        example=0.0,
    ),
    "paused_s": Quantity(
        unit="s", meaning="Total time of the pauses in the recording. It counts as rest.", example=40.0
    ),
    "left_out_s": Quantity(
        unit="s",
        meaning="Moving time that is in no total: too fast for the gait, too steep, or jumps.",
        example=0.0,
    ),
    "recorded_s": Quantity(
        unit="s",
        meaning="Time from the first point with time and place to the last, without the time between sessions.",
        example=10_799.0,
    ),
    "start_s": Quantity(
        unit="s", meaning="First point of the session, counted from the first usable point of the file.", example=0.0
    ),
    "positions_distance_m": Quantity(
        unit="m", meaning="Distance along the smoothed positions, pauses included.", example=26_950.0
    ),
    "device_distance_m": Quantity(unit="m", meaning="Distance from the device, pauses included.", example=27_000.0),
    "ascent_m": Quantity(unit="m", meaning="Climb over the segments that are in the totals.", example=120.0),
    "descent_m": Quantity(unit="m", meaning="Descent over the segments that are in the totals.", example=118.0),
    "resting_energy_kcal": Quantity(
        unit="kcal",
        meaning="Energy of resting for the same time. It is assumed, not estimated, so it has no range.",
        example=24.1,
    ),
    "share_of_maximum": Quantity(unit="1", meaning="Oxygen uptake over the maximum that you gave.", example=0.61),
    "energy_per_km_kcal_kg": Quantity(
        unit="kcal/kg/km", meaning="Total energy for each kilometre, per kilogram of body mass.", example=1.01
    ),
    "cadence_steps_per_min": Quantity(unit="steps/min", meaning="Steps of both feet each minute.", example=155.9),
    "step_length_m": Quantity(
        unit="m", meaning="Distance between the contacts of one foot and the other.", example=1.0
    ),
    "heart_rate_per_min": Quantity(
        unit="beats/min", meaning="Mean heart rate of the watch. It is not used for energy.", example=150.0
    ),
    "cadence_cv": Quantity(
        unit="1", meaning="Assumed error of the measured cadence, a coefficient of variation.", example=0.02
    ),
    "contact_time_cv": Quantity(
        unit="1", meaning="Assumed error of the measured contact time, a coefficient of variation.", example=0.07
    ),
    "cadence_covered": Quantity(
        unit="1", meaning="Share of the moving time in which cadence was measured.", example=0.98
    ),
    "contact_time_covered": Quantity(
        unit="1", meaning="Share of the moving time in which contact time was measured.", example=0.95
    ),
    "heart_rate_covered": Quantity(
        unit="1", meaning="Share of the moving time in which heart rate was measured.", example=1.0
    ),
    "steps_narrower": Quantity(
        unit="1",
        meaning="Width of the range of steps with the measurement over without it, each ln(high/low).",
        example=0.29,
    ),
    "contact_time_narrower": Quantity(
        unit="1",
        meaning="Width of the range of mean contact time, running, with the measurement over without it.",
        example=0.82,
    ),
    "impulse_narrower": Quantity(
        unit="1",
        meaning="Width of the range of the knee-cap impulse with the measurement over without it.",
        example=0.99,
    ),
    "contact_time_s": Quantity(unit="s", meaning="Time one foot is on the ground in each step.", example=0.277),
    "steps": Quantity(unit="steps", meaning="Steps of both feet over the bout.", example=3118.0),
    "backward_s": Quantity(unit="s", meaning="One stretch backward.", example=60.0),
    "forward_s": Quantity(unit="s", meaning="Time forward after each stretch backward.", example=240.0),
    "low_speed_m_s": Quantity(unit="m/s", meaning="Slowest speed of the range.", example=0.2),
    "high_speed_m_s": Quantity(unit="m/s", meaning="Fastest speed of the range.", example=2.5),
    "rest_s": Quantity(
        unit="s", meaning="The rest of the time, spent standing. In a week: after each stretch.", example=0.0
    ),
    "resting_oxygen_uptake_ml_kg_min": Quantity(
        unit="ml/kg/min",
        meaning="Resting oxygen uptake that was assumed, because age, sex and height were not given.",
        example=3.5,
    ),
}
"""Every number by the name it has in a request, an argument and an answer."""

WALKING_SPEED_HIGH_M_S: Final = 3.0
"""Highest walking speed (choice). A faster bout is running or implausible."""


def speed_bounds(gait: Gait) -> tuple[float, float]:
    """Return the speeds that are plausible for a gait [m/s].

    Examples
    --------
    >>> speed_bounds("walk")
    (0.2, 3.0)
    """
    speed = INPUTS["speed_m_s"]
    return speed.low, WALKING_SPEED_HIGH_M_S if gait == "walk" else speed.high


def check(field: str, value: float, place: str = "") -> float:
    """Return a number as a float, or raise if it is outside its bounds. `place` is its object in the request.

    Examples
    --------
    >>> check("grade", 0)
    0.0
    """
    quantity = INPUTS[field]
    if not quantity.low <= value <= quantity.high:
        path = f"{place}/{field}" if place else field
        raise OutOfRange(path, f"{field} must be {quantity.bounds}.")
    return float(value)
