// What a recording says about its forward and its backward part, side by side and in sentences.

import { element, table } from "../elements.js";
import { METRES, NAMES, clock, distance, lasting, moved, range, rounded } from "../units.js";
import { gradeOf } from "../words.js";
import { ARROWS, DIRECTIONS } from "./plots.js";

const IMPULSE = "patellofemoral_impulse_per_bout_bw_s";
const NARROWER = {
  steps_narrower: "steps",
  contact_time_narrower: "contact time",
  impulse_narrower: "the knee-cap impulse",
};

const unknown = () => element("span", { class: "hatched" }, "unknown");

/** Make a cell: a value, and below it its range, grade and how it is known. */
const cell = (value, ...notes) =>
  element(
    "span",
    {},
    element("b", {}, value),
    ...notes.filter(Boolean).map((note) => element("span", { class: "interval" }, note)),
  );

const estimate = (found, note) =>
  found ? cell(rounded(found.value, found), `${range(found)}${gradeOf(found)}`, note) : unknown();

/** Say which share of the moving time a total covers, if not all. Rounded down, so that it never reads as 100 %. */
const over = ({ covered }) => (covered < 1 ? `over ${Math.floor(covered * 100)} % of the moving time` : "");

const byWatch = (covered) => ["measured", over({ covered })].filter(Boolean).join(" ");

/** Make a table with a column for each direction of a recording. */
export function sides(answer, state) {
  const ways = DIRECTIONS.filter((way) => answer[way]);
  const watch = (way) => answer.measured?.[way] ?? {};
  const rows = {
    "Time moving": (way) => cell(lasting(answer[way].moving_duration_s)),
    Distance: (way) => cell(distance(answer[way].distance_m, state.units)),
    [state.moveBy === "pace" ? "Pace" : "Speed"]: (way) =>
      cell(moved(answer[way].distance_m / answer[way].moving_duration_s, state)),
    "Energy, kcal": (way) => estimate(answer[way].total_energy_kcal),
    [`Energy, kcal/${NAMES[state.units].distance}`]: (way) =>
      estimate(scaled(answer[way].total_energy_kcal, METRES[state.units] / answer[way].distance_m)),
    "Knee-cap impulse of one leg, BW·s": (way) => {
      const found = answer[way].load?.[IMPULSE];
      return estimate(found, found && over(found));
    },
    "Cadence, steps/min": (way) => {
      const { cadence_steps_per_min: measured, cadence_covered: covered } = watch(way);
      if (measured) return estimate(measured, byWatch(covered));
      const { steps, moving_duration_s } = answer[way];
      return steps ? estimate(scaled(steps, 60 / moving_duration_s), "estimated") : unknown();
    },
    ...(ways.some((way) => watch(way).heart_rate_per_min) && {
      "Heart rate, beats/min": (way) => {
        const { heart_rate_per_min: measured, heart_rate_covered: covered } = watch(way);
        return measured ? cell(String(Math.round(measured)), byWatch(covered)) : unknown();
      },
    }),
  };
  const heads = ways.map((way) => element("span", { class: way }, `${ARROWS[way]} ${way}`));
  return table(
    "Forward and backward parts of the recording",
    ["", ...heads],
    Object.entries(rows).map(([name, made]) => [name, ...ways.map(made)]),
  );
}

const scaled = ({ value, low, high, evidence }, factor) => ({
  ...{ value: value * factor, low: low * factor, high: high * factor },
  ...(evidence ? { evidence } : {}),
});

/** Say the knee-cap impulse, the only load that adds up, as recorded and with directions swapped. */
export function loadWords({ totals, reversed }) {
  const sentence = (found, way) =>
    found
      ? `Knee-cap impulse of one leg ${way}: ${rounded(found.value, found)} BW·s (${range(found)}${gradeOf(found)})${over(found) && `, ${over(found)}`}.`
      : `Knee-cap impulse ${way}: unknown.`;
  return [
    sentence(totals.load?.[IMPULSE], "as recorded"),
    sentence(reversed.load?.[IMPULSE], "with directions swapped"),
  ].join(" ");
}

/** Say what the watch measured, and how much narrower that makes the ranges; empty if it measured nothing. */
export function measuredWords({ measured }) {
  if (!measured) return "";
  const has = (name) => DIRECTIONS.some((way) => measured[way]?.[name]);
  const what = [
    ...(has("cadence_steps_per_min") ? ["cadence"] : []),
    ...(has("contact_time_s") ? ["contact time"] : []),
  ];
  const narrower = Object.entries(NARROWER)
    .filter(([field]) => measured[field] < 1)
    .map(([field, name]) => `of ${name} by ${Math.floor((1 - measured[field]) * 100) || "less than 1"} %`);
  const sentences = [];
  if (what.length) sentences.push(`Your watch measured ${what.join(" and ")}, so we use that instead of our estimate.`);
  if (what.length && narrower.length) sentences.push(`The ranges are narrower: ${narrower.join(", ")}.`);
  if (has("heart_rate_per_min"))
    sentences.push(
      "We show your heart rate, but energy does not depend on it: the calories that a watch computes from heart rate are likely to be too high for going backward.",
    );
  return sentences.join(" ");
}

/** Return one or two sentences to share: what was done, and its energy with its range. */
export function shareWords({ totals, backward, forward, models, summary }, { units }) {
  const { total_energy_kcal: energy, total_energy_kcal_low: low, total_energy_kcal_high: high } = summary.headline.params;
  const gaits = Object.keys(models.energy_models);
  const whole = `a ${gaits.join(" and ")} of ${plain(totals.distance_m, units)}`;
  const time = ({ moving_duration_s }) => clock(moving_duration_s);
  const done = !backward
    ? `${plain(totals.distance_m, units)} in ${time(totals)}.`
    : forward
      ? `${plain(backward.distance_m, units)} backward in ${time(backward)}, of ${whole}.`
      : `${plain(backward.distance_m, units)} backward in ${time(backward)}.`;
  // The headline is weak if its ratio is, and the sentence has only the energy.
  const weak = totals.total_energy_kcal.evidence?.startsWith("D") ? "A weak estimate by RetroRun: about" : "About";
  const by = weak === "About" ? ", estimated by RetroRun" : "";
  return `${done} ${weak} ${energy} kcal (${low} to ${high})${by}.`;
}

const plain = (metres, units) => distance(metres, units).replace("\u00a0", " ");
