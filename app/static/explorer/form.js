// The fields: reads typed and dragged values, and shows errors beside them.

import { at, element, say } from "./elements.js";
import { UNITS, understood } from "./typed.js";
import { NAMES, fromSi, number, toSi } from "./units.js";
import { plain } from "./words.js";

/** Least value, greatest value and step of each slider, in SI. You can type values beyond them. */
const SLIDES = {
  mass: [40, 130, 0.5],
  pace: [1, 6, 0.02],
  speed: [1, 6, 0.02],
  time: [300, 10_800, 60],
  distance: [1000, 42_195, 100],
  grade: [-0.2, 0.2, 0.005],
};
export const TYPED = ["mass", "move", "span", "grade", "planTime", "planStretch", "planBackward", "planUsual"];
export const CHOSEN = [
  "moveBy",
  "spanBy",
  "equal",
  "energy_model",
  "direction_model",
  "interval",
  "experience",
  "place",
  "planKnee",
];
export const PICKED = ["units", "gait", "compare", "part", "axis", "language"];

export const kindOf = (field, state) =>
  ({
    move: state.moveBy,
    span: state.spanBy,
    mass: "mass",
    grade: "grade",
    planTime: "time",
    planStretch: "stretch",
    planUsual: "time",
    planBackward: "speed",
  })[field] ?? "plain";

const POINTERS = {
  "/body_mass_kg": "mass",
  "/speed_m_s": "move",
  "/duration_s": "span",
  "/distance_m": "span",
  "/grade": "grade",
  "/gait": "gait",
  "/equal": "equal",
  "/energy_model": "energy_model",
  "/direction_model": "direction_model",
  "/interval": "interval",
};

/** How to fix text that cannot be read. */
const HOW = {
  mass: { metric: "Enter a number, for example 70.", imperial: "Enter a number, for example 154." },
  pace: {
    metric: "Enter minutes and seconds, for example 5:30.",
    imperial: "Enter minutes and seconds, for example 8:50.",
  },
  speed: { metric: "Enter a number, for example 10.5.", imperial: "Enter a number, for example 6.5." },
  time: "Enter minutes or a time, for example 40, 40:00 or 1:10:00.",
  stretch: "Enter seconds or a time, for example 60 or 1:00.",
  distance: { metric: "Enter a number, for example 10.", imperial: "Enter a number, for example 6.2." },
  grade: "Enter a slope in percent, for example 5 or -3.",
};
const how = (kind, units) => HOW[kind]?.[units] ?? HOW[kind] ?? "Enter a number.";

/** Read fields into SI. Text that cannot be read becomes an error of its field. */
export function read(fields, state) {
  const values = {};
  const errors = [];
  for (const field of fields) {
    const kind = kindOf(field, state);
    values[field] = toSi(kind, state[field], state.units);
    if (!Number.isFinite(values[field])) errors.push({ field, message: how(kind, state.units) });
  }
  return { values, errors };
}

/** Return an error of the service with its field, and its numbers in the reader's units and in the kind of the field. */
export function placed(problem, state, pointers = POINTERS) {
  const field = pointers[problem.pointer] ?? "whole";
  const kind = kindOf(field, state);
  const slope = kind === "grade" && problem.code === "out_of_range";
  // The reader types percent, so the example of percent is not needed.
  const message = slope ? problem.message.replace(/; [^;]*$/, ".") : problem.message;
  return { field, message: plain(bounds(message, kind, state.units)) };
}

const BOUNDS =
  /(a number |a speed )?(from |outside |at least |at most |up to )?(?<![\w.])(-?\d+(?:\.\d+)?)(?: to (-?\d+(?:\.\d+)?))?( (?:kg|m\/s|m|s)(?![\w/·]))?(?![\w/]|\.\d)/g;
const KINDS = { kg: "mass", "m/s": "speed", m: "distance", s: "time" };

/** Return a sentence with its bounds in the reader's units, rounded inward; a bound without a unit is one of a slope. */
const bounds = (text, field, units) =>
  text.replace(BOUNDS, (whole, what = "", where = "", first, second, unit) => {
    const named = KINDS[unit?.trim()] ?? (unit || field !== "grade" ? null : "grade");
    if (!named) return whole;
    // A field has a pace for a speed, and seconds for a short time.
    const kind = named === "speed" && field === "pace" ? "pace" : named === "time" && field === "stretch" ? "stretch" : named;
    const end = /most|up/.test(where) ? "most" : second || /least/.test(where) ? "least" : undefined;
    const ends = [fromSi(kind, Number(first), units, end)];
    if (second) ends.push(fromSi(kind, Number(second), units, "most"));
    if (kind === "pace") ends.reverse();
    const noun = what && ["pace", "time"].includes(kind) ? `a ${kind} ` : what;
    if (kind === "grade") return `${noun}${where}${ends.map((text) => `${text} %`).join(" to ")}`;
    return `${noun}${where}${ends.join(" to ")}${kind === "time" ? "" : ` ${NAMES[units][kind]}`}`;
  });

/** Return how a typed text is understood, if that is not plain, and for a time its other reading. */
function echoOf(field, state) {
  const kind = kindOf(field, state);
  const typed = state[field];
  const { si, echo, other, instead } = understood(kind, typed, state.units);
  if (!Number.isFinite(si)) return { words: "" };
  const written = fromSi(kind, si, state.units);
  const unit = UNITS[kind][state.units];
  const bare = typed.toLowerCase().replace(unit.toLowerCase(), "").trim();
  const usual = bare === written && !(other && /^\d:/.test(typed));
  if (usual || (!echo && Number.isFinite(number(bare)))) return { words: "" };
  return { words: `= ${echo || (kind === "time" ? written : `${written} ${unit}`)}`, other, instead };
}

/** Show below a field how its text is understood. A button replaces the text by one with the other reading. */
function showEcho(field, state) {
  const { words, other, instead } = echoOf(field, state);
  const id = `${field}-echo`;
  if (!at(id)) {
    if (!words) return;
    at(`${field}-error`).before(element("p", { class: "words echo", id, "aria-live": "polite" }));
    at(field).setAttribute("aria-describedby", `${id} ${field}-error`);
  }
  const key = `${words} ${instead ?? ""}`;
  if (at(id).dataset.shown === key) return;
  at(id).dataset.shown = key;
  at(id).hidden = !words;
  at(id).replaceChildren(words);
  if (!instead) return;
  const button = element("button", { type: "button" }, `${other} instead`);
  button.addEventListener("click", () => {
    at(field).value = instead;
    at(field).dispatchEvent(new Event("input", { bubbles: true }));
    at(field).focus();
  });
  at(id).append(" ", button);
}

/** Show errors beside their fields, and remove the errors of other fields. */
export function showErrors(errors, fields) {
  for (const name of fields) {
    const text = errors
      .filter(({ field }) => field === name)
      .map(({ message }) => message)
      .join(" ");
    say(`${name}-error`, text);
    const input = at(name);
    if (text) input?.setAttribute("aria-invalid", "true");
    else input?.removeAttribute("aria-invalid");
    const folded = text && input?.closest("details");
    if (folded) folded.open = true;
  }
}

/** Check the option of a choice; without that option nothing changes. */
export function pick(name, value) {
  const option = document.querySelector(`input[name="${name}"][value="${value}"]`);
  if (option) option.checked = true;
}

/** Put the state into the fields. The field with the caret is skipped unless `all` is true. */
export function fill(state, all = false) {
  const typing = all ? null : document.activeElement;
  for (const name of [...TYPED, ...CHOSEN]) {
    if (at(name) === typing || at(name).value === state[name]) continue;
    if (name !== "equal" || state.equal !== "speed") at(name).value = state[name];
  }
  const compare = state.equal === "speed" ? "speed" : "effort";
  for (const name of PICKED) pick(name, { ...state, compare }[name]);
  const names = NAMES[state.units];
  const units = {
    mass: names.mass,
    move: names[state.moveBy],
    span: state.spanBy === "distance" ? names.distance : state.span.includes(":") ? "" : "min",
    speed: names.speed,
  };
  for (const place of document.querySelectorAll("[data-unit]")) place.textContent = units[place.dataset.unit];
  at("move").setAttribute("aria-label", `${state.moveBy === "pace" ? "Pace" : "Speed"}, ${units.move}`);
  at("span").setAttribute("aria-label", `${state.spanBy === "time" ? "Time" : "Distance"}, ${units.span}`);
  for (const field of ["mass", "move", "span", "grade"]) slide(field, state);
  for (const field of TYPED) showEcho(field, state);
}

function slide(field, state) {
  const kind = kindOf(field, state);
  const slider = at(`${field}-slide`);
  const [low, high, step] = SLIDES[kind];
  Object.assign(slider, { min: low, max: high, step });
  const value = toSi(kind, state[field], state.units);
  if (!Number.isFinite(value)) return;
  if (slider !== document.activeElement || Math.abs(slider.value - value) > step) slider.value = value;
  const share = (Math.min(Math.max(value, low), high) - low) / (high - low);
  slider.style.setProperty("--share", `${100 * share}%`);
  slider.setAttribute(
    "aria-valuetext",
    `${fromSi(kind, value, state.units)} ${NAMES[state.units][kind] ?? (kind === "grade" ? "percent" : "")}`,
  );
}

/** Call `changed(field, text)` for every typed or chosen value, and `changed(field, null, si)` for a dragged one. */
export function listen(changed) {
  for (const name of TYPED) at(name).addEventListener("input", ({ target }) => changed(name, target.value));
  for (const name of CHOSEN) at(name).addEventListener("change", ({ target }) => changed(name, target.value));
  for (const name of PICKED) {
    for (const option of document.querySelectorAll(`input[name="${name}"]`)) {
      // Not "change": a gait that the speed has checked already can be chosen too.
      option.addEventListener("click", ({ target }) => changed(name, target.value));
    }
  }
  for (const field of ["mass", "move", "span", "grade"]) {
    at(`${field}-slide`).addEventListener("input", ({ target }) => changed(field, null, Number(target.value)));
  }
  for (const form of document.forms) form.addEventListener("submit", (event) => event.preventDefault());
}

/** Offer the equations of a gait as choices. */
export function offerModels(models, gait, chosen) {
  const names = models.filter((model) => model.gait === gait).map(({ id }) => id);
  if (chosen !== "auto" && !names.includes(chosen)) names.push(chosen);
  const select = at("energy_model");
  if (
    select.options.length - 1 === names.length &&
    names.every((name, index) => select.options[index + 1].value === name)
  )
    return;
  select.replaceChildren(
    element("option", { value: "auto" }, "default"),
    ...names.map((name) =>
      element(
        "option",
        { value: name },
        name.replace(/(\d{4})$/, " $1").replace(/^./, (letter) => letter.toUpperCase()),
      ),
    ),
  );
  select.value = chosen;
}
