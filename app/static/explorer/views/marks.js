// The backward parts on the plot of a recording: draws them, and lets a mouse, finger or pen mark them.

import { at, say } from "../elements.js";
import { clock } from "../units.js";
import { length_s, readable, select, selection, setPart } from "./parts.js";

const FIGURE = "track-figure";
const HINT = "Drag over the speed to mark a part gone backward. Tap a part to change it.";
const HATCH = "hatch-backward-part";
/** Movement from which a press is a drag, and reach around an edge for each kind of pointer. */
const DRAG_PX = 6;
const REACH_PX = { mouse: 10, pen: 14, touch: 24 };
/** Width from which a part has room for its label, and for its arrow. */
const [LABEL_PX, ARROW_PX] = [90, 18];

let drag;

/** Listen to the plot. The figure stays when the plot is drawn anew, so a drag survives that. */
export function listenMarks() {
  const figure = at(FIGURE);
  const end = (event, keep) => {
    if (event.pointerId !== drag?.pointer) return;
    const { row, fixed, to, moved } = drag;
    drag = undefined;
    if (keep && moved && fixed !== to) setPart(Math.min(fixed, to), Math.max(fixed, to), row);
    else if (keep && !moved && !row) select(readable().find((part) => part.from_s <= to && to <= part.to_s)?.row);
    drawMarks();
  };
  figure.addEventListener("pointerdown", (event) => {
    if (!event.target.closest("svg") || !event.isPrimary || event.button !== 0) return;
    const to = secondsAt(event.clientX);
    drag = { pointer: event.pointerId, x: event.clientX, fixed: to, to, ...edgeAt(event) };
    figure.setPointerCapture(event.pointerId);
  });
  figure.addEventListener("pointermove", (event) => {
    if (event.pointerId !== drag?.pointer) return;
    drag.moved ||= Math.abs(event.clientX - drag.x) >= DRAG_PX;
    if (!drag.moved) return;
    drag.to = secondsAt(event.clientX);
    drawMarks();
  });
  figure.addEventListener("pointerup", (event) => end(event, true));
  // The browser takes the pointer to scroll.
  figure.addEventListener("pointercancel", (event) => end(event, false));
  addEventListener("keydown", ({ key }) => key === "Escape" && drag && end({ pointerId: drag.pointer }, false));
}

/** Draw the parts, and the one that is being dragged, over the plot. */
export function drawMarks() {
  const svg = at(FIGURE).querySelector("svg");
  if (!svg) return;
  const ends = drag?.moved && [drag.fixed, drag.to];
  const active = ends ? { row: drag.row, from_s: Math.min(...ends), to_s: Math.max(...ends) } : null;
  const parts = readable().filter(({ row }) => !active?.row || row !== active.row);
  const marked = svg.querySelector("[data-marks]");
  const group = make("g", { "data-marks": "", "pointer-events": "none" });
  group.append(hatch(), ...[...parts, ...(active ? [active] : [])].flatMap((part) => drawn(svg, part, part === active)));
  if (marked) marked.replaceWith(group);
  else svg.append(group);
  const chosen = parts.find(({ row }) => row === selection());
  at("part-remove").hidden = Boolean(active) || !chosen;
  say("track-hint", hint(active ?? chosen));
}

const hint = (part) => (part ? `Backward from ${clock(part.from_s)} until ${clock(Math.floor(part.to_s))}.` : HINT);

function drawn(svg, { row, from_s, to_s }, active) {
  const [x1, x2] = [from_s, to_s].map((seconds) => svg.scale("x").apply(seconds / 60));
  const [bottom, top] = svg.scale("y").range;
  const box = { x: x1, y: top, width: Math.max(x2 - x1, 1), height: bottom - top };
  const chosen = active || (row && row === selection());
  const made = [
    make("rect", { ...box, fill: `url(#${HATCH})`, stroke: "var(--backward)", "stroke-width": chosen ? 2 : 1 }),
  ];
  const label = x2 - x1 >= LABEL_PX ? "← backward" : x2 - x1 >= ARROW_PX ? "←" : "";
  if (label)
    made.push(
      make(
        "text",
        {
          ...{ x: (x1 + x2) / 2, y: top + 15, "text-anchor": "middle", "font-size": 12, "font-weight": 600 },
          ...{ fill: "var(--backward)", stroke: "var(--card)", "stroke-width": 4, "paint-order": "stroke" },
        },
        label,
      ),
    );
  if (chosen)
    for (const cx of [x1, x2])
      made.push(
        make("circle", {
          ...{ cx, cy: (top + bottom) / 2, r: 7, fill: "var(--card)" },
          ...{ stroke: "var(--backward)", "stroke-width": 3 },
        }),
      );
  return made;
}

function hatch() {
  const size = 7;
  const pattern = make("pattern", {
    ...{ id: HATCH, width: size, height: size, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
  });
  const whole = { width: size, height: size, fill: "var(--backward)" };
  pattern.append(make("rect", { ...whole, "fill-opacity": 0.12 }), make("rect", { ...whole, width: 2, "fill-opacity": 0.7 }));
  const definitions = make("defs", {});
  definitions.append(pattern);
  return definitions;
}

function make(tag, attributes, text = "") {
  const made = document.createElementNS(at(FIGURE).querySelector("svg").namespaceURI, tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

/** Return the whole second at a place of the screen, inside the recording. */
function secondsAt(clientX) {
  const svg = at(FIGURE).querySelector("svg");
  const box = svg.getBoundingClientRect();
  const x = ((clientX - box.left) * svg.viewBox.baseVal.width) / box.width;
  return Math.min(Math.max(Math.round(svg.scale("x").invert(x) * 60), 0), Math.floor(length_s));
}

/** Return the selected part and its other end, if a pointer is at one of its ends. */
function edgeAt({ clientX, pointerType }) {
  const part = readable().find(({ row }) => row === selection());
  if (!part) return {};
  const svg = at(FIGURE).querySelector("svg");
  const box = svg.getBoundingClientRect();
  const away = (seconds) =>
    Math.abs((svg.scale("x").apply(seconds / 60) * box.width) / svg.viewBox.baseVal.width + box.left - clientX);
  const [first, last] = [away(part.from_s), away(part.to_s)];
  if (Math.min(first, last) > (REACH_PX[pointerType] ?? REACH_PX.mouse)) return {};
  return { row: part.row, fixed: first <= last ? Math.floor(part.to_s) : part.from_s };
}
