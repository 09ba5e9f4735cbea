// Draws a plot in its figure, with downloads. Observable Plot is loaded after the first numbers are shown.

import { at, download, element } from "../elements.js";
import { about, described, lines } from "./about.js";
import { cautioned, csv, gradeWords } from "./table.js";

export const DIRECTIONS = ["forward", "backward"];
export const COLOURS = { forward: "var(--forward)", backward: "var(--backward)" };
export const ARROWS = { forward: "→", backward: "←" };

const FONT = "system-ui, sans-serif";
/** Margin around the notes below a plot, and height of a line. */
const [MARGIN, LINE] = [8, 17];

export let Plot;
let loading;
export const loaded = () =>
  (loading ??= import("../../vendor/plot.min.js").then((library) => {
    Plot = library;
  }));

export const widthOf = (id) => Math.max(at(id).clientWidth, 240);

/** Return a mark that draws nothing and defines the hatching of unknown values. */
export const hatching =
  (name) =>
  (index, scales, values, dimensions, { ownerSVGElement }) => {
    const make = (tag, attributes) => {
      const made = document.createElementNS(ownerSVGElement.namespaceURI, tag);
      for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
      return made;
    };
    const pattern = make("pattern", {
      id: `hatch-${name}`,
      width: 6,
      height: 6,
      patternUnits: "userSpaceOnUse",
      patternTransform: "rotate(45)",
    });
    pattern.append(
      make("rect", { width: 6, height: 6, fill: "var(--sheet)" }),
      make("rect", { width: 1.5, height: 6, fill: "var(--muted)" }),
    );
    const definitions = make("defs", {});
    definitions.append(pattern);
    return definitions;
  };

/** Draw a plot into its figure; `rows` are its numbers for CSV. Downloads of loads carry the caution. */
export function draw(id, label, options, rows, ofLoads = false) {
  const svg = Plot.plot({ className: "plot", ariaLabel: label, width: widthOf(id), ...options });
  // Its rules are in page.css: the content security policy forbids an inline style.
  svg.querySelector("style").remove();
  svg.setAttribute("role", "img");
  for (const mark of svg.querySelectorAll("[aria-label]")) {
    mark.dataset.mark = mark.getAttribute("aria-label");
    mark.removeAttribute("aria-label");
  }
  const figure = at(id);
  figure.rows = ofLoads ? cautioned(rows) : rows;
  figure.notes = ofLoads ? [at("caution").textContent, gradeWords()] : [];
  const old = figure.querySelector("svg");
  if (old) old.replaceWith(svg);
  else figure.append(svg, buttons(figure, id.replace("-figure", "")));
}

function buttons(figure, name) {
  const made = Object.entries({
    SVG: () => download(`retrorun-${name}.svg`, new Blob([written(standalone(figure), figure)], { type: "image/svg+xml" })),
    PNG: async () => download(`retrorun-${name}.png`, await png(figure)),
    CSV: () => download(`retrorun-${name}.csv`, new Blob([csv(described(figure.rows, aboutFigure(figure)))], { type: "text/csv" })),
  }).map(([kind, act]) => {
    const button = element("button", { type: "button", "aria-label": `Download ${name} as ${kind}` }, kind);
    button.addEventListener("click", act);
    return button;
  });
  return element("div", { class: "downloads" }, element("span", {}, "Download "), ...made);
}

const aboutFigure = (figure) => about(figure.closest("section"));

/** Return the plot as a separate SVG with the page's background, and below it its notes and what it is of. */
function standalone(figure) {
  const svg = figure.querySelector("svg");
  const copy = svg.cloneNode(true);
  const make = (tag, attributes, text = "") => {
    const made = document.createElementNS(svg.namespaceURI, tag);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.textContent = text;
    return made;
  };
  const [width, height] = ["width", "height"].map((side) => Number(svg.getAttribute(side)));
  const notes = [...figure.notes, ...lines(aboutFigure(figure))];
  const below = notes.flatMap((note) => wrapped(note, width - 2 * MARGIN));
  const whole = height + 2 * MARGIN + below.length * LINE;
  copy.setAttribute("height", whole);
  copy.setAttribute("viewBox", `0 0 ${width} ${whole}`);
  copy.prepend(make("rect", { width: "100%", height: "100%", fill: "var(--card)" }));
  copy.append(
    ...below.map((line, place) =>
      make(
        "text",
        { x: MARGIN, y: height + MARGIN + (place + 1) * LINE, fill: "var(--ink)", "text-anchor": "start" },
        line,
      ),
    ),
  );
  copy.setAttribute("color", getComputedStyle(figure).color);
  copy.setAttribute("font-family", FONT);
  copy.setAttribute("font-size", "12");
  return copy;
}

/** Break a text into lines that fit a width; a longer word, such as a link, is broken too. */
function wrapped(text, width) {
  const context = element("canvas").getContext("2d");
  context.font = `12px ${FONT}`;
  const fits = (line) => context.measureText(line).width <= width;
  const found = [""];
  for (const word of text.trim().split(/\s+/)) {
    const longer = `${found.at(-1)} ${word}`.trim();
    if (fits(longer)) {
      found[found.length - 1] = longer;
      continue;
    }
    let rest = word;
    while (!fits(rest)) {
      let end = rest.length - 1;
      while (!fits(rest.slice(0, end))) end -= 1;
      found.push(rest.slice(0, end));
      rest = rest.slice(end);
    }
    found.push(rest);
  }
  return found.filter(Boolean);
}

/** Write a plot as SVG text with the colours on the screen. */
function written(svg, figure) {
  const style = getComputedStyle(figure);
  const text = new XMLSerializer().serializeToString(svg);
  return text.replaceAll(/var\((--[\w-]+)\)/g, (whole, name) => style.getPropertyValue(name).trim());
}

async function png(figure) {
  const svg = standalone(figure);
  const picture = new Image();
  picture.src = `data:image/svg+xml,${encodeURIComponent(written(svg, figure))}`;
  await picture.decode();
  const scale = 2;
  const canvas = element("canvas", {
    width: svg.getAttribute("width") * scale,
    height: svg.getAttribute("height") * scale,
  });
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}
