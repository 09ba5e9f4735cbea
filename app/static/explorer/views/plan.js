// Coaches a session: short stretches backward in the reader's gait and speed, and the way there over four weeks.

import { at, download, element, say, table } from "../elements.js";
import { placed, read, showErrors } from "../form.js";
import { channel, problems } from "../request.js";
import { lasting, moved, range, rounded } from "../units.js";
import { coveredWords, gradeOf, summaryText, warningText } from "../words.js";
import { calendar } from "./calendar.js";
import { loaded } from "./plots.js";
import { timeline } from "./timeline.js";

const IMPULSE = "patellofemoral_impulse_per_bout_bw_s";
const FIELDS = ["experience", "place", "planTime", "planStretch", "planBackward", "planKnee", "planUsual"];
const POINTERS = {
  "/experience": "experience",
  "/place": "place",
  "/duration_s": "planTime",
  "/longest_backward_s": "planStretch",
  "/recovery_s": "planStretch",
  "/backward_speed_high_m_s": "planBackward",
  [`/limits/${IMPULSE}`]: "planKnee",
};
/** Share of the knee-cap impulse of the usual run that the plan may have. */
const SHARES = { same: 1, half: 0.5 };

const [ask, askUsual] = [channel(), channel()];
/** The plan on the screen, for the calendar. */
let shown;

/** Return the body of POST /plan with the person, gait, speed and models of the run, and errors of the fields. */
function planBody(state, run, gait) {
  const knee = state.planKnee in SHARES;
  const { values, errors } = read(["planTime", "planStretch", "planBackward", ...(knee ? ["planUsual"] : [])], state);
  const shared = ["body_mass_kg", "grade", "energy_model", "direction_model", "interval"];
  const body = Object.fromEntries(shared.filter((name) => name in run).map((name) => [name, run[name]]));
  Object.assign(body, {
    gait,
    goal: "most_backward",
    duration_s: values.planTime,
    longest_backward_s: values.planStretch,
    experience: state.experience,
    place: state.place,
    fixed_speeds: true,
    speed_high_m_s: run.speed_m_s,
    backward_speed_high_m_s: values.planBackward,
  });
  return { body, errors, usual_s: values.planUsual };
}

/** Return the knee-cap impulse of some minutes of the usual run; undefined if it is unknown, null if cancelled. */
async function usualImpulse(run, gait, duration_s) {
  const { distance_m, equal, ...usual } = { ...run, gait, duration_s };
  const found = await askUsual("/estimate", JSON.stringify({ ...usual, include: ["load", "derived"] }));
  return found && found.body.forward?.load?.[IMPULSE]?.value;
}

/** Show the plan of a run, once the reader has said how fast backward is. */
export async function plan(state, run, gait) {
  at("planUsual-field").hidden = !(state.planKnee in SHARES);
  if (!state.planBackward.trim()) return clear("Enter your fastest speed backward. Before that there is no plan.");
  const { body, errors, usual_s } = planBody(state, run, gait);
  if (!errors.length && state.planKnee in SHARES) {
    const impulse = await usualImpulse(run, gait, usual_s);
    if (impulse === null) return;
    if (impulse === undefined) errors.push({ field: "planKnee", message: "The knee-cap impulse of this run is unknown. Choose no limit." });
    else body.limits = { [IMPULSE]: impulse * SHARES[state.planKnee] };
  }
  const answer = errors.length ? null : await ask("/plan", JSON.stringify(body));
  if (answer === null && !errors.length) return;
  at("plan").hidden = answer?.status === 404;
  if (at("plan").hidden) return;
  const found = answer ? problems(answer).map((problem) => placed(problem, state, POINTERS)) : errors;
  showErrors(
    found.map((error) => (error.field === "whole" ? { ...error, field: "plan" } : error)),
    [...FIELDS, "plan"],
  );
  if (found.length) return clear("", false);
  if (!answer.body.bouts.some(({ direction }) => direction === "backward")) {
    const reasons = answer.body.warnings.filter(({ code }) => code.startsWith("absent.plan_"));
    return clear(`There is no plan backward. ${reasons.map((warning) => warningText(warning, state)).join(" ")}`);
  }
  shown = { answer: answer.body, state };
  at("plan").dataset.shown = JSON.stringify(body);
  write(answer.body, state, body.limits?.[IMPULSE]);
  await loaded();
  timeline(rowsOf(answer.body), state);
}

function clear(words, errors = true) {
  if (errors) showErrors([], [...FIELDS, "plan"]);
  shown = undefined;
  delete at("plan").dataset.shown;
  say("plan-words", words);
  say("plan-knee", "");
  at("plan-answer").hidden = true;
  at("plan-safety").replaceChildren();
}

/** Whether a warning stands above the plan: those of safety, and that the four weeks are a choice. */
const above = ({ code, severity }) => severity === "safety" || code === "caution.plan_weeks_are_a_choice";

/** Say the knee-cap impulse of the session, and its limit if there is one. */
function impulseWords({ totals }, limit) {
  const found = totals.load?.[IMPULSE];
  if (!found) return "";
  const most = limit ? `, limit ${rounded(limit, found)}` : "";
  return ` Knee-cap impulse of the session: about ${rounded(found.value, found)} BW·s (${range(found)}${gradeOf(found)}${most})${coveredWords(found)}.`;
}

function write(best, state, limit) {
  const said = best.warnings.map((warning) => element("li", { class: warning.severity }, warningText(warning, state)));
  at("plan-safety").replaceChildren(...said.filter((_, place) => above(best.warnings[place])));
  at("plan-warnings").replaceChildren(
    ...said.filter((_, place) => !above(best.warnings[place]) && best.warnings[place].code.includes("plan")),
  );
  say("plan-words", `${summaryText(best, "headline", state)} Energy${gradeOf(best.totals.active_energy_kcal)}.`);
  say("plan-knee", `${summaryText(best, "knee", state)}${impulseWords(best, limit)}`);
  at("plan-answer").hidden = false;
  at("plan-weeks").hidden = !best.weeks;
  if (best.weeks)
    at("plan-weeks-table").replaceChildren(
      table(
        "The way over four weeks",
        ["Week", "Sessions", "In each session"],
        best.weeks.map((week) => [`Week ${week.week}`, String(week.sessions), repeatWords(week, best, state)]),
      ),
    );
}

/** Say the repeats of a session, for example "6 × 1:00 min backward at 8.0 km/h, then 4:00 min forward at 10.9 km/h". */
function repeatWords({ times, backward_s, forward_s, rest_s }, { bouts }, state) {
  const at = (way) => moved(bouts.find(({ direction }) => direction === way).speed_m_s, state);
  return [
    `${times} × ${lasting(backward_s)} backward at ${at("backward")}`,
    ...(forward_s >= 0.5 ? [`${lasting(forward_s)} forward at ${at("forward")}`] : []),
    ...(rest_s >= 0.5 ? [`${lasting(rest_s)} of rest`] : []),
  ].join(", then ");
}

/** Return the rows of the timeline: each week, or the session alone. */
function rowsOf({ weeks, bouts, rest_s = 0 }) {
  if (weeks) return weeks.map((week) => ({ name: `Week ${week.week}`, ...week }));
  const of = (way) => bouts.filter(({ direction }) => direction === way);
  const total = (way) => of(way).reduce((sum, bout) => sum + bout.duration_s * bout.times, 0);
  const times = of("backward")[0]?.times ?? 1;
  const each = { backward_s: total("backward") / times, forward_s: total("forward") / times, rest_s: rest_s / times };
  return [{ name: "The session", times, ...each }];
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

at("plan-start").valueAsDate = new Date(Date.now() + DAY_MS - new Date().getTimezoneOffset() * MINUTE_MS);
at("plan-calendar").addEventListener("click", () => {
  if (!shown?.answer.weeks || !at("plan-start").valueAsDate) return;
  const { answer, state } = shown;
  const sessions = answer.weeks.map((week) => ({ ...week, words: repeatWords(week, answer, state) }));
  // Without the link of the plan: a calendar is often shared, and the link has the body mass.
  const notes = [...at("plan-safety").children].map(({ textContent }) => textContent);
  const text = calendar(sessions, at("plan-start").valueAsDate, notes);
  download("retrorun-weeks.ics", new Blob([text], { type: "text/calendar" }));
});
at("plan-print").addEventListener("click", () => {
  document.body.classList.add("plan-only");
  addEventListener("afterprint", () => document.body.classList.remove("plan-only"), { once: true });
  print();
});
