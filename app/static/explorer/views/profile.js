// The profile of a recording: speed and slope over time.

import { METRES, NAMES, clock } from "../units.js";
import { COLOURS, DIRECTIONS, Plot, draw, widthOf } from "./plots.js";

/** Draw speed and slope of a recording of `end_s` seconds. */
export function profile(columns, end_s, state) {
  const rows = columns.segment_start_s.map((start, place) => ({
    from: start / 60,
    to: (start + columns.segment_duration_s[place]) / 60,
    way: columns.segment_direction[place],
    speed: (columns.segment_speed_m_s[place] * 3600) / METRES[state.units],
    grade: columns.segment_grade[place] * 100,
  }));
  const width = widthOf("track-figure");
  const label = (name) => ({ label: name, labelArrow: "none", grid: true, ticks: 3, tickSize: 0 });
  const x = {
    domain: [0, end_s / 60],
    labelArrow: "none",
    tickFormat: (tick) => clock(tick * 60),
    tickSize: 4,
    ticks: width < 480 ? 4 : 8,
  };
  const box = { x1: "from", x2: "to" };
  const common = { width, marginLeft: 40, marginTop: 24, marginRight: 20 };
  const given = [
    ["from_min", "to_min", "direction", `speed_${NAMES[state.units].speed}`, "grade_percent"],
    ...rows.map((row) => [row.from, row.to, row.way, row.speed, row.grade]),
  ];
  draw(
    "track-figure",
    `Speed of the recording over ${clock(end_s)}. The times of the backward parts are in the fields below.`,
    {
      ...common,
      height: 190,
      x: { ...x, label: null },
      y: { ...label(`↑ ${NAMES[state.units].speed}`), zero: true },
      marks: DIRECTIONS.map((way) =>
        Plot.rect(
          rows.filter((row) => row.way === way),
          { ...box, y1: 0, y2: "speed", fill: COLOURS[way], fillOpacity: 0.85 },
        ),
      ),
    },
    given,
  );
  // Show at least ±1 %, so that noise on level ground does not look like hills.
  const steep = rows.map((row) => row.grade);
  draw(
    "slope-figure",
    "Slope of the recording over the same time, in percent.",
    {
      ...common,
      height: 130,
      x: { ...x, label: "time" },
      y: { ...label("↑ slope, %"), domain: [Math.min(-1, ...steep), Math.max(1, ...steep)] },
      marks: [
        Plot.rect(rows, { ...box, y1: 0, y2: "grade", fill: "var(--soft)" }),
        Plot.ruleY([0], { stroke: "var(--muted)" }),
      ],
    },
    given,
  );
}
