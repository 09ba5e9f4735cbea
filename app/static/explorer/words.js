// The words of the page: names of quantities and choices, and the sentences of the answer.

import { inWords } from "./quantities.js";
import { fromSi, inReadersUnits, percentOf } from "./units.js";

export const PEOPLE = { 0.5: "half of people", 0.8: "8 in 10 people", 0.9: "9 in 10 people", 0.95: "19 in 20 people" };

export const EQUAL = {
  metabolic_rate: "You use the same energy per minute, so you go slower.",
  speed: "You go as fast as forward, so you use more energy.",
  heart_rate: "Two small studies, grade D. They give energy but no speed.",
  perceived_exertion: "Not measured: we use the result for the same heart rate, grade D. It gives energy but no speed.",
};

/** Each quantity: its field, its name, its unit, and its ratio. */
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
  ["contact_time_s", "Contact time", "s", "contact_time"],
];

export const LOADS = [
  ["peak_vertical_force_bw", "Peak ground force", "BW, each step", "peak_vertical_force"],
  ["patellofemoral_peak_force_bw", "Peak knee-cap force", "BW, each step", "patellofemoral_peak_force"],
  ["patellofemoral_impulse_per_km_bw_s", "Knee-cap impulse per km", "BW·s, one leg", "patellofemoral_impulse_per_km"],
  ["patellofemoral_impulse_per_bout_bw_s", "Knee-cap impulse in total", "BW·s, one leg", null],
  ["achilles_relative_load", "Achilles load", "1 = running forward at 3 m/s", "achilles_relative_load"],
  ["tibial_compression_peak_bw", "Shin-bone compression", "BW, each step", null],
  ["knee_extensor_moment_ratio", "Knee moment, backward over forward", "at the backward speed", null],
];
/** Ratios: they have no value forward. */
export const OF_BACKWARD = new Set(["knee_extensor_moment_ratio"]);

/** Say which share of the moving time a load total covers, if not all. Rounded down, so that it never reads as 100 %. */
export const coveredWords = ({ covered }) =>
  covered < 1 ? `, which covers the ${Math.floor(covered * 100)} % of the time where it is known` : "";

/** Return the grade of a quantity in words, to be added to a sentence; empty if it has no grade. */
export const gradeOf = (found) => (found?.evidence ? `, grade ${found.evidence}` : "");

/** Comparisons without a backward speed. */
export const EFFORT = ["heart_rate", "perceived_exertion"];

/** The studies that the ratio rests on. */
const RESTS = { run: "studies of 4 to 13 people", walk: "studies of 10 to 20 people", effort: "two studies of 13 and 20 people" };

const peopleOf = (state) => `${PEOPLE[state.interval]} like those studied`;

/** Say what the range of a number aims at. */
export const aimWords = (state) => `This range aims at ${peopleOf(state)}.`;

/** What a number lacks, by the warning that says so. */
export const CHIPS = {
  "energy.backward_downhill_unmeasured": "never measured backward downhill",
  "energy.backward_run_uphill": "never measured backward on a slope this steep",
  "energy.backward_walk_uphill": "never measured backward on a slope this steep",
  "energy.backward_speed_beyond_measurement": "never measured backward this fast",
  "energy.backward_speed_below_measurement": "never measured backward this slow",
  "energy.backward_walk_speed": "never measured backward at this speed",
  "caution.equal_perceived_exertion": "never measured at the same felt effort",
};

/** Write a ratio as a change in words. */
export function lessOrMore(ratio) {
  const percent = percentOf(ratio);
  if (!percent) return "about the same";
  return percent < 0 ? `${-percent}\u00a0% less` : `${percent}\u00a0% more`;
}

/** Explain the range beside a number. */
export const intervalWords = ({ gait }, state) =>
  `The bar is the estimate. The thin line is its range, which aims at ${peopleOf(state)}. The ratio rests on ${RESTS[EFFORT.includes(state.equal) ? "effort" : gait]}. The range allows for differences between people, between studies and in the equation.`;

const FIELDS = [
  ["distance_m", "distance"],
  ["duration_s", "time"],
  ["body_mass_kg", "body mass"],
  ["backward_speed_high_m_s", "fastest speed backward"],
  ["speed_high_m_s", "speed forward"],
  ["longest_backward_s", "longest stretch backward"],
  ["recovery_s", "time after each stretch"],
  ["speed_m_s", "speed"],
  ["energy_model", "equation"],
  ["oxygen_uptake_max_ml_kg_min", "maximum oxygen uptake"],
  ["oxygen_uptake_ml_kg_min", "oxygen uptake"],
];

/** Return a sentence with its slopes in percent, as the field has them. */
const inPercent = (message) =>
  message.replace(/(-?\d[\d.]*)(?: to (-?\d[\d.]*))? rise over run/g, (whole, ...ends) => {
    const percents = ends.slice(0, 2).filter(Boolean).map((end) => fromSi("grade", Number(end)));
    return `${percents.join(" to ")} %`;
  });

/** Return a sentence of the service with the field names and slopes as this page shows them. */
export const plain = (message) =>
  [...LOADS, ...FIELDS].reduce(
    (text, [field, name]) =>
      text.replaceAll(
        field,
        name.replace(/^(?!Achilles)./, (first) => first.toLowerCase()),
      ),
    inPercent(message).replace("Send age, sex and height.", "The API takes age, sex and height."),
  );

/** Return a sentence of the summary of an answer with the units of this page; empty if the answer has none. */
export const summaryText = ({ summary }, name, state) =>
  summary?.[name] ? inWords(inReadersUnits(summary[name].text, state.units), state) : "";

/** Return the text of a warning with the units and names of this page. */
export const warningText = ({ message }, state) =>
  inWords(plain(inReadersUnits(message, state.units, state.moveBy === "pace")), state);

/** What is the same in both directions. */
export const SAME = {
  metabolic_rate: "energy per minute",
  speed: "speed",
  heart_rate: "heart rate",
  perceived_exertion: "felt effort",
};

export const GAIT = { run: "running", walk: "walking" };
export const RATIO = { documented: "the ratio documented in studies", pooled: "the pooled ratio of studies" };

/** Say what the service chose or assumed. */
export function assumedWords({ gait, assumed, models }, state) {
  const rest = assumed.resting_oxygen_uptake_ml_kg_min;
  const resting = rest ? ` Assumed oxygen uptake at rest: ${inWords(`${rest} ml/kg/min`, state)}.` : "";
  return `Computed for ${GAIT[gait]}. Energy forward: the equation ${models.energy_model}. Energy backward: ${RATIO[models.direction_model]}.${resting}`;
}
