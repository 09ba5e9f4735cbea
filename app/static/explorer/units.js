// Converts between SI and the units that people read. The numbers here define units.

import { HOUR_S, KG, METRES, MINUTE_S, UNITS, clockText, understood } from "./typed.js";

export { KG, METRES, understood };

const SYSTEMS = ["metric", "imperial"];
/** The name of each unit, by system and kind. */
export const NAMES = Object.fromEntries(
  SYSTEMS.map((system) => [system, Object.fromEntries(["mass", "distance", "speed", "pace", "stretch"].map((kind) => [kind, UNITS[kind][system]]))]),
);

/** Read a number with a decimal point or comma; NaN if it is not a number. */
export function number(text) {
  const plain = text.trim().replace(",", ".").replace("−", "-");
  return /^[-+]?(\d+\.?\d*|\.\d+)$/.test(plain) ? Number(plain) : NaN;
}

/** Read seconds as on a watch, from 40 (minutes), 40:00 or 1:10:00; NaN if it is not a time. */
export function seconds(text) {
  const parts = text.trim().split(":");
  if (parts.length === 1) return number(text) * MINUTE_S;
  if (parts.length > 3 || !/^\d+$/.test(parts[0])) return NaN;
  if (!parts.slice(1).every((part) => /^[0-5]\d([.,]\d+)?$/.test(part))) return NaN;
  return parts.reduce((sum, part) => sum * MINUTE_S + number(part), 0);
}

/** Write seconds as 40:00 or 1:10:00. */
export function clock(value) {
  const whole = Math.round(value);
  const [hours, minutes, rest] = [
    Math.floor(whole / HOUR_S),
    Math.floor((whole % HOUR_S) / MINUTE_S),
    whole % MINUTE_S,
  ];
  const pad = (part) => String(part).padStart(2, "0");
  return hours ? `${hours}:${pad(minutes)}:${pad(rest)}` : `${minutes}:${pad(rest)}`;
}

/** Write seconds as 40:00 min or 1:10:00 h. */
export const lasting = (value) => `${clock(value)}\u00a0${Math.round(value) < HOUR_S ? "min" : "h"}`;

/** Convert typed text to SI. Kinds: those of `UNITS`, and plain for a number without a unit. */
export const toSi = (kind, text, units) => (kind === "plain" ? number(text) : understood(kind, text, units).si);

/** Convert the text of a link to SI. It has two numbers of a time as m:ss, and the decimals of a pace as minutes. */
export function linkedSi(kind, text, units) {
  switch (kind) {
    case "mass":
      return number(text) * KG[units];
    case "speed":
      return (number(text) * METRES[units]) / HOUR_S;
    case "pace":
      return METRES[units] / seconds(text);
    case "time":
      return seconds(text);
    case "distance":
      return number(text) * METRES[units];
    case "grade":
      return number(text) / 100;
    default:
      return number(text);
  }
}

/** Return whether two amounts differ by arithmetic in binary at most. */
export const alike = (one, other) => Math.abs(one - other) <= 1e-12 * Math.abs(one);

/** Return a typed text for a link: as it is if a link has it with the same meaning, else with all its digits. */
export function linkText(kind, text, units) {
  const value = toSi(kind, text, units);
  if (!Number.isFinite(value) || alike(value, linkedSi(kind, text, units))) return text;
  const { size, time } = writtenIn(kind, value, units);
  const digits = Number(size.toPrecision(12));
  if (!time) return String(digits);
  const fraction = digits % 1;
  return clock(digits - fraction) + (fraction ? fraction.toFixed(6).slice(1).replace(/0+$/, "") : "");
}

/** Return the number that a field of this kind shows, how many decimals it has, and whether it is a time. */
function writtenIn(kind, value, units) {
  switch (kind) {
    case "mass":
      return { size: value / KG[units], decimals: 1 };
    case "speed":
      return { size: (value * HOUR_S) / METRES[units], decimals: 1 };
    case "pace":
      return { size: METRES[units] / value, decimals: 0, time: true };
    case "time":
      return { size: value, decimals: 0, time: true };
    case "distance":
      return { size: value / METRES[units], decimals: 2 };
    case "grade":
      return { size: value * 100, decimals: 1 };
    default:
      return { size: value, decimals: 1 };
  }
}

/** Convert SI to the text of a field. A bound, `least` or `most`, is rounded inward, so that you can type it. */
export function fromSi(kind, value, units, bound) {
  const { size, decimals, time } = writtenIn(kind, value, units);
  const scale = 10 ** decimals;
  // The least speed is the slowest pace.
  const up = bound && (bound === "least") !== (kind === "pace");
  const near = Number(size.toPrecision(12)) * scale;
  const written = bound ? (up ? Math.ceil(near - 1e-6) : Math.floor(near + 1e-6)) / scale : Number(size.toFixed(decimals));
  if (!time) return String(written);
  const text = clock(written);
  return kind === "time" && toSi("time", text, units) !== Math.round(written) ? clockText(written) : text;
}

/** Digits that are kept, of a wide range or of the width of any other; when a range is wide; most digits of a value. */
const [DIGITS, WIDE, MOST_DIGITS] = [2, 2, 3];

/** Return the number of decimals that shows so many digits of a size. */
const decimals = (size, digits) => (size ? digits - 1 - Math.floor(Math.log10(Math.abs(size))) : 0);

/**
 * Round a number by the range of its estimate, as the service does in its sentences: two digits of the value if the ends of
 * the range differ by a factor of two or more, else two digits of its width, but at most three digits of the value, and
 * three without a range. Half goes up, although 1.075 is a little less in binary.
 */
export function rounded(number, { low, high, value = (low + high) / 2 } = { low: number, high: number }) {
  const wide = (low > 0 && high >= WIDE * low) || (high < 0 && low <= WIDE * high);
  const places = wide
    ? decimals(value, DIGITS)
    : high > low
      ? Math.min(decimals(high - low, DIGITS), decimals(value, MOST_DIGITS))
      : decimals(value, MOST_DIGITS);
  const up = number * (1 + 1e-12);
  return places >= 0 ? up.toFixed(places) : String(Math.round(up / 10 ** -places) * 10 ** -places);
}

export const pace = (speed, units) => `${fromSi("pace", speed, units)}\u00a0${NAMES[units].pace}`;
export const distance = (metres, units) => `${rounded(metres / METRES[units])}\u00a0${NAMES[units].distance}`;
export const speed = (value, units) => `${((value * HOUR_S) / METRES[units]).toFixed(1)}\u00a0${NAMES[units].speed}`;

/** Lowest speed that the service accepts [m/s]. A lower end of a range is no speed that anybody goes. */
export const SLOWEST_M_S = 0.2;

/** Write a speed as pace or speed, as the reader chose; unknown if nobody goes so slowly. */
export const moved = (value, { units, moveBy }) =>
  value < SLOWEST_M_S ? "unknown" : (moveBy === "pace" ? pace : speed)(value, units);

/** Write the two ends of a range, the smaller first, with one unit. */
export function movedRange({ low, high }, { units, moveBy }) {
  if (moveBy === "pace") return `${fromSi("pace", high, units)} to ${moved(low, { units, moveBy })}`;
  if (low < SLOWEST_M_S) return `unknown to ${speed(high, units)}`;
  return `${speed(low, units).split("\u00a0")[0]} to ${speed(high, units)}`;
}

const SPOKEN = /(?<![\w.])(-?\d+(?:\.\d+)?)( to )?(-?\d+(?:\.\d+)?)? (kg|m\/s|m|s)(?![\w/·])/g;
const KINDS = { kg: "mass", "m/s": "speed", m: "distance", s: "time" };

/** Return a sentence of the service with its SI numbers in the reader's units; `paced` adds the pace to each speed. */
export const inReadersUnits = (text, units, paced = false) =>
  text.replace(SPOKEN, (whole, low, to = "", high, unit) => {
    // A short time is in seconds for everybody.
    if (!to !== !high || (unit === "s" && !(Number(high ?? low) >= MINUTE_S))) return whole;
    const as = (kind) => {
      const numbers = [low, high].filter(Boolean).map((digits) => (kind === "time" ? clock(digits) : fromSi(kind, Number(digits), units)));
      return [numbers.join(to), NAMES[units][kind]].filter(Boolean).join(" ");
    };
    return as(KINDS[unit]) + (paced && KINDS[unit] === "speed" ? ` (${as("pace")})` : "");
  });

export const range = (found) => `${rounded(found.low, found)}–${rounded(found.high, found)}`;

/** Return a ratio as a change in whole percent, a half up, although 1.075 is a little less in binary. */
export const percentOf = (ratio) => Math.round((ratio * (1 + 1e-12) - 1) * 100);

/** Write a ratio as a change in percent, with its sign. */
export function change(ratio) {
  const percent = percentOf(ratio);
  return percent < 0 ? `−${-percent}\u00a0%` : `+${percent}\u00a0%`;
}
