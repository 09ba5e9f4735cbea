// Plans a session: bouts forward and backward with the most energy, or with the lowest impulse of the knee-cap.

import { at, element, say } from "../elements.js";
import { placed, read, showErrors } from "../form.js";
import { channel, problems } from "../request.js";
import { lasting, moved, rounded } from "../units.js";
import { BINDING, coveredWords, gradeOf, often, warningText } from "../words.js";
import { loaded } from "./plots.js";
import { timeline } from "./timeline.js";

const IMPULSE = "patellofemoral_impulse_per_bout_bw_s";
const FIELDS = ["goal", "planTime", "planEnergy", "planForward", "planBackward", "planCap"];
const POINTERS = {
  "/goal": "goal",
  "/duration_s": "planTime",
  "/active_energy_kcal": "planEnergy",
  "/speed_high_m_s": "planForward",
  "/backward_speed_high_m_s": "planBackward",
  [`/limits/${IMPULSE}`]: "planCap",
};
/** Warnings of loads and of going backward that every plan shows. */
const ask = channel();

/** Return the body of POST /plan with the person and models of the run, and errors of fields that cannot be read. */
function planBody(state, run) {
  const least = state.goal === "least_load";
  const fields = [
    ...(least ? ["planEnergy"] : []),
    ...["planTime", "planForward", "planBackward", ...(least ? [] : ["planCap"])].filter(
      (field) => state[field].trim() || (field === "planTime" && !least),
    ),
  ];
  const { values, errors } = read(fields, state);
  const shared = ["body_mass_kg", "gait", "grade", "energy_model", "direction_model", "interval"];
  const body = Object.fromEntries(shared.filter((name) => name in run).map((name) => [name, run[name]]));
  body.goal = state.goal;
  if ("planTime" in values) body.duration_s = values.planTime;
  if (least) Object.assign(body, { active_energy_kcal: values.planEnergy, indicator: IMPULSE });
  if ("planForward" in values) body.speed_high_m_s = values.planForward;
  if ("planBackward" in values) body.backward_speed_high_m_s = values.planBackward;
  if ("planCap" in values) body.limits = { [IMPULSE]: values.planCap };
  return { body, errors };
}

export async function plan(state, run) {
  at("planEnergy-field").hidden = state.goal !== "least_load";
  at("planCap-field").hidden = state.goal === "least_load";
  const { body, errors } = planBody(state, run);
  const answer = errors.length ? null : await ask("/plan", JSON.stringify(body));
  if (answer?.status === 404) {
    at("plan").hidden = true;
    return;
  }
  if (answer === null && !errors.length) return;
  const found = answer ? problems(answer).map((problem) => placed(problem, state, POINTERS)) : errors;
  showErrors(
    found.map((error) => (error.field === "whole" ? { ...error, field: "plan" } : error)),
    [...FIELDS, "plan"],
  );
  at("plan-figure").hidden = found.length > 0;
  if (found.length) {
    say("plan-words", "");
    at("plan-warnings").replaceChildren();
    return;
  }
  const best = answer.body;
  say("plan-words", sentence(best, state));
  at("plan-warnings").replaceChildren(
    ...best.warnings
      .filter(({ code, severity }) => severity === "safety" || code.includes("plan"))
      .map((warning) => element("li", { class: warning.severity }, warningText(warning, state))),
  );
  await loaded();
  const options = [
    ["Best plan", best],
    ["Only forward", best.forward_only],
    ["Only backward", best.backward_only],
  ];
  timeline(
    options.filter(([, option]) => option),
    state,
  );
}

function sentence(best, state) {
  const bouts = best.bouts.map(
    (bout) => `${often(bout)}${lasting(bout.duration_s)} ${bout.direction} at ${moved(bout.speed_m_s, state)}`,
  );
  const rest = best.rest_s >= 0.5 ? ` and ${lasting(best.rest_s)} of rest` : "";
  const bound = best.binding.map((name) => BINDING[name] ?? name.replaceAll("_", " "));
  const held = bound.length ? ` Limited by: ${bound.join(", ")}.` : "";
  // The headline holds times in words, no units that the reader chooses.
  return `${best.summary.headline.text} Energy${gradeOf(best.totals.active_energy_kcal)}. ${bouts.join(", then ")}${rest}.${loadWords(best)}${held}`;
}

/** Say both loads of the knee-cap, because one can fall while the other rises. */
function loadWords({ goal, totals: { load = {} } }) {
  const parts = [
    ["impulse", load[IMPULSE], "BW·s"],
    ["peak", load.patellofemoral_peak_force_bw, "BW each step"],
  ]
    .filter(([, found]) => found && "value" in found)
    .map(
      ([name, found, unit]) =>
        `${name} ${rounded(found.value, found)} ${unit} (${rounded(found.low, found)} to ${rounded(found.high, found)}${gradeOf(found)})${coveredWords(found)}`,
    );
  const least = goal === "least_load" ? " This plan has the lowest impulse (force added up over the steps), not the lowest peak." : "";
  return parts.length ? ` Knee-cap: ${parts.join(", ")}.${least}` : "";
}
