// A plot in its figure, with downloads. Observable Plot is loaded once the first numbers are there.

import { at, download, element } from "./elements.js";
import { csv } from "./table.js";

export const DIRECTIONS = ["forward", "backward"];
export const COLOURS = { forward: "var(--forward)", backward: "var(--backward)" };
export const ARROWS = { forward: "→", backward: "←" };

export let Plot;
let loading;
export const loaded = () =>
  (loading ??= import("../vendor/plot.min.js").then((library) => {
    Plot = library;
  }));

export const widthOf = (id) => Math.max(at(id).clientWidth, 240);

/** A mark that draws nothing but defines the hatching of what is unknown. */
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

/** Draw a plot into its figure; `rows` are its numbers for CSV. */
export function draw(id, label, options, rows) {
  const svg = Plot.plot({ className: "plot", ariaLabel: label, width: widthOf(id), ...options });
  // Its rules are in page.css: the page's policy lets no inline style in.
  svg.querySelector("style").remove();
  svg.setAttribute("role", "img");
  for (const mark of svg.querySelectorAll("[aria-label]")) {
    mark.dataset.mark = mark.getAttribute("aria-label");
    mark.removeAttribute("aria-label");
  }
  const figure = at(id);
  figure.rows = rows;
  const old = figure.querySelector("svg");
  if (old) old.replaceWith(svg);
  else figure.append(svg, buttons(figure, id.replace("-figure", "")));
}

function buttons(figure, name) {
  const made = Object.entries({
    SVG: () => download(`retrorun-${name}.svg`, new Blob([standalone(figure)], { type: "image/svg+xml" })),
    PNG: async () => download(`retrorun-${name}.png`, await png(figure)),
    CSV: () => download(`retrorun-${name}.csv`, new Blob([csv(figure.rows)], { type: "text/csv" })),
  }).map(([kind, act]) => {
    const button = element("button", { type: "button", "aria-label": `Download ${name} as ${kind}` }, kind);
    button.addEventListener("click", act);
    return button;
  });
  return element("div", { class: "downloads" }, element("span", {}, "Download "), ...made);
}

/** The plot as a file of its own: colours as they are shown, on the page's ground. */
function standalone(figure) {
  const svg = figure.querySelector("svg");
  const copy = svg.cloneNode(true);
  const style = getComputedStyle(figure);
  const ground = document.createElementNS(svg.namespaceURI, "rect");
  for (const [key, value] of Object.entries({ width: "100%", height: "100%", fill: "var(--card)" }))
    ground.setAttribute(key, value);
  copy.prepend(ground);
  copy.setAttribute("color", style.color);
  copy.setAttribute("font-family", "system-ui, sans-serif");
  copy.setAttribute("font-size", "12");
  const text = new XMLSerializer().serializeToString(copy);
  return text.replaceAll(/var\((--[\w-]+)\)/g, (whole, name) => style.getPropertyValue(name).trim());
}

async function png(figure) {
  const svg = figure.querySelector("svg");
  const picture = new Image();
  picture.src = `data:image/svg+xml,${encodeURIComponent(standalone(figure))}`;
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
