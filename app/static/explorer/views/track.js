// A recording of a watch: sends it to this service and shows its sums, as recorded and with directions swapped.

import { at, element, say } from "../elements.js";
import { channel, problems } from "../request.js";
import { distance, lasting, range, rounded, seconds } from "../units.js";
import { coveredWords, gradeOf, summaryText, warningText } from "../words.js";
import { loaded } from "./plots.js";
import { profile } from "./timeline.js";

let file;
let shown;
let sent;
const ask = channel();

/** Accept dropped and chosen files; `person()` returns the fields shared with the run, `state()` the units. */
export function listenTrack(person, state) {
  const drop = at("drop");
  const go = () => file && send(person(), state());
  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    file = event.dataTransfer.files[0];
    go();
  });
  at("file").addEventListener("change", ({ target }) => {
    file = target.files[0];
    go();
  });
  for (const name of ["trackFrom", "trackTo"]) at(name).addEventListener("change", go);
  // Wait until a field is left or a slider released: a recording takes longer than a run.
  at("run").addEventListener("change", () => {
    if (shown && Number.isFinite(person().body_mass_kg) && JSON.stringify(person()) !== sent) go();
  });
}

/** Draw the recording again in the current units. */
export async function redrawTrack(state) {
  if (!shown) return;
  await loaded();
  write(shown, state);
}

function backward() {
  if (!at("trackFrom").value.trim()) return {};
  const part = { from_s: seconds(at("trackFrom").value) };
  if (at("trackTo").value.trim()) part.to_s = seconds(at("trackTo").value);
  return { backward: [part] };
}

async function send(person, state) {
  const said = { ...person, ...backward(), include: ["profile"] };
  if (said.backward?.some((part) => !Object.values(part).every(Number.isFinite))) {
    say("track-error", "Enter where backward begins and ends as minutes or a time, for example 4, 4:00 or 1:10:00.");
    return;
  }
  sent = JSON.stringify(person);
  say("track-error", "");
  say("track-words", "Reading…");
  const form = new FormData();
  form.append("request", new Blob([JSON.stringify(said)], { type: "application/json" }));
  form.append("file", file);
  const answer = await ask("/workout/track", form);
  if (!answer) return;
  at("track").hidden = answer.status === 404;
  const found = problems(answer).map(({ message }) => message);
  say("track-error", found.join(" "));
  at("track-answer").hidden = found.length > 0;
  if (found.length) {
    say("track-words", "");
    return;
  }
  shown = answer.body;
  await loaded();
  write(shown, state);
}

function write(answer, state) {
  const { totals, reversed, ratio, track, profile: columns, warnings } = answer;
  const grades = `Energy${gradeOf(totals.total_energy_kcal)}. Ratio${gradeOf(ratio.total_energy)}.`;
  say(
    "track-words",
    `${distance(totals.distance_m, state.units)} in ${lasting(totals.moving_duration_s)} of moving. ${summaryText(answer, "headline", state)} ${grades}`,
  );
  say("track-loads", loads(totals.load ?? {}, reversed.load ?? {}));
  say(
    "track-report",
    `${track.points} points; ${track.removed_spikes} spikes removed, ${track.jumps} jumps, ${track.pauses} pauses (${lasting(track.paused_s)}), ` +
      `${track.gaps} gaps (${lasting(track.gap_s)}), ${lasting(track.left_out_s)} left out. ${track.smoothing}`,
  );
  at("track-warnings").replaceChildren(
    ...warnings
      .filter(({ code, severity }) => severity === "safety" || /track|workout/.test(code))
      .map((warning) => element("li", { class: warning.severity }, warningText(warning, state))),
  );
  if (columns) profile(columns, state);
}

/** Say the knee-cap impulse, the only load that adds up, as recorded and with directions swapped. */
function loads(recorded, swapped) {
  const name = "patellofemoral_impulse_per_bout_bw_s";
  const said = [
    [recorded[name], "as recorded"],
    [swapped[name], "with directions swapped"],
  ].filter(([impulse]) => impulse);
  if (!said.length) return "";
  const amounts = said.map(
    ([impulse, way]) => `${rounded(impulse.value)} BW·s (${range(impulse)}${gradeOf(impulse)}) ${way}`,
  );
  return `Knee-cap impulse of one leg: ${amounts.join(", ")}${coveredWords(said[0][0])}.`;
}
