// Pairs of bars: forward and backward, with ranges and evidence grades.

import { range, rounded } from "../units.js";
import { ARROWS, COLOURS, DIRECTIONS, Plot, draw, hatching, widthOf } from "./plots.js";

const BAR = 15;
const GAP = 3;

/** Draw pairs of bars, each `{title, unit, forward, backward}` with a different scale; unknown values are hatched. */
export function pairs(id, label, rows, ofLoads = false) {
  const narrow = widthOf(id) < 480;
  const top = narrow ? 34 : 20;
  const band = top + 2 * BAR + GAP + 18;
  const bars = rows.flatMap((row, place) => barsOf(row, place * band + top));
  const height = Math.max(...bars.map(({ y }) => y)) + BAR + 2;
  const known = bars.filter((bar) => bar.known);
  const unknown = bars.filter((bar) => !bar.known);
  const spread = known.filter(({ low, high }) => low !== high);
  // Room for the longest value, its range and its grade.
  const digits = 8 + 9 * Math.max(...bars.map(({ text }) => text.length));
  const marginRight =
    digits +
    8 +
    7.5 * Math.max(...bars.map(({ detail }) => detail.length)) +
    (bars.some(({ evidence }) => evidence) ? 28 : 0);
  const middle = (bar) => bar.y + BAR / 2;
  const titleAt = (row, place) => place * band + 8;
  const inner = widthOf(id) - 20 - marginRight;
  // Put the word on the hatching if it fits, otherwise beside it.
  const wordOf = (bar) => {
    if ((bar.high - bar.low) * inner < 80) {
      if (bar.low * inner > 60) return { x: bar.low, textAnchor: "end", dx: -5 };
      if ((1 - bar.high) * inner > 65) return { x: bar.high, textAnchor: "start", dx: 5 };
    }
    return { x: (bar.low + bar.high) / 2, textAnchor: "middle", dx: 0 };
  };
  const end = { frameAnchor: "right", dx: marginRight, textAnchor: "end" };
  draw(
    id,
    label,
    {
      height,
      marginLeft: 20,
      marginRight,
      marginTop: 0,
      marginBottom: 0,
      x: { domain: [0, 1], axis: null },
      y: { domain: [0, height], range: [0, height], axis: null },
      marks: [
        hatching(id),
        ...DIRECTIONS.map((way) =>
          Plot.rect(
            known.filter((bar) => bar.way === way),
            { x1: 0, x2: "value", y1: "y", y2: (bar) => bar.y + BAR, fill: COLOURS[way], rx: 2 },
          ),
        ),
        Plot.rect(unknown, {
          x1: "low",
          x2: "high",
          y1: "y",
          y2: (bar) => bar.y + BAR,
          fill: `url(#hatch-${id})`,
          stroke: "var(--muted)",
          rx: 2,
        }),
        ...unknown.map((bar) =>
          Plot.text([bar], {
            ...wordOf(bar),
            x: [wordOf(bar).x],
            y: middle,
            text: ["unknown"],
            fontSize: 12,
            fontWeight: 600,
            fill: "var(--ink)",
            stroke: "var(--card)",
            strokeWidth: 5,
          }),
        ),
        Plot.link(spread, { x1: "low", x2: "high", y1: middle, y2: middle, stroke: "var(--card)", strokeWidth: 4 }),
        Plot.link(spread, { x1: "low", x2: "high", y1: middle, y2: middle, stroke: "var(--ink)", strokeWidth: 1.5 }),
        ...["low", "high"].map((tip) =>
          Plot.link(spread, {
            x1: tip,
            x2: tip,
            y1: (bar) => bar.y + 4,
            y2: (bar) => bar.y + BAR - 4,
            stroke: "var(--ink)",
            strokeWidth: 1.5,
          }),
        ),
        Plot.text(rows, {
          x: 0,
          dx: -20,
          y: titleAt,
          text: "title",
          textAnchor: "start",
          fontSize: 13,
          fontWeight: 600,
          fill: "var(--ink)",
        }),
        Plot.text(rows, {
          ...(narrow ? { x: 0, dx: -20, textAnchor: "start", dy: 15 } : end),
          y: titleAt,
          text: "unit",
          fontSize: 12,
          fill: "var(--soft)",
        }),
        ...DIRECTIONS.map((way) =>
          Plot.text(
            bars.filter((bar) => bar.way === way),
            { x: 0, y: middle, text: () => ARROWS[way], dx: -12, fontSize: 13, fontWeight: 700, fill: COLOURS[way] },
          ),
        ),
        Plot.text(bars, {
          x: 1,
          y: middle,
          text: "text",
          dx: 8,
          textAnchor: "start",
          fontSize: 13,
          fontWeight: 600,
          fontVariant: "tabular-nums",
          fill: "var(--ink)",
        }),
        Plot.text(bars, {
          x: 1,
          y: middle,
          text: "detail",
          dx: 8 + digits,
          textAnchor: "start",
          fontSize: 12,
          fontVariant: "tabular-nums",
          fill: "var(--soft)",
        }),
        Plot.text(bars, { ...end, y: middle, text: "evidence", fontSize: 13, fontWeight: 600, fill: "var(--ink)" }),
      ],
    },
    [
      ["quantity", "unit", "direction", "value", "low", "high", "evidence"],
      ...bars.map((bar) => [
        bar.title,
        bar.unit,
        bar.way,
        bar.found?.value,
        bar.found?.low,
        bar.found?.high,
        bar.evidence,
      ]),
    ],
    ofLoads,
  );
}

/** Return the bars of one row, scaled to its highest range. */
function barsOf(row, top) {
  const most = Math.max(...DIRECTIONS.map((way) => row[way]?.high ?? 0)) || 1;
  return DIRECTIONS.filter((way) => !(way === "forward" && row.onlyBackward)).map((way, line) => {
    const found = row[way];
    const known = found !== undefined && "value" in found;
    return {
      way,
      found,
      known,
      title: row.title,
      unit: row.unit,
      y: top + line * (BAR + GAP),
      evidence: found?.evidence ?? "",
      value: known ? found.value / most : null,
      low: found ? found.low / most : 0,
      high: found ? found.high / most : 1,
      text: known ? rounded(found.value, found) : "?",
      detail: found && found.low !== found.high ? range(found) : "",
    };
  });
}
