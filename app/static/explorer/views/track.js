// A recording of a watch: takes the file. The rest is loaded with the first file, because most visits have none.

import { at, say } from "../elements.js";

let view;

/** Accept dropped and chosen files; `person()` returns the fields shared with the run, `state()` the units. */
export function listenTrack(person, state) {
  const drop = at("drop");
  const open = async ([file]) => {
    if (!file) return;
    try {
      view ??= await import("./recording.js");
    } catch {
      say("file-error", "The page could not load what it needs to read a file. Check the connection and try again.");
      return;
    }
    await view.open(file, person, state);
  };
  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    open(event.dataTransfer.files);
  });
  at("file").addEventListener("change", ({ target }) => open(target.files));
}

/** Draw the recording again in the current units and width. */
export const redrawTrack = () => view?.redraw();
