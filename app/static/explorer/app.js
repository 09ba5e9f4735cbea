// The explorer: sends the fields to the service and shows its answer.
// Every number comes from the service. The page only rounds and converts units.

import { at, copy, download, element, offerUndo, say } from "./elements.js";
import { TYPED, fill, kindOf, listen, offerModels, pick, placed, read, showErrors } from "./form.js";
import { ask, channel, openWithKey, problems, useKey } from "./request.js";
import { asRead, long } from "./quantities.js";
import { DEFAULTS, fragmentOf, inUnits, stateOf } from "./state.js";
import { fromSi, inReadersUnits, rounded, toSi } from "./units.js";
import { LOADS, OF_BACKWARD, assumedWords, intervalWords, plain, warningText } from "./words.js";
import { about, described, lines, remember } from "./views/about.js";
import { card, part, tabs, unknown } from "./views/card.js";
import { code } from "./views/code.js";
import { backwardRange, curve, speedRange, valuesTable } from "./views/curve.js";
import { pairs } from "./views/pairs.js";
import { loaded } from "./views/plots.js";
import { answerRows, cautioned, csv, numbers, ofLoad } from "./views/table.js";
import { listenTrack, redrawTrack } from "./views/track.js";

const FIELDS = [
  "mass",
  "move",
  "span",
  "grade",
  "gait",
  "equal",
  "energy_model",
  "direction_model",
  "interval",
  "whole",
];
/** Number of speeds of the curve, in each direction. */
const SPEEDS = 13;
const SAME_GRADE = 0.005;
/** Warnings that say where measurements of backward energy end: on slopes without any, and at speeds. */
const SLOPES = ["downhill_unmeasured", "run_uphill", "walk_uphill"].map((name) => `energy.backward_${name}`);
const ENDS = ["energy.backward_speed_beyond_measurement", "energy.backward_walk_speed", ...SLOPES];

/** Time from the last key to the request. */
const TYPING_MS = 120;

/** The latest speed of each gait. */
const moves = { run: toSi("pace", "5:30", "metric"), walk: toSi("pace", "12:00", "metric") };

let turn = 0;
let state = stateOf(location.hash);
let body;
let answer;
let seen;
let claims = [];
let models = [];
let constants = [];
let measured = [];
/** Parts near the view. Other parts are drawn later, so that they do not delay these. */
const near = new Set();
/** Whether the data that the curve needs beside the answer have arrived. */
let ready = false;
const asks = { main: channel(), other: channel(), curve: channel() };

/** Return the body of POST /estimate, and errors of fields that cannot be read. */
function estimateBody() {
  const { values, errors } = read(["mass", "move", "span", "grade"], state);
  const made = {
    body_mass_kg: values.mass,
    speed_m_s: values.move,
    [state.spanBy === "time" ? "duration_s" : "distance_m"]: values.span,
    equal: state.equal,
    interval: Number(state.interval),
    direction_model: state.direction_model,
  };
  if (values.grade !== 0) made.grade = values.grade;
  if (state.gait !== "auto") made.gait = state.gait;
  if (state.energy_model !== "auto") made.energy_model = state.energy_model;
  return { made, errors };
}

let busy = 0;

/** Run an action and mark the page as busy meanwhile. */
async function whileBusy(act) {
  document.body.dataset.busy = String((busy += 1));
  try {
    await act();
  } finally {
    document.body.dataset.busy = String((busy -= 1));
  }
}

const update = () => whileBusy(renew);

async function renew() {
  fill(state);
  keepFragment();
  const { made, errors } = estimateBody();
  if (errors.length) {
    showErrors(errors, FIELDS);
    markStale(true);
    return;
  }
  const found = await asks.main("/estimate", JSON.stringify({ ...made, view: "full" }));
  if (!found) return;
  showErrors(
    problems(found).map((problem) => placed(problem, state)),
    FIELDS,
  );
  at("key-needed").hidden = found.status !== 401;
  markStale(found.status !== 200);
  const none = problems(found).find(({ code }) => code === "no_equal_speed");
  if (none) unknown(plain(inReadersUnits(none.message, state.units)));
  if (found.status !== 200) return;
  [body, answer] = [made, found.body];
  show();
  await otherComparison();
  await plots();
  if (near.has("plan")) await plan();
}

/** Show the plan of the run. Its code is loaded when it is near for the first time. */
async function plan() {
  const coach = await import("./views/plan.js");
  await coach.plan(state, body, answer.gait);
}

/** Fetch the other comparison of the same run, for its tab. */
async function otherComparison() {
  const equal = state.equal === "speed" ? "metabolic_rate" : "speed";
  const found = await asks.other("/estimate", JSON.stringify({ ...body, equal, include: ["energy", "ratio"] }));
  if (found) tabs({ [state.equal]: answer, [equal]: found.status === 200 ? found.body : undefined }, state);
}

/** Mark the answer on the screen as older than the fields. */
function markStale(stale) {
  document.body.classList.toggle("stale", stale);
  if (stale && !answer) say("big", "No answer yet");
}

function show() {
  remember(state, body, answer);
  pick("gait", answer.gait);
  card(answer, state);
  say("interval-words", intervalWords(answer, state));
  at("numbers").replaceChildren(numbers(answer, state, body.body_mass_kg));
  at("warnings").replaceChildren(...answer.warnings.map((warning) => element("li", { class: warning.severity }, warningText(warning, state))));
  say("assumed", assumedWords(answer, state));
  showClaims();
  say("version", `RetroRun ${answer.models.version}, models ${answer.models.hash}`);
  showCode();
  offerModels(models, answer.gait, state.energy_model);
  document.body.dataset.shown = JSON.stringify(body);
}

const showCode = () => say("code", code(state.language, "/estimate", body));

async function plots() {
  await loaded();
  const { forward, backward } = answer;
  const energy = [
    ["total_energy_kcal", "In total", "kcal"],
    ["energy_per_km_kcal", `Per ${long(state)}`, "kcal/km"],
  ];
  pairs(
    "energy-figure",
    `Energy: ${["forward", "backward"].map((way) => `${way} ${rounded(answer[way].total_energy_kcal.value, answer[way].total_energy_kcal)} kcal`).join(", ")}. The table below has all numbers.`,
    energy.map(([field, title, kcal]) => {
      const { unit, of } = asRead(field, title, kcal, state, body.body_mass_kg);
      return { title, unit: `${unit}, including rest`, forward: of(forward[field]), backward: of(backward[field]) };
    }),
  );
  if (near.has("load-figure")) loads();
  if (ready) await drawCurve();
}

function loads() {
  const { forward, backward } = answer;
  const [drawn, missing] = [[], []];
  for (const row of LOADS) (forward.load?.[row[0]] || backward.load?.[row[0]] ? drawn : missing).push(row);
  at("load-figure").hidden = !drawn.length;
  const read = ([field, name, unit]) => asRead(field, name, unit, state, body.body_mass_kg);
  const names = missing.map((row) => read(row).name.replace(/^(?!Achilles)./, (first) => first.toLowerCase()));
  say("load-unknown", names.length ? `Unknown in both directions: ${names.join("; ")}.` : "");
  if (!drawn.length) return;
  pairs(
    "load-figure",
    "Loads forward and backward as paired bars with ranges and evidence grades. The table below has all numbers.",
    drawn.map((row) => {
      const [field] = row;
      const { name, unit, of } = read(row);
      const [there, back] = [forward, backward].map(({ load }) => of(load?.[field]));
      return { title: name, unit, forward: there, backward: back, onlyBackward: OF_BACKWARD.has(field) };
    }),
    true,
  );
}

async function drawCurve() {
  const grade = body.grade ?? 0;
  const range = speedRange(answer, models);
  const backward = backwardRange(answer, range, constants);
  const here = ["forward", "backward"]
    .filter((way) => answer[way].speed_m_s)
    .map((way) => ({
      way,
      speed: answer[way].speed_m_s.value,
      oxygen: answer[way].oxygen_uptake_ml_kg_min.value,
    }));
  const points = measured.filter((point) => point.gait === answer.gait && Math.abs(point.grade - grade) < SAME_GRADE);
  // Without the backward speed: it may be below the lowest speed that the service accepts.
  const shown = [answer.forward.speed_m_s.value, ...range, ...points.map(({ speed }) => speed)];
  const [low, high] = [Math.min(...shown), Math.max(...shown)];
  const even = Array.from({ length: SPEEDS }, (_, place) => low + ((high - low) * place) / (SPEEDS - 1));
  const ends = backward.filter((speed) => speed >= low && speed <= high);
  const speeds = [...new Set([...even, ...ends])].sort((one, other) => one - other);
  const segments = speeds.flatMap((speed) =>
    ["forward", "backward"].map((direction) => ({
      direction,
      gait: answer.gait,
      speed_m_s: speed,
      duration_s: 60,
      grade,
    })),
  );
  // Body mass cancels per kilogram, so any mass gives the same curve.
  const said = {
    body_mass_kg: toSi("mass", DEFAULTS.mass, "metric"),
    segments,
    include: ["segments"],
    interval: body.interval,
    direction_model: body.direction_model,
    energy_models: { [answer.gait]: answer.models.energy_model },
  };
  const found = await asks.curve("/workout", JSON.stringify(said));
  if (!found) return;
  const rows =
    found.status === 200
      ? found.body.segments.map((segment) => ({
          way: segment.direction,
          speed: segment.speed_m_s.value,
          oxygen: segment.oxygen_uptake_ml_kg_min.value,
          low: segment.oxygen_uptake_ml_kg_min.low,
          high: segment.oxygen_uptake_ml_kg_min.high,
        }))
      : [];
  at("curve-figure").hidden = !rows.length;
  at("measured").hidden = !rows.length;
  if (!rows.length) {
    say("curve-words", `The curve is missing. ${problems(found)[0].message}`);
    return;
  }
  const unmeasured = found.body.warnings.filter(({ code }) => ENDS.includes(code));
  const noPoints = points.length ? [] : ["No oxygen uptake was found for this slope."];
  const dashed = unmeasured.length ? ["Where the backward line has fine dashes:"] : [];
  say("curve-words", [...noPoints, ...dashed, ...unmeasured.map((warning) => warningText(warning, state))].join(" "));
  const { forward } = answer;
  const perOxygen =
    ((forward.total_energy_kcal.value / forward.oxygen_uptake_ml_kg_min.value) * 3600) / forward.duration_s;
  const slope = unmeasured.some(({ code }) => SLOPES.includes(code));
  curve({ curve: rows, points, here, range, backward: slope ? [Infinity, 0] : backward, perOxygen, state, mass: body.body_mass_kg });
  say("oxygen-axis", state.units === "imperial" ? "L O₂/min" : "ml O₂/kg/min");
  at("measured")
    .querySelector("div")
    .replaceChildren(valuesTable(points, state, body.body_mass_kg));
}

let writing;
function keepFragment() {
  clearTimeout(writing);
  // Browsers limit how often the history may change, and a drag has many steps.
  writing = setTimeout(() => history.replaceState(null, "", fragmentOf(state)), 150);
}

function changed(field, text, si) {
  if (field === "units") state = inUnits(state, text);
  else if (si !== undefined) state = { ...state, [field]: fromSi(kindOf(field, state), si, state.units) };
  else if (field === "moveBy" || field === "spanBy") state = switched(field, text);
  else if (field === "gait") state = inGait(text);
  else if (field === "compare") state = { ...state, equal: text === "speed" ? text : at("equal").value };
  else state = { ...state, [field]: text };
  if (field === "language" || field === "part") {
    keepFragment();
    if (body) showCode();
    if (answer) part(answer, state);
  } else
    whileBusy(async () => {
      const mine = (turn += 1);
      // Wait for the end of typing, but answer every step of a drag.
      if (TYPED.includes(field) && si === undefined) await new Promise((go) => setTimeout(go, TYPING_MS));
      if (mine !== turn) return;
      await update();
      if (field === "units") await redrawTrack(state);
    });
}

/** Switch between running and walking, each with its latest speed. */
function inGait(gait) {
  const before = state.gait === "auto" ? (answer?.gait ?? "run") : state.gait;
  if (before === gait) return { ...state, gait };
  moves[before] = toSi(state.moveBy, state.move, state.units);
  return { ...state, gait, move: fromSi(state.moveBy, moves[gait], state.units) };
}

/** Switch between pace and speed, or time and distance, and keep the run on the screen. */
function switched(field, by) {
  const next = { ...state, [field]: by };
  const of = field === "moveBy" ? "move" : "span";
  const value =
    of === "move"
      ? toSi(state.moveBy, state.move, state.units)
      : by === "time"
        ? answer?.forward.duration_s
        : answer?.forward.distance_m.value;
  if (Number.isFinite(value)) next[of] = fromSi(kindOf(of, next), value, state.units);
  return next;
}

function showClaims() {
  at("claims")
    .querySelector("ul")
    .replaceChildren(
      ...claims.map(({ claim, finding, evidence }) =>
        element("li", {}, element("b", {}, claim), ` ${inReadersUnits(finding, state.units)} Grade: ${evidence}.`),
      ),
    );
}

/** Fetch claims, equations and measurements, once the answer is there. */
async function background() {
  const [evidence, catalogue, validation] = await Promise.all([
    ask("/evidence"),
    ask("/models"),
    ask("/validation?indicator=oxygen_uptake_ml_kg_min"),
  ]);
  if (evidence.status === 200) ({ claims } = evidence.body);
  showClaims();
  if (catalogue.status === 200) ({ energy_models: models, constants } = catalogue.body);
  if (validation.status === 200) {
    const rows = new Map(validation.body.comparisons.map((row) => [`${row.table} ${row.rows} ${row.direction}`, row]));
    measured = [...rows.values()].map((row) => ({
      study: row.study,
      way: row.direction,
      gait: row.gait,
      speed: row.speed_m_s,
      grade: row.grade ?? 0,
      oxygen: row.measured,
      n: row.n,
      standing: row.standing,
    }));
  }
  ready = true;
  if (!answer) return;
  offerModels(models, answer.gait, state.energy_model);
  await loaded();
  await drawCurve();
}

listen(changed);
listenTrack(
  () => {
    const { body_mass_kg, direction_model, interval, gait } = estimateBody().made;
    return { body_mass_kg, direction_model, interval, ...(gait ? { gait } : {}) };
  },
  () => state,
);
/** Show another state in every field, also in the one with the caret: on a phone it stays there. */
function showState(next) {
  state = next;
  fill(state, true);
  update();
}

at("reset").addEventListener("click", () => {
  const before = state;
  showState({ ...DEFAULTS });
  if (fragmentOf(before) !== fragmentOf(state)) offerUndo("Started over.", () => showState(before));
});
// Move the focus without the link, which would replace the run in the address.
for (const link of document.querySelectorAll(".skip, .bar"))
  link.addEventListener("click", (event) => {
    event.preventDefault();
    at("answer-heading").focus();
  });
at("copy-link").addEventListener("click", () => {
  history.replaceState(null, "", fragmentOf(state));
  copy(location.href, "Link");
});
at("copy-code").addEventListener("click", () => copy(at("code").textContent, "Code"));
at("csv").addEventListener(
  "click",
  () =>
    answer &&
    download(
      "retrorun.csv",
      new Blob([csv(described(cautioned(answerRows(answer), ofLoad), about()))], { type: "text/csv" }),
    ),
);
openWithKey(document);
at("key-needed").addEventListener("submit", () => {
  useKey(at("api-key").value.trim());
  whileBusy(() => update().then(background));
});
addEventListener("hashchange", () => {
  if (location.hash !== fragmentOf(state)) showState(stateOf(location.hash));
});
at("more").open = matchMedia("(min-width: 60rem)").matches || location.hash.match(/grade|gait|model|interval/) !== null;
const whenNear = (id, act) =>
  new IntersectionObserver(
    ([entry]) => {
      if (!entry.isIntersecting) return near.delete(id);
      near.add(id);
      if (answer) whileBusy(act);
    },
    { rootMargin: "200px" },
  ).observe(at(id));
whenNear("plan", plan);
whenNear("load-figure", () => loaded().then(loads));
addEventListener("beforeprint", () => {
  if (answer) at("printed").replaceChildren(...lines(about()).map((line) => element("p", {}, line)));
  if (at("energy-figure").rows) loads();
});
let width = document.body.clientWidth;
new ResizeObserver(() => {
  if (document.body.clientWidth === width || !answer) return;
  width = document.body.clientWidth;
  cancelAnimationFrame(seen);
  seen = requestAnimationFrame(() =>
    whileBusy(async () => {
      await plots();
      if (near.has("plan")) await plan();
      await redrawTrack(state);
    }),
  );
}).observe(document.body);
whileBusy(() => update().then(background));
