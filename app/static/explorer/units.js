// Converts between SI and the units that people read. The numbers here define units.

export const KG = { metric: 1, imperial: 0.45359237 };
export const METRES = { metric: 1000, imperial: 1609.344 };
const HOUR_S = 3600;
const MINUTE_S = 60;

export const NAMES = {
  metric: { mass: "kg", distance: "km", speed: "km/h", pace: "/km" },
  imperial: { mass: "lb", distance: "mi", speed: "mph", pace: "/mi" },
};

/** Read a number with a decimal point or comma; NaN if it is not a number. */
export function number(text) {
  const plain = text.trim().replace(",", ".").replace("−", "-");
  return /^[-+]?(\d+\.?\d*|\.\d+)$/.test(plain) ? Number(plain) : NaN;
}

/** Read seconds from 40 (minutes), 40:00 or 1:10:00; NaN if it is not a time. */
export function seconds(text) {
  const parts = text.trim().split(":");
  if (parts.length === 1) return number(text) * MINUTE_S;
  if (parts.length > 3 || !parts.every((part) => /^\d+([.,]\d+)?$/.test(part))) return NaN;
  if (parts.slice(1).some((part) => number(part) >= MINUTE_S)) return NaN;
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

/** Convert typed text to SI. Kinds: mass, speed, pace, time, distance, grade, plain. */
export function toSi(kind, text, units) {
  const value = number(text);
  switch (kind) {
    case "mass":
      return value * KG[units];
    case "speed":
      return (value * METRES[units]) / HOUR_S;
    case "pace":
      return METRES[units] / seconds(text);
    case "time":
      return seconds(text);
    case "distance":
      return value * METRES[units];
    case "grade":
      return value / 100;
    default:
      return value;
  }
}

/** Convert SI to the text of a field. */
export function fromSi(kind, value, units) {
  switch (kind) {
    case "mass":
      return short(value / KG[units], 1);
    case "speed":
      return short((value * HOUR_S) / METRES[units], 1);
    case "pace":
      return clock(METRES[units] / value);
    case "time":
      return clock(value);
    case "distance":
      return short(value / METRES[units], 2);
    case "grade":
      return short(value * 100, 1);
    default:
      return short(value, 1);
  }
}

function short(value, decimals) {
  return String(Number(value.toFixed(decimals)));
}

/** Round to three significant digits, but keep every digit before the point. Half goes up, although 1.075 is a little less in binary. */
export function rounded(value) {
  const size = Math.abs(value);
  if (size >= 100) return String(Math.round(value));
  return (value * (1 + 1e-12)).toFixed(size >= 10 ? 1 : 2);
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
    if (!to !== !high) return whole;
    const as = (kind) => {
      const numbers = [low, high].filter(Boolean).map((digits) => fromSi(kind, Number(digits), units));
      return [numbers.join(to), NAMES[units][kind]].filter(Boolean).join(" ");
    };
    return as(KINDS[unit]) + (paced && KINDS[unit] === "speed" ? ` (${as("pace")})` : "");
  });

export const range = ({ low, high }) => `${rounded(low)}–${rounded(high)}`;

/** Write a ratio as a change in percent, with its sign. */
export function change(ratio) {
  const percent = Math.round((ratio - 1) * 100);
  return percent < 0 ? `−${-percent}\u00a0%` : `+${percent}\u00a0%`;
}
