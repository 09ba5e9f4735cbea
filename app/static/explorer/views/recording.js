// A recording: asks the service about it again after each change, and shows the answer.

import { at, copy, element, say } from "../elements.js";
import { placed } from "../form.js";
import { channel, problems } from "../request.js";
import { clock, distance, lasting, range, rounded } from "../units.js";
import { gradeOf, summaryText, warningText } from "../words.js";
import { drawMarks, listenMarks } from "./marks.js";
import { clearParts, length_s, listenParts, readParts, setLength, showPartError, showUnreadable } from "./parts.js";
import { loaded } from "./plots.js";
import { profile } from "./profile.js";
import { loadWords, measuredWords, shareWords, sides } from "./sides.js";

/** Time from the last change to the request: a recording takes longer than a run. */
const PAUSE_MS = 250;
const OTHER_KIND = "The service does not accept this file. Choose the GPX, TCX or FIT file of your watch.";
const TOO_LARGE = "This file is larger than the service accepts. Choose a shorter recording, or a .gz or .zip of it.";
/** Statuses of answers about the file. */
const OF_FILE = { 413: TOO_LARGE, 415: OTHER_KIND };
/** Warnings that are always open; the others are folded. */
const OPEN = /track|workout/;
const FIELDS_OF_RUN = { mass: "Body mass", gait: "Gait", interval: "Range", direction_model: "Backward ratio" };

const ask = channel();
let person;
let state;
/** The file that was opened last, until the service accepts it, and the one on the screen with its answer. */
let opened;
let held;
let shown;
/** The last request: its text, and the file that it is about. */
let sent = {};
/** In which units the answer is written. */
let written;
/** What became of the last request. */
let outcome;
let waiting;
let turn = 0;
let reading = 0;

/** Open a file. `person()` returns the fields shared with the run, `state()` the units. */
export async function open(file, personNow, stateNow) {
  if (!person) listen();
  [person, state] = [personNow, stateNow];
  const mine = (reading += 1);
  let data;
  try {
    // In memory, so that the file can be asked about again after it changed or moved.
    data = new Blob([await file.arrayBuffer()]);
  } catch {
    say("file-error", "Your browser cannot read this file. Choose it again.");
    return;
  }
  if (mine !== reading) return;
  opened = { name: file.name, data };
  await renew(true);
}

/** Draw the recording again in the current units and width. */
export async function redraw() {
  if (!shown) return;
  await loaded();
  write();
}

function listen() {
  listenParts((changed) => {
    drawMarks();
    if (!changed) return;
    // The parts are those of the recording on the screen, not of a file that was refused.
    if (held && opened?.refused) opened = undefined;
    later();
  });
  listenMarks();
  // The run can change by a field, a button or the address.
  for (const kind of ["input", "change", "click"]) document.addEventListener(kind, later);
  addEventListener("hashchange", later);
  at("track-again").addEventListener("click", () => renew(true));
  at("key-needed").addEventListener("submit", () => outcome === "failed" && renew(true));
  at("as-foot").addEventListener("click", () => {
    if (!opened) return;
    opened.asFoot = true;
    renew(true);
  });
  at("copy-share").addEventListener("click", () => copy(at("track-share").value, "Text"));
}

function later() {
  clearTimeout(waiting);
  waiting = setTimeout(() => renew(), PAUSE_MS);
  if (shown && !isSent(wanted().text)) mark("asking");
}

const isSent = (text) => text === sent.text && (opened ?? held) === sent.file;

/** Return the request as text, null if a field cannot be read, and its parts. A new file has no parts yet. */
function wanted() {
  const run = person();
  const parts = opened ? { ranges: [], rows: [], errors: [] } : readParts();
  if (parts.errors.length || !Number.isFinite(run.body_mass_kg)) return { text: null, parts };
  const backward = parts.ranges.length ? { backward: parts.ranges } : {};
  const sport = (opened ?? held)?.asFoot ? { sport: "as_foot" } : {};
  return { text: JSON.stringify({ ...run, ...backward, ...sport, include: ["profile"] }), parts };
}

/** Show whether the answer is that of the fields ("good"), a newer one is coming ("asking"), or there is none ("failed"). */
function mark(next) {
  at("track").classList.toggle("stale", Boolean(shown) && next !== "good");
  at("track").setAttribute("aria-busy", String(next === "asking"));
}

/** Ask the service, if the request is another one or `anew`. */
async function renew(anew = false) {
  clearTimeout(waiting);
  waiting = undefined;
  const file = opened ?? held;
  if (!file) return;
  const { text, parts } = wanted();
  if (text !== null && isSent(text) && !anew) {
    mark(outcome);
    if (shown && written !== unitsOf(state())) await redraw();
    return;
  }
  sent = { text, file };
  const mine = (turn += 1);
  const finish = (next) => mark((outcome = next));
  if (text === null) {
    const mass = Number.isFinite(person().body_mass_kg) ? [] : [{ pointer: "/body_mass_kg", message: "" }];
    showProblems(mass, parts);
    if (!shown) say("track-words", "");
    finish("failed");
    return;
  }
  finish("asking");
  if (!shown) say("track-words", "Reading…");
  const form = new FormData();
  form.append("request", new Blob([text], { type: "application/json" }));
  form.append("file", file.data);
  const answer = await ask("/workout/track", form);
  if (!answer || mine !== turn) return;
  at("track").hidden = answer.status === 404;
  const found = problems(answer);
  showProblems(found, parts, answer.status);
  if (found.length) {
    if (!shown) say("track-words", "");
    finish("failed");
    return;
  }
  if (file === opened) clearParts();
  [held, opened, shown] = [file, undefined, answer.body];
  setLength(Math.max(...shown.sessions.map(({ start_s = 0, recorded_s = 0 }) => start_s + recorded_s)));
  await loaded();
  if (mine !== turn) return;
  write();
  finish("good");
  if (waiting !== undefined && !isSent(wanted().text)) mark("asking");
}

/** Show each problem beside what it is about, and remove the older ones. */
function showProblems(found, { rows, errors }, status) {
  showUnreadable(errors);
  const ofFile = [];
  const others = [];
  let field;
  for (const problem of found) {
    const run = placed(problem, state());
    if (showPartError(problem, rows)) continue;
    if (problem.pointer === "/file") ofFile.push(fileWords(problem));
    else if (OF_FILE[status]) ofFile.push(OF_FILE[status]);
    else if (run.field in FIELDS_OF_RUN) {
      field = run.field;
      others.push(`${FIELDS_OF_RUN[field]}, in your run: ${at(`${field}-error`)?.textContent || run.message}`);
    } else others.push(run.message);
  }
  const kept = ofFile.length && held && opened ? ` The answer below is still that of ${held.name}.` : "";
  say("file-error", ofFile.join(" ") + kept);
  say("track-error", others.join(" "));
  if (ofFile.length) at("file").setAttribute("aria-invalid", "true");
  else at("file").removeAttribute("aria-invalid");
  if (ofFile.length && opened) opened.refused = true;
  at("as-foot").hidden = !found.some(({ code }) => code === "not_on_foot_sport");
  at("track-again").hidden = ![0, 401, 408, 429].includes(status) && !(status >= 500);
  at("track-field").hidden = !field;
  at("track-field").onclick = () => at(field)?.focus();
}

/** Say why a file was refused, without the names of the request. */
function fileWords({ code, message }) {
  if (code === "not_on_foot_sport") return message.replace(/ To answer it .*$/, "");
  if (code === "not_on_foot")
    return "Most of this recording is too fast for its gait, too steep, or jumps. Choose the recording of a walk or a run, or another gait for your run.";
  return message.replace(/\bsend\b/g, "choose").replace(/\bSend\b/g, "Choose");
}

const unitsOf = ({ units, moveBy }) => `${units} ${moveBy}`;

function write() {
  const now = state();
  written = unitsOf(now);
  const { totals, ratio, track, profile: columns, warnings } = shown;
  const grades = `Energy${gradeOf(totals.total_energy_kcal)}. Ratio${gradeOf(ratio.total_energy)}.`;
  say(
    "track-words",
    `${distance(totals.distance_m, now.units)} in ${lasting(totals.moving_duration_s)} of moving. ${summaryText(shown, "headline", now)} ${grades}`,
  );
  at("track-answer").hidden = false;
  at("track-sides").replaceChildren(sides(shown, now));
  say("track-loads", loadWords(shown));
  say("track-measured", measuredWords(shown));
  const sessions = shown.sessions.length > 1 ? shown.sessions : [];
  at("track-sessions").replaceChildren(...sessions.map((session) => sessionRow(session, now)));
  at("track-share").value = shareWords(shown, now);
  say(
    "track-report",
    `${track.points} points; ${track.removed_spikes} spikes removed, ${track.jumps} jumps, ${track.pauses} pauses (${lasting(track.paused_s)}), ` +
      `${track.gaps} gaps (${lasting(track.gap_s)}), ${lasting(track.left_out_s)} left out. ${track.smoothing}`,
  );
  const item = (warning) => element("li", { class: warning.severity }, warningText(warning, now));
  const open = ({ code, severity }) => severity === "safety" || OPEN.test(code);
  at("track-warnings").replaceChildren(...warnings.filter(open).map(item));
  const folded = warnings.filter((warning) => !open(warning));
  at("track-limits").hidden = !folded.length;
  at("track-limits").querySelector("summary").textContent = `${folded.length} more limits of these numbers`;
  at("track-limits").querySelector("ul").replaceChildren(...folded.map(item));
  if (!columns.segment_start_s.length) return;
  profile(columns, length_s, now);
  drawMarks();
}

function sessionRow({ used, sport, start_s, distance_m, total_energy_kcal }, { units }) {
  const said = [sport?.replaceAll("_", " ") ?? "sport not named"];
  if (start_s !== undefined) said.push(`begins at ${clock(start_s)}`);
  if (distance_m !== undefined) said.push(distance(distance_m, units));
  if (total_energy_kcal) said.push(`${rounded(total_energy_kcal.value, total_energy_kcal)} kcal (${range(total_energy_kcal)})`);
  if (!used) said.push("not in these numbers");
  return element("li", {}, `${said.join(", ")}.`);
}
