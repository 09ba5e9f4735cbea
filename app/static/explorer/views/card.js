// The first card: energy and knee in words, and what a step, a kilometre and the session load.

import { at, element, say, table } from "../elements.js";
import { inWords, long, scaled } from "../quantities.js";
import { METRES, change, moved, movedRange, range, rounded } from "../units.js";
import { CHIPS, EFFORT, EQUAL, aimWords, lessOrMore, summaryText, warningText } from "../words.js";

/** Each part of the body by step, by kilometre and for the session: what it is, its field, its unit and its ratio. */
const PARTS = {
  knee: [
    ["peak knee-cap force", "patellofemoral_peak_force_bw", "BW", "patellofemoral_peak_force"],
    ["knee-cap impulse", "patellofemoral_impulse_per_km_bw_s", "BW·s", "patellofemoral_impulse_per_km"],
    ["knee-cap impulse", "patellofemoral_impulse_per_bout_bw_s", "BW·s", null],
  ],
  calf: [
    ["Achilles load, 1 = running forward at 3 m/s", "achilles_relative_load", "", "achilles_relative_load"],
    ["Achilles load"],
    ["Achilles load"],
  ],
  body: [
    ["peak ground force", "peak_vertical_force_bw", "BW", "peak_vertical_force"],
    ["energy", "energy_per_km_kcal", "kcal", null],
    ["energy", "total_energy_kcal", "kcal", "total_energy"],
  ],
};

/** Warnings that explain a part of the body. */
const REASONS = {
  knee: ["absent.patellofemoral_on_grade", "absent.backward_load_on_grade", "absent.walk_timing"],
  calf: ["absent.backward_achilles", "absent.backward_load_on_grade"],
  body: ["absent.backward_load_on_grade"],
};

const BIG_OF = {
  speed: ({ ratio }) => `${change(ratio.total_energy.value)} energy`,
  metabolic_rate: ({ backward }, state) => moved(backward.speed_m_s.value, state),
  effort: ({ ratio }) => `${change(ratio.total_energy.value)} energy`,
};

/** Return the number of a comparison, and the quantity that it comes from. */
function main(answer, equal, state) {
  if (!answer) return { text: "unknown" };
  const kind = EFFORT.includes(equal) ? "effort" : equal;
  return {
    text: BIG_OF[kind](answer, state),
    found: kind === "metabolic_rate" ? answer.backward.speed_m_s : answer.ratio.total_energy,
  };
}

/** Make the marks of a number: its grade, and why it is weak. */
function marks(found, codes = []) {
  const made = found?.evidence ? [grade(found.evidence)] : [];
  const chips = [...new Set(codes.map((code) => CHIPS[code]).filter(Boolean))];
  return [...made, ...chips.map((text) => element("span", { class: "chip" }, text))];
}

const grade = (letter) => element("span", { class: "chip grade", title: gradeMeans(letter) }, `grade ${letter}`);

/** The class of a number, which is paler the weaker its evidence. */
const paled = (letter) => `of-${(letter ?? "none")[0]}`;

const gradeMeans = (letter) =>
  [...document.querySelectorAll(".grades div")].find(({ children: [name] }) => name.textContent === letter[0])?.children[1]
    .textContent ?? "";

/** Show the card: `answer` for the chosen comparison, undefined if it has none. */
export function card(answer, state) {
  const speed = state.equal === "speed";
  at("effort-field").hidden = speed;
  say("equal-words", EQUAL[state.equal]);
  const { text, found } = main(answer, state.equal, state);
  say("big", text);
  at("big").className = paled(found?.evidence);
  at("big-marks").replaceChildren(
    ...marks(
      found,
      answer.warnings.map(({ code }) => code),
    ),
  );
  say("lead", headline(answer, state) + (EFFORT.includes(state.equal) ? " The backward speed is unknown." : ""));
  say("knee", summaryText(answer, "knee", state));
  say("summary-caution", summaryText(answer, "caution", state));
  say("range", `${rangeOf(answer, state)}${aimWords(state)}`);
  part(answer, state);
  bar(answer, state);
}

/** Return the first sentence, with a speed as the big number has it: pace or speed, not rounded twice. */
function headline(answer, state) {
  const { speed_m_s: speed } = answer.backward;
  const said = summaryText(answer, "headline", state);
  if (state.equal !== "metabolic_rate") return said;
  return answer.summary.headline.text.replace(
    /[\d.]+ m\/s backward \([\d.]+ to [\d.]+ m\/s\)/,
    `${moved(speed.value, state)} backward (${movedRange(speed, state)})`,
  );
}

function rangeOf({ backward, ratio }, state) {
  if (state.equal === "metabolic_rate") return `${movedRange(backward.speed_m_s, state)}. `;
  return `${change(ratio.total_energy.low)} to ${change(ratio.total_energy.high)}. `;
}

/** Show that the chosen comparison has no answer: nobody goes that slowly. */
export function unknown(message) {
  say("big", "unknown");
  at("big").className = paled();
  at("big-marks").replaceChildren();
  say("lead", message);
  for (const id of ["knee", "summary-caution", "range", "part-words"]) say(id, "");
  at("part").hidden = true;
  say("tab-effort", "unknown");
  for (const id of ["bar-move", "bar-energy", "bar-knee"]) say(id, "unknown");
}

/** Show the number of each comparison on its tab. */
export function tabs(answers, state) {
  const effort = state.equal === "speed" ? "metabolic_rate" : state.equal;
  say("tab-speed", main(answers.speed, "speed", state).text);
  say("tab-effort", main(answers[effort], effort, state).text);
}

/** Show the load or energy of the chosen part of the body, by step, by kilometre and for the session. */
export function part(answer, state) {
  const names = ["Each step", `Each ${long(state)}`, "The session"];
  at("part").setAttribute("aria-label", names.join(", ").toLowerCase());
  const of = (way, field) => ({ ...answer[way], ...answer[way].load })[field];
  const ratios = { ...answer.ratio, ...answer.ratio?.load };
  const rows = [];
  const unknown = [];
  PARTS[state.part].forEach(([what, field, unit, ratio], place) => {
    const [backward, forward] = [of("backward", field), of("forward", field)];
    if (!backward && !forward) unknown.push(`${names[place].toLowerCase()}, ${what}`);
    else
      rows.push([
        element("span", {}, names[place], element("small", {}, inWords(what, state))),
        amount(backward, unit, field, state),
        amount(forward, unit, field, state),
        versus(ratio && ratios[ratio]),
      ]);
  });
  at("part").hidden = !rows.length;
  at("part").replaceChildren(
    table("Backward and forward, by step, distance and session", ["", "← Backward", "→ Forward", "Change"], rows),
  );
  const reasons = answer.warnings
    .filter(({ code }) => REASONS[state.part].includes(code))
    .map((warning) => warningText(warning, state));
  const missing = unknown.length ? [`Unknown in both directions: ${unknown.join("; ")}.`] : [];
  say("part-words", [...missing, ...reasons].join(" "));
}

/** Make the cell of a load or an energy: the value, its grade and its range; or the word unknown. */
function amount(found, unit, field, state) {
  if (!found) return element("span", { class: "hatched" }, "unknown");
  const scale = field.includes("_per_km_") ? METRES[state.units] / METRES.metric : 1;
  const spread = element("span", { class: "interval" }, range(scaled(found, scale)));
  if (!("value" in found)) return element("span", {}, element("span", { class: "hatched" }, "unknown"), " ", spread);
  const value = element("b", { class: paled(found.evidence) }, `${rounded(found.value * scale, scaled(found, scale))} ${unit}`.trim());
  const letter = found.evidence ? [" ", element("span", { class: "chip", title: gradeMeans(found.evidence) }, found.evidence)] : [];
  return element("span", {}, value, ...letter, ...(found.low === found.high ? [] : [" ", spread]));
}

/** Make the cell of a change, with its range. */
function versus(ratio) {
  if (!ratio) return element("span", { class: "interval" }, "–");
  if (!("value" in ratio)) return element("span", { class: "hatched" }, "unknown");
  if (ratio.low === ratio.high) return element("b", {}, "the same");
  const ends = `${lessOrMore(ratio.low)} to ${lessOrMore(ratio.high)}`;
  return element("span", {}, element("b", {}, lessOrMore(ratio.value)), " ", element("span", { class: "interval" }, ends));
}

/** Fill the bar at the bottom of a phone. */
function bar({ backward, ratio }, state) {
  const knee = ratio?.load?.patellofemoral_peak_force;
  say("bar-move", backward.speed_m_s ? moved(backward.speed_m_s.value, state) : "unknown");
  say("bar-energy", `${rounded(backward.total_energy_kcal.value, backward.total_energy_kcal)} kcal`);
  const known = knee && "value" in knee;
  say("bar-knee", known ? lessOrMore(knee.value) : "unknown");
  const letter = known && backward.load.patellofemoral_peak_force_bw?.evidence;
  say("bar-knee-name", `knee-cap peak${letter ? `, grade ${letter}` : ""}`);
}
