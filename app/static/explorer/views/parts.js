// The parts of a recording that were done backward: a row with two fields for each.

import { at, element } from "../elements.js";
import { showErrors } from "../form.js";
import { clock, understood } from "../units.js";

const HOW = "Enter a time as on your watch, for example 4:00 or 1:10:00.";

let rows = [];
let made = 0;
let selected;
let changed;
/** How long the recording is. */
export let length_s = Infinity;

/** Read a time on the clock of a watch in whole seconds; NaN if it is none. A number without a unit is minutes. */
export const watchSeconds = (text) => Math.round(understood("moment", text, "metric").si);

/** Call `act` after every change of a part or of the selection. `changed` says whether a part changed. */
export function listenParts(act) {
  changed = act;
  at("part-add").addEventListener("click", () => {
    select(insert());
    selected.from.focus();
  });
  at("part-clear").addEventListener("click", () => {
    clearParts();
    at("part-add").focus();
    changed(true);
  });
  at("part-remove").addEventListener("click", () => selected && remove(selected));
}

export const setLength = (seconds) => (length_s = seconds);

/** Return the rows that can be read, with their ends in seconds; a part without an end goes to the end. */
export const readable = () =>
  rows
    .map((row) => ({ row, ...times(row) }))
    .filter(({ from_s, to_s, empty }) => !empty && from_s < to_s && from_s < length_s)
    .map((part) => ({ ...part, to_s: Math.min(part.to_s, length_s) }));

/** Return the parts as the service takes them, with the row of each, and errors of fields that cannot be read. */
export function readParts() {
  const errors = [];
  const ranges = [];
  const from = [];
  for (const row of rows) {
    const { from_s, to_s, empty } = times(row);
    if (empty) continue;
    if (Number.isNaN(from_s)) errors.push({ field: row.from.id, message: HOW });
    if (Number.isNaN(to_s)) errors.push({ field: row.until.id, message: HOW });
    ranges.push({ from_s, ...(to_s === Infinity ? {} : { to_s }) });
    from.push(row);
  }
  return { ranges, rows: from, errors };
}

/** Show the errors of fields that cannot be read, and remove the older errors. */
export const showUnreadable = (errors) => showErrors(errors, fieldsOf(rows));

/** Show an error of the service beside the row it is about, one of `asked`. Return whether it is about a part. */
export function showPartError({ pointer, message }, asked) {
  const [, place, name] = /^\/backward\/(\d+)(?:\/(from_s|to_s))?$/.exec(pointer) ?? [];
  const row = asked[place];
  if (!row) return false;
  const { from_s } = times(row);
  const late = `of the recording, ${clock(Math.floor(length_s))}.`;
  const [field, text] =
    from_s >= length_s
      ? [row.from, `This is not before the end ${late} Enter an earlier time.`]
      : name === "to_s"
        ? [row.until, `This is after the end ${late} Enter an earlier time, or leave the field empty.`]
        : name === "from_s"
          ? [row.from, message]
          : [row.until, "The end must come after the start. Enter a later time."];
  showErrors([{ field: field.id, message: text }], [field.id]);
  return true;
}

/** Add a part and merge it with those that it meets, or move one. */
export function setPart(from_s, to_s, row = insert(from_s)) {
  write(row, from_s, to_s);
  merge(row);
  select(row);
  changed(true);
}

export function clearParts() {
  rows = [];
  selected = undefined;
  at("track-parts").replaceChildren();
  showSelected();
}

/** Select a row, or none. */
export function select(row) {
  selected = row;
  for (const each of rows) {
    if (each === row) each.item.setAttribute("aria-current", "true");
    else each.item.removeAttribute("aria-current");
  }
  showSelected();
  changed(false);
}

export const selection = () => selected;

function showSelected() {
  at("part-clear").hidden = !rows.length;
}

function remove(row) {
  const place = rows.indexOf(row);
  drop(row);
  // The button is gone, so another one gets the focus; the plot may be above it and stays in view.
  ((rows[place] ?? rows.at(-1))?.remove ?? at("part-add")).focus({ preventScroll: true });
  changed(true);
}

function drop(row) {
  rows = rows.filter((each) => each !== row);
  row.item.remove();
  if (selected === row) selected = undefined;
  showSelected();
}

/** Return the ends of a row: NaN for text that is no time, Infinity for the end of the recording. */
function times(row) {
  const [from, until] = [row.from.value.trim(), row.until.value.trim()];
  const from_s = from ? watchSeconds(from) : 0;
  const to_s = !until || /^(the )?end$/i.test(until) ? Infinity : watchSeconds(until);
  const last = to_s >= Math.floor(length_s) && to_s <= Math.ceil(length_s);
  return { from_s, to_s: last ? Infinity : to_s, empty: !from && !until };
}

function write(row, from_s, to_s) {
  row.from.value = clock(from_s);
  row.until.value = to_s >= Math.floor(length_s) ? "" : clock(to_s);
}

/** Merge the parts that a row meets into it, and so on. */
function merge(row) {
  const parts = readable();
  const mine = parts.find((part) => part.row === row);
  const other = mine && parts.find((part) => part !== mine && part.from_s <= mine.to_s && part.to_s >= mine.from_s);
  if (!other) return;
  write(row, Math.min(mine.from_s, other.from_s), Math.max(mine.to_s, other.to_s));
  drop(other.row);
  merge(row);
}

const fieldsOf = (some) => some.flatMap(({ from, until }) => [from.id, until.id]);

/** Make an empty row, before the first part that begins after `from_s`. */
function insert(from_s = Infinity) {
  const number = (made += 1);
  const field = (name, label, placeholder) => {
    const id = `part-${number}-${name}`;
    const input = element("input", { id, placeholder, autocomplete: "off", "aria-describedby": `${id}-error` });
    const error = element("p", { class: "error", id: `${id}-error`, "aria-live": "polite" });
    return [input, element("div", { class: "field" }, element("label", { for: id }, label), input), error];
  };
  const [from, first, ofFrom] = field("from", "From", "0:00");
  const [until, second, ofUntil] = field("until", "until", "the end");
  const button = element("button", { type: "button", "aria-label": "Remove this part" }, "Remove");
  const item = element("li", {}, first, second, button, ofFrom, ofUntil);
  const row = { item, from, until, remove: button };
  button.addEventListener("click", () => remove(row));
  item.addEventListener("input", () => changed(true));
  item.addEventListener("focusin", () => selected !== row && select(row));
  item.addEventListener("change", ({ target }) => {
    const found = watchSeconds(target.value);
    if (Number.isFinite(found)) target.value = clock(found);
  });
  item.addEventListener("focusout", ({ relatedTarget }) => {
    if (item.contains(relatedTarget) || !rows.includes(row)) return;
    // The row with the caret stays, so that it keeps the caret.
    const next = rows.find((each) => each.item.contains(relatedTarget));
    const before = rows.length;
    merge(next && meets(row, next) ? next : row);
    if (rows.length < before) changed(true);
  });
  const later = readable().find((part) => part.from_s > from_s)?.row;
  at("track-parts").insertBefore(item, later?.item ?? null);
  rows.splice(later ? rows.indexOf(later) : rows.length, 0, row);
  showSelected();
  return row;
}

function meets(row, other) {
  const [one, two] = [row, other].map((each) => readable().find((part) => part.row === each));
  return one && two && one.from_s <= two.to_s && one.to_s >= two.from_s;
}
