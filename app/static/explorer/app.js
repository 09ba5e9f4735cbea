// The explorer: from what is typed to the service's answer, and from the answer to what is shown.
// Every number comes from the service; the page rounds, and turns units.

import { at, copy, download, element, say } from "./elements.js";
import { TYPED, fill, kindOf, listen, offerModels, placed, read, showErrors } from "./form.js";
import { ask, channel, problems, useKey } from "./request.js";
import { DEFAULTS, fragmentOf, inUnits, stateOf } from "./state.js";
import { fromSi, rounded, toSi } from "./units.js";
import { EQUAL, LOADS, OF_BACKWARD, assumedWords, headline, intervalWords, told } from "./words.js";
import { code } from "./views/code.js";
import { backwardRange, curve, speedRange, valuesTable } from "./views/curve.js";
import { pairs } from "./views/pairs.js";
import { plan } from "./views/plan.js";
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
/** Speeds at which the curve is asked for, each way. */
const SPEEDS = 13;
const SAME_GRADE = 0.005;
/** Warnings of the curve that say where measurements of backward energy end, and those of a grade that has none. */
const SLOPES = ["downhill_unmeasured", "run_uphill", "walk_uphill"].map((name) => `energy.backward_${name}`);
const ENDS = ["energy.backward_speed_beyond_measurement", "energy.backward_walk_speed", ...SLOPES];

/** How long after a key the service is asked, unless another follows. */
const TYPING_MS = 120;

let turn = 0;
let state = stateOf(location.hash);
let body;
let answer;
let seen;
let models = [];
let constants = [];
let measured = [];
/** Parts near the view. Others are drawn once they come near: before, they would keep what is in view waiting. */
const near = new Set();
/** Whether what the curve needs beside the answer is here. */
let ready = false;
const asks = { main: channel(), other: channel(), curve: channel() };

/** Body of POST /estimate, and what cannot be read. */
function bout() {
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

/** Do something, and say so while it lasts. */
async function during(act) {
  document.body.dataset.busy = String((busy += 1));
  try {
    await act();
  } finally {
    document.body.dataset.busy = String((busy -= 1));
  }
}

const update = () => during(renew);

async function renew() {
  fill(state);
  say("equal-words", EQUAL[state.equal]);
  keepFragment();
  const { made, errors } = bout();
  if (errors.length) {
    showErrors(errors, FIELDS);
    dim(true);
    return;
  }
  const found = await asks.main("/estimate", JSON.stringify(made));
  if (!found) return;
  showErrors(
    problems(found).map((problem) => placed(problem, state)),
    FIELDS,
  );
  at("key-needed").hidden = found.status !== 401;
  dim(found.status !== 200);
  if (found.status !== 200) return;
  [body, answer] = [made, found.body];
  show();
  await another();
  await plots();
  if (near.has("plan")) await plan(state, body);
}

/** The same bout with the other thing held equal, for the second sentence. */
async function another() {
  const equal = state.equal === "metabolic_rate" ? "speed" : "metabolic_rate";
  const found = await asks.other("/estimate", JSON.stringify({ ...body, equal, include: ["energy", "ratio"] }));
  if (found) say("instead", headline(answer, found.status === 200 ? { [equal]: found.body } : {}, state).instead);
}

/** What is shown is not what is asked for. */
function dim(stale) {
  document.body.classList.toggle("stale", stale);
  if (stale && !answer) say("big", "No answer yet");
}

function show() {
  const { big, lead, range } = headline(answer, {}, state);
  say("big", big);
  say("lead", lead);
  say("range", range);
  say("interval-words", intervalWords(answer, state));
  at("numbers").replaceChildren(numbers(answer, state));
  at("warnings").replaceChildren(...answer.warnings.map((warning) => element("li", {}, told(warning, state))));
  say("assumed", assumedWords(answer));
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
    ["total_energy_kcal", "In the bout", "kcal, rest included"],
    ["energy_per_km_kcal", "Per kilometre", "kcal/km, rest included"],
  ];
  pairs(
    "energy-figure",
    `Energy: forward ${rounded(forward.total_energy_kcal.value)} kcal, backward ${rounded(backward.total_energy_kcal.value)} kcal; the table below has all of it.`,
    energy.map(([field, title, unit]) => ({ title, unit, forward: forward[field], backward: backward[field] })),
  );
  if (near.has("load-figure")) loads();
  if (ready) await drawCurve();
}

function loads() {
  const { forward, backward } = answer;
  pairs(
    "load-figure",
    "Loads forward and backward as paired bars with intervals and evidence grades; the table below has all of them.",
    LOADS.map(([field, title, unit]) => ({
      title,
      unit,
      forward: forward.load?.[field],
      backward: backward.load?.[field],
      backwardAlone: OF_BACKWARD.has(field),
    })),
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
  // Not down to the backward speed: that may be slower than any the service is asked for.
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
  // Per kilogram body mass cancels, so that the curve stays as it is while mass is dragged.
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
    say("curve-words", `The curve is not here. ${problems(found)[0].message}`);
    return;
  }
  const unmeasured = found.body.warnings.filter(({ code }) => ENDS.includes(code));
  const nowhere = points.length ? [] : ["No oxygen uptake on this slope to show."];
  say("curve-words", [...nowhere, ...unmeasured.map((warning) => told(warning, state))].join(" "));
  const { forward } = answer;
  const perOxygen =
    ((forward.total_energy_kcal.value / forward.oxygen_uptake_ml_kg_min.value) * 3600) / forward.duration_s;
  const slope = unmeasured.some(({ code }) => SLOPES.includes(code));
  curve({ curve: rows, points, here, range, backward: slope ? [Infinity, 0] : backward, perOxygen, state });
  at("measured")
    .querySelector("div")
    .replaceChildren(valuesTable(points, state));
}

let writing;
function keepFragment() {
  clearTimeout(writing);
  // Browsers refuse a history that changes with every step of a drag.
  writing = setTimeout(() => history.replaceState(null, "", fragmentOf(state)), 150);
}

function changed(field, text, si) {
  if (field === "units") state = inUnits(state, text);
  else if (si !== undefined) state = { ...state, [field]: fromSi(kindOf(field, state), si, state.units) };
  else if (field === "moveBy" || field === "spanBy") state = turned(field, text);
  else state = { ...state, [field]: text };
  if (field === "language") {
    keepFragment();
    if (body) showCode();
  } else
    during(async () => {
      const mine = (turn += 1);
      // Half a word is no question; a drag is one at every step.
      if (TYPED.includes(field) && si === undefined) await new Promise((go) => setTimeout(go, TYPING_MS));
      if (mine !== turn) return;
      await update();
      if (field === "units") await redrawTrack(state);
    });
}

/** Pace for speed or time for distance, the other of the bout on the screen. */
function turned(field, by) {
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

/** What the page shows beside the answer, asked for once the answer is there. */
async function background() {
  const [evidence, catalogue, validation] = await Promise.all([
    ask("/evidence"),
    ask("/models"),
    ask("/validation?indicator=oxygen_uptake_ml_kg_min"),
  ]);
  if (evidence.status === 200) {
    at("claims")
      .querySelector("ul")
      .replaceChildren(
        ...evidence.body.claims.map((claim) =>
          element("li", {}, element("b", {}, claim.claim), ` ${claim.finding} Grade: ${claim.evidence}.`),
        ),
      );
  }
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
    const { body_mass_kg, direction_model, interval, gait } = bout().made;
    return { body_mass_kg, direction_model, interval, ...(gait ? { gait } : {}) };
  },
  () => state,
);
/** Show another state: every field too, as a phone leaves the caret in the field typed in. */
function follow(next) {
  state = next;
  fill(state, true);
  update();
}

at("reset").addEventListener("click", () => follow({ ...DEFAULTS }));
// Its target is no state: the address keeps the run.
document.querySelector(".skip").addEventListener("click", (event) => {
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
  () => answer && download("retrorun.csv", new Blob([csv(cautioned(answerRows(answer), ofLoad))], { type: "text/csv" })),
);
at("key-needed").addEventListener("submit", () => {
  useKey(at("api-key").value.trim());
  during(() => update().then(background));
});
addEventListener("hashchange", () => {
  if (location.hash !== fragmentOf(state)) follow(stateOf(location.hash));
});
at("more").open = matchMedia("(min-width: 60rem)").matches || location.hash.match(/grade|gait|model|interval/) !== null;
const whenNear = (id, act) =>
  new IntersectionObserver(
    ([entry]) => {
      if (!entry.isIntersecting) return near.delete(id);
      near.add(id);
      if (answer) during(act);
    },
    { rootMargin: "200px" },
  ).observe(at(id));
whenNear("plan", () => plan(state, body));
whenNear("load-figure", () => loaded().then(loads));
addEventListener("beforeprint", () => {
  if (at("energy-figure").rows) loads();
});
let width = document.body.clientWidth;
new ResizeObserver(() => {
  if (document.body.clientWidth === width || !answer) return;
  width = document.body.clientWidth;
  cancelAnimationFrame(seen);
  seen = requestAnimationFrame(() =>
    during(async () => {
      await plots();
      if (near.has("plan")) await plan(state, body);
      await redrawTrack(state);
    }),
  );
}).observe(document.body);
during(() => update().then(background));
