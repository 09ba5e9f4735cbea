// The state: all choices, kept in the fragment of the address. That is the part after #, which no server sees.

import { alike, fromSi, linkText, linkedSi, toSi } from "./units.js";

const VERSION = "1";

export const DEFAULTS = {
  units: "metric",
  mass: "70",
  moveBy: "pace",
  move: "5:30",
  spanBy: "time",
  span: "40:00",
  grade: "0",
  gait: "auto",
  equal: "speed",
  energy_model: "auto",
  direction_model: "documented",
  interval: "0.9",
  part: "knee",
  axis: "energy",
  language: "curl",
  experience: "never",
  place: "path",
  planTime: "30:00",
  planStretch: "60",
  planBackward: "",
  planKnee: "none",
  planUsual: "20:00",
};

/** Allowed values of each choice; other values in a link are ignored. */
const CHOICES = {
  gait: /^(auto|run|walk)$/,
  equal: /^(metabolic_rate|speed|heart_rate|perceived_exertion)$/,
  energy_model: /^[a-z0-9]{1,20}$/,
  direction_model: /^(documented|pooled)$/,
  interval: /^0\.(5|8|9|95)$/,
  part: /^(knee|calf|body)$/,
  axis: /^(energy|oxygen)$/,
  language: /^(curl|python|javascript)$/,
  experience: /^(never|weeks|months)$/,
  place: /^(path|track|treadmill)$/,
  planKnee: /^(none|same|half)$/,
};

/** Fields with a unit: the key in the link, the field, the kind, and the unit in each system. */
const MEASURED = [
  ["mass", "mass", "mass", { metric: "kg", imperial: "lb" }],
  ["pace", "move", "pace", { metric: "/km", imperial: "/mi" }],
  ["speed", "move", "speed", { metric: "km/h", imperial: "mph" }],
  ["time", "span", "time", { metric: "", imperial: "" }],
  ["distance", "span", "distance", { metric: "km", imperial: "mi" }],
  ["grade", "grade", "grade", { metric: "percent", imperial: "percent" }],
  ["plan_time", "planTime", "time", { metric: "", imperial: "" }],
  ["plan_stretch", "planStretch", "stretch", { metric: "s", imperial: "s" }],
  ["plan_backward", "planBackward", "speed", { metric: "km/h", imperial: "mph" }],
  ["plan_usual", "planUsual", "time", { metric: "", imperial: "" }],
];
const BY = { pace: "moveBy", speed: "moveBy", time: "spanBy", distance: "spanBy" };
const ALWAYS = new Set(["mass", "pace", "speed", "time", "distance"]);

const used = (key, state) => !(key in BY) || state[BY[key]] === key;

/** Convert the fields with a unit to the other system. */
export function inUnits(state, units) {
  if (state.units === units) return state;
  const converted = { ...state, units };
  for (const [key, field, kind] of MEASURED) {
    const value = toSi(kind, state[field], state.units);
    if (used(key, state) && Number.isFinite(value)) converted[field] = fromSi(kind, value, units);
  }
  return converted;
}

/** Write the state as a fragment, for example `#v=1&mass=70kg&pace=5:30/km&time=40:00`. */
export function fragmentOf(state) {
  const home = inUnits(DEFAULTS, state.units);
  const pairs = [["v", VERSION]];
  for (const [key, field, kind, suffix] of MEASURED) {
    const changed = ALWAYS.has(key) || state[field] !== home[field];
    if (used(key, state) && changed) pairs.push([key, linkText(kind, state[field], state.units) + suffix[state.units]]);
  }
  for (const key of Object.keys(CHOICES)) if (state[key] !== DEFAULTS[key]) pairs.push([key, state[key]]);
  const written = (text) => encodeURIComponent(text).replaceAll("%3A", ":").replaceAll("%2F", "/");
  return `#${pairs.map(([key, value]) => `${key}=${written(value)}`).join("&")}`;
}

/** Read the state from a fragment. Missing or invalid values get the default; an unknown version gets all defaults. */
export function stateOf(fragment) {
  const said = new Map();
  for (const pair of fragment.replace(/^#/, "").split("&")) {
    const at = pair.indexOf("=");
    try {
      if (at > 0) said.set(pair.slice(0, at), decodeURIComponent(pair.slice(at + 1)));
    } catch {
      /* not percent-encoded text: ignore it */
    }
  }
  if (said.has("v") && said.get("v") !== VERSION) return { ...DEFAULTS };
  const imperial = [...said].some(([key, value]) => key === "mass" && value.endsWith("lb"));
  const state = { ...inUnits(DEFAULTS, imperial ? "imperial" : "metric") };
  for (const [key, pattern] of Object.entries(CHOICES))
    if (pattern.test(said.get(key) ?? "")) state[key] = said.get(key);
  for (const [key, field, kind, suffix] of MEASURED) {
    const value = said.get(key);
    if (value === undefined || value.length > 20) continue;
    const other = Object.keys(suffix).find(
      (name) => name !== state.units && suffix[name] && value.endsWith(suffix[name]),
    );
    const from = other && suffix[other] !== suffix[state.units] ? other : state.units;
    const text = value.endsWith(suffix[from]) ? value.slice(0, value.length - suffix[from].length) : value;
    const si = linkedSi(kind, text, from);
    const same = from === state.units && alike(si, toSi(kind, text, from));
    state[field] = same || !Number.isFinite(si) ? text : fromSi(kind, si, state.units);
    if (key in BY) state[BY[key]] = key;
  }
  return state;
}
