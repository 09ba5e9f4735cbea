// Plots over time: the bouts of a plan, and the profile of a recording.

import { METRES, NAMES, clock, moved, range, rounded } from "../units.js";
import { coveredWords, gradeOf, often } from "../words.js";
import { ARROWS, COLOURS, DIRECTIONS, Plot, draw, widthOf } from "./plots.js";

/** Draw the best plan, and the best in one direction, each as a row of bouts and rest. */
export function timeline(options, state) {
  const id = "plan-figure";
  const narrow = widthOf(id) < 480;
  const [band, top, bar] = [narrow ? 82 : 64, 22, 30];
  const all = options.flatMap(([name, option], place) => {
    let from = 0;
    // All times of a bout are one bar.
    const parts = option.bouts.map((bout) => ({ ...bout, way: bout.direction, all_s: bout.times * bout.duration_s }));
    if (option.rest_s > 0) parts.push({ way: "rest", duration_s: option.rest_s, all_s: option.rest_s, times: 1 });
    return parts.map((part) => ({ ...part, name, y: place * band + top, from, to: (from += part.all_s) }));
  });
  const most = Math.max(...all.map(({ to }) => to));
  const height = options.length * band + 24;
  const roomy = (part) => ((part.to - part.from) / most) * widthOf(id);
  const inside = (part) => {
    if (part.way === "rest") return roomy(part) > 60 ? `rest ${clock(part.duration_s)}` : "";
    const short = `${ARROWS[part.way]} ${often(part)}${clock(part.duration_s)}`;
    const long = `${short} at ${moved(part.speed_m_s, state)}`;
    return roomy(part) > 170 ? long : roomy(part) > 60 ? short : "";
  };
  const sum = ({ totals }) => {
    const impulse = totals.load?.patellofemoral_impulse_per_bout_bw_s;
    const load = impulse && `, ${rounded(impulse.value)} BW·s (${range(impulse)}, ${impulse.evidence})${coveredWords(impulse)}`;
    return `${rounded(totals.active_energy_kcal.value)} kcal active${gradeOf(totals.active_energy_kcal)}${load ?? ""}`;
  };
  const minutes = (value) => value / 60;
  draw(
    id,
    `Plan as a timeline of ${clock(most)}: ${options.map(([name, option]) => `${name}: ${option.bouts.map((bout) => `${often(bout)}${clock(bout.duration_s)} ${bout.direction} at ${moved(bout.speed_m_s, state)}`).join(", ")}`).join("; ")}.`,
    {
      height,
      marginLeft: 6,
      marginRight: 24,
      marginTop: 0,
      marginBottom: 24,
      x: {
        domain: [0, minutes(most)],
        label: null,
        tickFormat: (tick) => (tick ? `${tick} min` : "0"),
        tickSize: 4,
        ticks: widthOf(id) < 480 ? 3 : 6,
      },
      y: { domain: [0, height - 24], range: [0, height - 24], axis: null },
      marks: [
        ...Object.entries({ ...COLOURS, rest: "var(--sheet)" }).map(([way, fill]) =>
          Plot.rect(
            all.filter((part) => part.way === way),
            {
              x1: (part) => minutes(part.from),
              x2: (part) => minutes(part.to),
              y1: "y",
              y2: (part) => part.y + bar,
              fill,
              stroke: "var(--card)",
              rx: 3,
            },
          ),
        ),
        Plot.text(all, {
          x: (part) => minutes((part.from + part.to) / 2),
          y: (part) => part.y + bar / 2,
          text: inside,
          fontSize: 12,
          fontWeight: 600,
          fill: (part) => (part.way === "rest" ? "var(--ink)" : "var(--on-colour)"),
        }),
        Plot.text(options, {
          x: 0,
          y: (option, place) => place * band + 10,
          text: ([name]) => name,
          textAnchor: "start",
          dx: -4,
          fontSize: 13,
          fontWeight: 600,
          fill: "var(--ink)",
        }),
        Plot.text(options, {
          ...(narrow ? { x: 0, textAnchor: "start", dx: -4 } : { frameAnchor: "right", textAnchor: "end", dx: 12 }),
          y: (option, place) => place * band + (narrow ? top + bar + 12 : 10),
          text: ([, option]) => sum(option),
          fontSize: 12,
          fill: "var(--soft)",
        }),
      ],
    },
    [
      ["plan", "direction", "times", "duration_s", "speed_m_s", "distance_m", "active_energy_kcal"],
      ...all.map((part) => [
        part.name,
        part.way,
        part.times,
        part.duration_s,
        part.speed_m_s,
        part.distance_m,
        part.active_energy_kcal?.value,
      ]),
    ],
    true,
  );
}

/** Draw speed and slope of a recording over time. */
export function profile(columns, state) {
  const rows = columns.segment_start_s.map((start, place) => ({
    from: start / 60,
    to: (start + columns.segment_duration_s[place]) / 60,
    way: columns.segment_direction[place],
    speed: (columns.segment_speed_m_s[place] * 3600) / METRES[state.units],
    grade: columns.segment_grade[place] * 100,
  }));
  const width = widthOf("track-figure");
  const label = (name) => ({ label: name, labelArrow: "none", grid: true, ticks: 3, tickSize: 0 });
  const x = { label: "minutes", labelArrow: "none", tickSize: 4 };
  const box = { x1: "from", x2: "to" };
  const common = { width, marginLeft: 40, marginTop: 24, marginRight: 8 };
  const given = [
    ["from_min", "to_min", "direction", `speed_${NAMES[state.units].speed}`, "grade_percent"],
    ...rows.map((row) => [row.from, row.to, row.way, row.speed, row.grade]),
  ];
  draw(
    "track-figure",
    `Speed of the recording over ${Math.round(rows.at(-1).to)} minutes.`,
    {
      ...common,
      height: 170,
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
      x,
      y: { ...label("↑ slope, %"), domain: [Math.min(-1, ...steep), Math.max(1, ...steep)] },
      marks: [
        Plot.rect(rows, { ...box, y1: 0, y2: "grade", fill: "var(--soft)" }),
        Plot.ruleY([0], { stroke: "var(--muted)" }),
      ],
    },
    given,
  );
}
