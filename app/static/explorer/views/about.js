// What a download and a print say about themselves: inputs, date, version, link, and what to read before relying on them.

import { at } from "../elements.js";
import { fragmentOf } from "../state.js";
import { NAMES, fromSi, lasting, moved } from "../units.js";
import { GAIT, PEOPLE, RATIO, SAME } from "../words.js";

let run;
let person;
let link;
let models;

/** Remember the run whose answer is on the screen. */
export function remember(state, body, answer) {
  const { units } = state;
  const of = (kind, value) => `${fromSi(kind, value, units)} ${NAMES[units][kind]}`;
  const { duration_s, distance_m } = answer.forward;
  run = [
    of("mass", body.body_mass_kg),
    moved(body.speed_m_s, state),
    state.spanBy === "time" ? lasting(duration_s) : of("distance", distance_m.value),
    body.grade ? `slope ${fromSi("grade", body.grade)} %` : "level ground",
    GAIT[answer.gait],
    `same ${SAME[body.equal]}`,
    `equation ${answer.models.energy_model}`,
    RATIO[answer.models.direction_model],
    `range aims at ${PEOPLE[state.interval]}`,
  ].map(plain);
  person = [run[0], ...run.slice(-2)];
  link = new URL(fragmentOf(state), document.baseURI).href;
  models = answer.models;
}

/** Describe a download of a part of the page, or of the answer. A part with fields of its own adds them. */
export function about(part) {
  const fields = [...(part?.querySelectorAll("input, select") ?? [])].filter(isGiven).map(inWords);
  const cautions = [part, at("warnings")].map((place) => [...(place?.querySelectorAll("li.safety") ?? [])]);
  const recorded = part?.id === "track";
  return {
    inputs: [...(recorded ? ["a recording", ...person] : run), ...fields].join(", "),
    // The Swedish form is that of ISO 8601, in the reader's time.
    date: new Date().toLocaleString("sv").slice(0, 16),
    version: models.version,
    models: models.hash,
    link: recorded ? `${link} (without the recording)` : link,
    before_you_rely_on_this: cautions.find((found) => found.length)?.map(({ textContent }) => plain(textContent)).join(" ") ?? "",
  };
}

/** Write that as lines for people. */
export const lines = ({ inputs, date, version, models, link, before_you_rely_on_this }) => [
  `Inputs: ${inputs}.`,
  `${date}, RetroRun ${version}, models ${models}.`,
  link,
  ...(before_you_rely_on_this ? [`Before you rely on this: ${before_you_rely_on_this}`] : []),
];

/** Add that to rows for CSV, as columns with the same text in each row, before the caution. */
export function described([heads, ...rows], found) {
  const place = heads.includes("caution") ? heads.indexOf("caution") : heads.length;
  const put = (row, added) => [...row.slice(0, place), ...added, ...row.slice(place)];
  return [put(heads, Object.keys(found)), ...rows.map((row) => put(row, Object.values(found)))];
}

const plain = (text) => text.trim().replace(/\s+/g, " ");

/** Whether a field of a part is in use. Pills choose how to show it, and a file has a name that may say too much. */
const isGiven = (field) => !/radio|file/.test(field.type) && !field.closest("[hidden]") && field.value.trim();

function inWords(field) {
  const value = field.selectedOptions?.[0].textContent ?? field.value;
  const unit = field.parentElement.querySelector(".unit")?.textContent ?? "";
  return plain(`${field.labels[0]?.textContent ?? ""} ${value} ${unit}`);
}
