// What the page says in words: names of quantities, of choices, and the sentences of the answer.

import { change, clock, distance, inReadersUnits, moved, movedRange, rounded } from "./units.js";

export const PEOPLE = { 0.5: "half of people", 0.8: "8 of 10 people", 0.9: "9 of 10 people", 0.95: "19 of 20 people" };

export const EQUAL = {
  metabolic_rate: "As much energy each minute as forward, so slower.",
  speed: "As fast as forward, so it takes more energy.",
  heart_rate: "Two small studies, grade D: they give energy, not speed.",
  perceived_exertion: "Taken as at equal heart rate, grade D: energy only, no speed.",
};

/** Of each quantity: its name, its unit as read, and the ratio that goes with it. */
export const ROWS = [
  ["speed_m_s", "Speed", "", "speed"],
  ["distance_m", "Distance", "", "speed"],
  ["total_energy_kcal", "Total energy", "kcal", "total_energy"],
  ["active_energy_kcal", "Active energy", "kcal", "active_energy"],
  ["energy_per_km_kcal", "Total energy per km", "kcal/km", null],
  ["metabolic_power_w_kg", "Metabolic power", "W/kg", "total_energy"],
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

/** What share of the moving time a load total is of, where that is not all of it; rounded down, so that it never reads as all. */
export const coveredWords = ({ covered }) =>
  covered < 1 ? `, of the ${Math.floor(covered * 100)} % of the time where it is known` : "";

export const BINDING = {
  duration_s: "the time",
  speed_range: "the speeds that were measured",
  speed_high_m_s: "your fastest forward",
  backward_speed_high_m_s: "your fastest backward",
  speed_low_m_s: "your slowest",
  patellofemoral_impulse_per_bout_bw_s: "the knee-cap impulse",
};

/** The grade of a quantity in words, after what is said of it; nothing where it has none. */
export const gradeOf = (found) => (found?.evidence ? `, grade ${found.evidence}` : "");

/** What an answer without a backward speed is, and what it rests on. */
const EFFORT = {
  heart_rate: "A weak estimate (two studies of 13 and 20 people): backward at the same heart rate",
  perceived_exertion:
    "A weak estimate (taken as at equal heart rate, not measured): backward at the same felt effort",
};

/** Where the ratio comes from: the people of its studies. */
const RESTS = { run: "studies of 4 to 13 people", walk: "studies of 10 to 20 people", effort: "two studies of 13 and 20 people" };

/** The headline: the great number, what it is, its interval, and the other way to compare. */
export function headline(answer, others, state) {
  const { forward, backward, ratio } = answer;
  const [own, time] = [moved(forward.speed_m_s.value, state), clock(forward.duration_s)];
  const who = `aims at ${peopleOf(state)}`;
  if (state.equal === "metabolic_rate") {
    const pace = moved(backward.speed_m_s.value, state);
    return {
      big: pace,
      lead: `backward for the same ${time} is ${distance(backward.distance_m.value, state.units)}, and spends what your ${own} spends.`,
      range: `${movedRange(backward.speed_m_s, state)}: ${who}${gradeOf(backward.speed_m_s)}.`,
      instead: others.speed ? atSpeed(others.speed, own) : "",
    };
  }
  const energy = `${rounded(backward.total_energy_kcal.value)} kcal against ${rounded(forward.total_energy_kcal.value)}`;
  const slower = others.metabolic_rate?.backward;
  const [same, unknown] =
    state.equal === "speed"
      ? [`backward at the same ${own}`, ""]
      : [EFFORT[state.equal], " How fast that is, is unknown."];
  return {
    big: `${change(ratio.total_energy.value)} energy`,
    lead: `${same} for the same ${time}: ${energy}.${unknown}`,
    range: `${change(ratio.total_energy.low)} to ${change(ratio.total_energy.high)}: ${who}${gradeOf(ratio.total_energy)}.`,
    instead: slower
      ? `The same energy each minute would be ${moved(slower.speed_m_s.value, state)} backward${gradeOf(slower.speed_m_s)}: ${distance(slower.distance_m.value, state.units)} in the same time.`
      : "",
  };
}

function atSpeed({ forward, backward, ratio }, own) {
  const { value, low, high } = ratio.total_energy;
  const energy = `${rounded(backward.total_energy_kcal.value)} kcal against ${rounded(forward.total_energy_kcal.value)}`;
  return `At ${own} backward it would take ${change(value)} energy (${change(low)} to ${change(high)}${gradeOf(ratio.total_energy)}): ${energy}. Whether you can go that fast backward is not said here.`;
}

const peopleOf = (state) => `${PEOPLE[state.interval]} like those studied`;

/** What the interval beside a number is. */
export const intervalWords = ({ gait }, state) =>
  `The bar is the estimate, the thin line its interval. It aims at ${peopleOf(state)}; the ratio rests on ${RESTS[state.equal in EFFORT ? "effort" : gait]}. It allows for differences between people, between studies and in the equation.`;

const FIELDS = [
  ["distance_m", "distance"],
  ["duration_s", "time"],
  ["body_mass_kg", "body mass"],
  ["backward_speed_high_m_s", "fastest backward"],
  ["speed_high_m_s", "fastest forward"],
  ["speed_m_s", "speed"],
  ["energy_model", "equation"],
  ["oxygen_uptake_max_ml_kg_min", "greatest oxygen uptake"],
  ["oxygen_uptake_ml_kg_min", "oxygen uptake"],
];

/** A sentence of the service with the names of fields as they are read on this page. */
export const plain = (message) =>
  [...LOADS, ...FIELDS].reduce(
    (text, [field, name]) =>
      text.replaceAll(
        field,
        name.replace(/^(?!Achilles)./, (first) => first.toLowerCase()),
      ),
    message,
  );

/** A warning of the service as it is read on this page. */
export const told = ({ message }, state) => plain(inReadersUnits(message, state.units, state.moveBy === "pace"));

const GAIT = { run: "running", walk: "walking" };
const RATIO = { documented: "the ratio documented in studies", pooled: "the pooled ratio of studies" };

/** What was left to the service. */
export function assumedWords({ gait, assumed, models }) {
  const rest = assumed.resting_oxygen_uptake_ml_kg_min;
  const taken = rest ? `; rest taken as ${rest} ml/kg/min` : "";
  return `Answered for ${GAIT[gait]}: energy forward by the equation ${models.energy_model}, backward by ${RATIO[models.direction_model]}${taken}.`;
}
