// All numbers, as a table and as CSV.

import { at, element, table } from "../elements.js";
import { asRead, scaled } from "../quantities.js";
import { METRES, NAMES, moved, movedRange, range, rounded } from "../units.js";
import { LOADS, OF_BACKWARD, ROWS } from "../words.js";

/** Make a cell: the value, and its range if it has one. */
function written(field, found, state) {
  if (found === undefined) return element("span", { class: "hatched" }, "unknown");
  if (field === "speed_m_s") return spread(moved(found.value, state), found, movedRange(found, state));
  if (field === "distance_m") {
    const far = scaled(found, 1 / METRES[state.units]);
    const unit = NAMES[state.units].distance;
    return spread(`${rounded(far.value, far)} ${unit}`, found, `${range(far)} ${unit}`);
  }
  if (!("value" in found)) {
    return element("span", {}, element("span", { class: "hatched" }, "unknown"), `, range ${range(found)}`);
  }
  return spread(rounded(found.value, found), found, range(found));
}

function spread(value, { low, high }, interval) {
  const cell = element("span", {}, element("b", {}, value));
  if (low !== high) cell.append(" ", element("span", { class: "interval" }, interval));
  return cell;
}

/** Make a cell of a ratio with its grade, if it has one. A ratio may be better known than either side. */
function ofRatio(name, found, state) {
  const cell = written(name, found, state);
  if (found.evidence) cell.append(` ${found.evidence}`);
  return cell;
}

/** Write the grades of both directions; empty if neither has one. */
const grades = (...sides) =>
  sides.some((side) => side?.evidence) ? sides.map((side) => side?.evidence ?? "–").join(" / ") : "";

const dash = () => element("span", { class: "interval" }, "–");

export function numbers({ forward, backward, ratio }, state, mass) {
  const rows = ROWS.map(([field, ...words]) => {
    const [, , ratioName] = words;
    const { name, unit, of } = asRead(field, ...words.slice(0, 2), state, mass);
    return [
      unit ? `${name}, ${unit}` : name,
      written(field, of(forward[field]), state),
      written(field, of(backward[field]), state),
      ratioName && ratio?.[ratioName] ? ofRatio(ratioName, ratio[ratioName], state) : dash(),
      grades(forward[field], backward[field]),
    ];
  });
  for (const [field, ...words] of LOADS) {
    const [, , ratioName] = words;
    const { name, unit, of } = asRead(field, ...words.slice(0, 2), state, mass);
    const [one, other] = [forward, backward].map(({ load }) => of(load?.[field]));
    rows.push([
      `${name}, ${unit}`,
      OF_BACKWARD.has(field) ? dash() : written(field, one, state),
      written(field, other, state),
      ratioName && ratio?.load?.[ratioName] ? written(ratioName, ratio.load[ratioName], state) : dash(),
      grades(one, other),
    ]);
  }
  return table("All numbers, forward and backward", ["", "Forward →", "Backward ←", "Ratio, its grade", "Grade → / ←"], rows);
}

/** Write rows as CSV, with quotes where needed. */
export const csv = (rows) =>
  rows
    .map((row) =>
      row
        .map((cell) => (/[",\n]/.test(cell ?? "") ? `"${String(cell).replaceAll('"', '""')}"` : (cell ?? "")))
        .join(","),
    )
    .join("\n") + "\n";

/** Return the meaning of each evidence grade, in the words of the page. */
const meanings = () =>
  Object.fromEntries([...document.querySelectorAll(".grades div")].map(({ children }) => [...children].map(wordsOf)));
const wordsOf = ({ textContent }) => textContent.trim().replace(/\s+/g, " ");
export const gradeWords = () =>
  Object.entries(meanings())
    .map(([grade, means]) => `${grade}: ${means}.`)
    .join(" ");

/** Add to rows the meaning of each grade, and the caution beside each load; `isLoad` says which rows are loads. */
export function cautioned([heads, ...rows], isLoad = () => true) {
  const [place, means] = [heads.indexOf("evidence"), meanings()];
  const meant = (row) => (place < 0 ? [] : [means[row[place]?.[0]] ?? ""]);
  const caution = (row) => (isLoad(row) ? wordsOf(at("caution")) : "");
  return [
    [...heads, ...(place < 0 ? [] : ["evidence_means"]), "caution"],
    ...rows.map((row) => [...row, ...meant(row), caution(row)]),
  ];
}

/** Whether a row of the answer is a load. */
export const ofLoad = ([field]) => LOADS.some(([name]) => name === field);

/** Return the answer as rows in SI, not rounded, with the names of the service; an empty cell is unknown. */
export function answerRows({ forward, backward }) {
  const rows = [["field", "direction", "value", "low", "high", "evidence"]];
  const add = (field, direction, found) => {
    const { value, low, high, evidence } = typeof found === "number" ? { value: found } : found;
    rows.push([field, direction, value, low, high, evidence]);
  };
  for (const [direction, bout] of [
    ["forward", forward],
    ["backward", backward],
  ]) {
    for (const [field, found] of Object.entries({ ...bout, ...bout.load })) {
      if (typeof found !== "string" && field !== "load") add(field, direction, found);
    }
  }
  return rows;
}
