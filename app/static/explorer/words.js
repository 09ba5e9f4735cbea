// What the page says in words: names of quantities, of choices, and the sentences of the answer.

import { change, clock, distance, moved, movedRange, rounded } from "./units.js";

export const PEOPLE = { 0.5: "Half of people", 0.8: "8 of 10 people", 0.9: "9 of 10 people", 0.95: "19 of 20 people" };

export const EQUAL = {
  metabolic_rate: "As much energy each minute as forward, so slower.",
  speed: "As fast as forward, so harder.",
  heart_rate: "One small study: it says energy, and not how fast.",
};

/** Of each quantity: its name, its unit as read, and the ratio that goes with it. */
export const ROWS = [
  ["speed_m_s", "Speed", "", "speed"],
  ["distance_m", "Distance", "", "speed"],
  ["total_energy_kcal", "Total energy", "kcal", "total_energy"],
  ["active_energy_kcal", "Active energy", "kcal", "active_energy"],
  ["energy_per_km_kcal", "Energy per km", "kcal/km", null],
  ["metabolic_power_w_kg", "Power", "W/kg", "total_energy"],
  ["oxygen_uptake_ml_kg_min", "Oxygen uptake", "ml/kg/min", "total_energy"],
  ["met", "Oxygen uptake", "MET", "total_energy"],
  ["cadence_steps_per_min", "Cadence", "steps/min", "cadence"],
  ["steps", "Steps", "", "cadence"],
  ["contact_time_s", "Ground contact", "s", "contact_time"],
];

export const LOADS = [
  ["peak_vertical_force_bw", "Peak ground force", "BW, each step", "peak_vertical_force"],
  ["patellofemoral_peak_force_bw", "Peak force behind the knee-cap", "BW, each step", "patellofemoral_peak_force"],
  ["patellofemoral_impulse_per_km_bw_s", "Knee-cap impulse per km", "BW·s, one leg", "patellofemoral_impulse_per_km"],
  ["patellofemoral_impulse_per_bout_bw_s", "Knee-cap impulse in the bout", "BW·s, one leg", null],
  ["achilles_relative_load", "Achilles tendon load", "1 = running forward at 3 m/s", "achilles_relative_load"],
  ["tibial_compression_peak_bw", "Shin-bone compression", "BW, each step", null],
  ["knee_extensor_moment_ratio", "Knee moment, backward over forward", "at the backward speed", null],
];
/** Ratios by nature: there is nothing to know of them going forward. */
export const OF_BACKWARD = new Set(["knee_extensor_moment_ratio"]);

export const BINDING = {
  duration_s: "the time",
  speed_range: "the speeds that were measured",
  speed_high_m_s: "your fastest forward",
  backward_speed_high_m_s: "your fastest backward",
  speed_low_m_s: "your slowest",
  patellofemoral_impulse_per_bout_bw_s: "the knee-cap impulse",
};

/** The headline: the great number, what it is, its interval, and the other way to compare. */
export function headline(answer, others, state) {
  const { forward, backward, ratio } = answer;
  const [own, time] = [moved(forward.speed_m_s.value, state), clock(forward.duration_s)];
  const who = `${PEOPLE[state.interval]} like those studied`;
  if (state.equal === "metabolic_rate") {
    const pace = moved(backward.speed_m_s.value, state);
    return {
      big: pace,
      lead: `backward for the same ${time} is ${distance(backward.distance_m.value, state.units)}, and spends what your ${own} spends.`,
      range: `${who}: ${movedRange(backward.speed_m_s, state)}.`,
      instead: others.speed ? atSpeed(others.speed, own) : "",
    };
  }
  const energy = `${rounded(backward.total_energy_kcal.value)} kcal against ${rounded(forward.total_energy_kcal.value)}`;
  const slower = others.metabolic_rate?.backward;
  const same = state.equal === "speed" ? `at the same ${own}` : "at the same heart rate";
  const unknown = state.equal === "speed" ? "" : " How fast that is, is unknown.";
  return {
    big: `${change(ratio.total_energy.value)} energy`,
    lead: `backward ${same} for the same ${time}: ${energy}.${unknown}`,
    range: `${who}: ${change(ratio.total_energy.low)} to ${change(ratio.total_energy.high)}.`,
    instead: slower
      ? `For the same energy each minute, go backward at ${moved(slower.speed_m_s.value, state)}: ${distance(slower.distance_m.value, state.units)} in the same time.`
      : "",
  };
}

function atSpeed({ forward, backward, ratio }, own) {
  const { value, low, high } = ratio.total_energy;
  const energy = `${rounded(backward.total_energy_kcal.value)} kcal against ${rounded(forward.total_energy_kcal.value)}`;
  return `Keep ${own} going backward instead, and it takes ${change(value)} energy (${change(low)} to ${change(high)}): ${energy}.`;
}

/** What the interval beside a number is. */
export const intervalWords = (state) =>
  `The bar is the estimate, the thin line its interval: ${PEOPLE[state.interval].toLowerCase()} like those studied lie inside it.`;

const FIELDS = [
  ["distance_m", "distance"],
  ["duration_s", "time"],
  ["body_mass_kg", "body mass"],
  ["backward_speed_high_m_s", "fastest backward"],
  ["speed_high_m_s", "fastest forward"],
  ["speed_m_s", "speed"],
  ["energy_model", "equation"],
];

/** A sentence of the service with the names of fields as they are read on this page. */
export const plain = (message) =>
  [...LOADS, ...FIELDS].reduce((text, [field, name]) => text.replaceAll(field, name.toLowerCase()), message);

const GAIT = { run: "running", walk: "walking" };

/** What was left to the service. */
export function assumedWords({ gait, assumed, models }) {
  const parts = [
    GAIT[gait],
    `forward energy by ${models.energy_model}`,
    `backward over forward ${models.direction_model}`,
  ];
  if (assumed.resting_oxygen_uptake_ml_kg_min) parts.push(`rest ${assumed.resting_oxygen_uptake_ml_kg_min} ml/kg/min`);
  return `Answered for ${parts.join(", ")}.`;
}
