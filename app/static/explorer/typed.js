// Reads typed numbers, exactly as app/cli/units.py does. tests/typed_numbers.csv has examples. The numbers here define units.

export const KG = { metric: 1, imperial: 0.45359237 };
export const METRES = { metric: 1000, imperial: 1609.344 };
export const HOUR_S = 3600;
export const MINUTE_S = 60;
const YARD_M = 0.9144;
const STONE_KG = 14 * KG.imperial;

/** The unit of a field, which a number without a unit has. */
export const UNITS = {
  mass: { metric: "kg", imperial: "lb" },
  pace: { metric: "/km", imperial: "/mi" },
  speed: { metric: "km/h", imperial: "mph" },
  distance: { metric: "km", imperial: "mi" },
  time: { metric: "min", imperial: "min" },
  moment: { metric: "min", imperial: "min" },
  stretch: { metric: "s", imperial: "s" },
  grade: { metric: "%", imperial: "%" },
  energy: { metric: "kcal", imperial: "kcal" },
  impulse: { metric: "BW·s", imperial: "BW·s" },
};

/** Make a scale of sizes by names; `smaller` is the unit of a last number without one; `counted` the largest counted in thousands. */
const scale = (units, { smaller = new Map(), counted = 1 } = {}) => ({
  sizes: new Map(Object.entries(units).flatMap(([names, size]) => names.split(" ").map((name) => [name, size]))),
  smaller,
  counted,
});
const MASS = scale(
  { "kg kgs kilogram kilograms": 1, "lb lbs pound pounds": KG.imperial, "st stone": STONE_KG },
  { smaller: new Map([[STONE_KG, KG.imperial]]), counted: 0 },
);
const TIME = scale(
  { "h hr hrs hour hours": HOUR_S, "min mins minute minutes m '": MINUTE_S, 's sec secs second seconds "': 1 },
  { smaller: new Map([[HOUR_S, MINUTE_S], [MINUTE_S, 1]]) },
);
const DISTANCE = scale({
  "m meter meters metre metres": 1,
  "km k kms kilometer kilometers kilometre kilometres": METRES.metric,
  "yd yds yard yards": YARD_M,
  "mi mile miles": METRES.imperial,
});
/** In metres per hour, so that 28.8 km/h is exactly 8 m/s. */
const SPEED = scale({ "m/s": HOUR_S, "km/h kmh kph": METRES.metric, "mph mi/h": METRES.imperial }, { counted: 0 });
const ENERGY = scale({ kcal: 1 });
const IMPULSE = scale({ "bw·s bws bw*s": 1 });

const SPACE = /[\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+/g;
const NUMBER = "(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)";
const whole = (pattern) => new RegExp(`^(?:${pattern})$`);
const BARE = whole(`[+-]? ?${NUMBER}`);
const SHARE = whole(`([+-]?) ?(${NUMBER}) ?(%?)`);
const PART = new RegExp(`(${NUMBER}) ?([^0-9., ]*) ?`, "y");
const THOUSANDS = whole("[1-9][0-9]{0,2},[0-9]{3}");
const CLOCK = whole("([0-9]+):([0-5][0-9]):([0-5][0-9](?:[.,][0-9]+)?)(?: ?(?:h|hr|hrs|hour|hours))?");
const PAIR = whole("([0-9]+):([0-5][0-9])([.,][0-9]+)? ?([a-z]*)");
const PACE = whole("([0-9]+)(?::([0-5][0-9](?:[.,][0-9]+)?)|[.,]([0-5][0-9]))(?: ?(?:m|min|mins|minute|minutes|'))?");
const PLAIN_PACE = whole("[0-9]+:[0-5][0-9](?: ?min)?");
/** Two numbers of a clock are h:mm if the first is at most this, else mm:ss. */
const HOURS_HIGH = 3;

/** Return a text in lower case, with one form of each space, minus sign and prime. */
const plain = (text) =>
  text
    .toLowerCase()
    .replace(SPACE, " ")
    .replace(/^ | $/g, "")
    .replaceAll("−", "-")
    .replace(/[\u2018\u2019\u2032\u02b9\u00b4`]/g, "'")
    .replaceAll("''", '"')
    .replace(/[\u201c\u201d\u2033\u02ba]/g, '"')
    .replace(/ ?\/ ?/g, "/");

/** Read a number with a decimal point or comma. A comma that can separate thousands gives NaN. */
const decimal = (text, counted = false) =>
  THOUSANDS.test(text) && (counted || text.endsWith(",000")) ? NaN : Number(text.replace(",", "."));

/** Add up numbers with units. All but the last are whole, and each unit is smaller than the one before. */
function sum(text, { sizes, smaller, counted }) {
  let [amount, last] = [0, undefined];
  let integral = true;
  for (PART.lastIndex = 0; PART.lastIndex < text.length; ) {
    const part = PART.exec(text);
    if (!part || !integral) return NaN;
    const size = sizes.get(part[2]) ?? (part[2] ? undefined : smaller.get(last));
    if (size === undefined || size >= last) return NaN;
    const number = decimal(part[1], size <= counted);
    if (!Number.isFinite(number) || number * size >= last) return NaN;
    [amount, last, integral] = [amount + number * size, size, Number.isInteger(number)];
  }
  return last === undefined ? NaN : amount;
}

/** Read h:mm:ss; undefined for another text. */
function clockSeconds(text) {
  const clock = CLOCK.exec(text);
  return clock ? Number(clock[1]) * HOUR_S + Number(clock[2]) * MINUTE_S + decimal(clock[3]) : undefined;
}

/** Read a time. Two numbers are h:mm if the first is at most `HOURS_HIGH`, else mm:ss. */
function time(text) {
  const pair = PAIR.exec(text);
  if (!pair) return { si: clockSeconds(text) ?? sum(text, TIME) };
  const [first, second, fraction, name] = [Number(pair[1]), Number(pair[2]), pair[3], pair[4]];
  const size = TIME.sizes.get(name);
  const minutes = first * MINUTE_S + second + (fraction ? decimal(fraction) : 0);
  const hours = first * HOUR_S + second * MINUTE_S;
  if (size === MINUTE_S || (fraction && !name)) return { si: minutes };
  if (size === HOUR_S && !fraction) return { si: hours };
  if (name) return { si: NaN };
  const [si, other] = first > HOURS_HIGH ? [minutes, hours] : [hours, minutes];
  return { si, echo: timeText(si), other: timeText(other), instead: clockText(other) };
}

/** Read a time in minutes and seconds, as of a pace or on a watch. Two digits up to 59 after a colon, point or comma are seconds. */
function minuteSeconds(text) {
  const pair = PACE.exec(text);
  if (pair) return Number(pair[1]) * MINUTE_S + decimal(pair[2] ?? pair[3]);
  return clockSeconds(text) ?? sum(BARE.test(text) ? `${text}min` : text, TIME);
}

function speed(text) {
  const at = text.lastIndexOf("/");
  const length = DISTANCE.sizes.get(text.slice(at + 1));
  if (at < 1 || length === undefined) return { si: sum(text, SPEED) / HOUR_S };
  const pace = minuteSeconds(text.slice(0, at));
  if (PLAIN_PACE.test(text.slice(0, at))) return { si: length / pace };
  const per = length === METRES.imperial ? "imperial" : "metric";
  return { si: length / pace, echo: `${minutesText((pace * METRES[per]) / length)} ${UNITS.pace[per]}` };
}

function share(text) {
  const [, sign, number, percent] = SHARE.exec(text) ?? [];
  if (number === undefined) return { si: NaN };
  const amount = decimal(number) / (percent ? 100 : 1);
  return { si: sign === "-" ? -amount : amount };
}

const READERS = {
  mass: (text) => ({ si: sum(text, MASS) }),
  pace: speed,
  speed,
  time,
  moment: (text) => ({ si: minuteSeconds(text) }),
  // "100 m" can be metres too, and nobody should go backward for so many minutes.
  stretch: (text) => ({ si: /\d ?m$/.test(text) ? NaN : minuteSeconds(text) }),
  distance: (text) => ({ si: sum(text, DISTANCE) }),
  grade: share,
  energy: (text) => ({ si: sum(text, ENERGY) }),
  impulse: (text) => ({ si: sum(text, IMPULSE) }),
};

/**
 * Read typed text: `si`, or NaN; `echo` how it was understood if it has several readings or is an unusual form of a
 * pace; `other` the other reading of a time such as 1:30, and `instead` a text with only that reading.
 */
export function understood(kind, text, units) {
  const unit = UNITS[kind][units].toLowerCase();
  const said = plain(text);
  const paced = kind === "pace" && !said.includes("/") && !SPEED.sizes.has(said.replace(/[0-9., ]/g, ""));
  const reading = READERS[kind](paced || BARE.test(said) ? said + unit : said);
  return Number.isFinite(reading.si) ? { echo: "", other: "", instead: "", ...reading } : { si: NaN, echo: "", other: "", instead: "" };
}

/** Return the nearest whole number, a half up, although a fraction in binary may be a little less. */
const nearest = (value) => Math.floor(value + 0.5 + 1e-9);
const pad = (part) => String(part).padStart(2, "0");

function minutesText(value) {
  const seconds = nearest(value);
  return `${Math.floor(seconds / MINUTE_S)}:${pad(seconds % MINUTE_S)}`;
}

/** Write seconds as h:mm:ss, which has one reading. */
export function clockText(value) {
  const seconds = nearest(value);
  return `${Math.floor(seconds / HOUR_S)}:${pad(Math.floor((seconds % HOUR_S) / MINUTE_S))}:${pad(seconds % MINUTE_S)}`;
}

/** Write whole seconds in words, as 1 h 30 min. */
function timeText(value) {
  const parts = [
    [Math.floor(value / HOUR_S), "h"],
    [Math.floor((value % HOUR_S) / MINUTE_S), "min"],
    [value % MINUTE_S, "s"],
  ].filter(([count]) => count);
  return parts.map(([count, unit]) => `${count} ${unit}`).join(" ") || "0 s";
}
