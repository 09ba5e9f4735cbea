// The sessions of a plan over time.

import { clock } from "../units.js";
import { COLOURS, Plot, draw, widthOf } from "./plots.js";

/** Most repeats that are drawn one by one. */
const MOST_DRAWN = 60;

/** Draw sessions, `{name, times, backward_s, forward_s, rest_s}`, each as a row of stretches over time. */
export function timeline(sessions, state) {
  const id = "plan-figure";
  const [band, top, bar] = [44, 18, 20];
  const parts = sessions.flatMap(({ name, times, ...each }, place) => {
    const shown = Math.min(times, MOST_DRAWN);
    let from = 0;
    return Array.from({ length: shown }, () =>
      ["backward", "forward", "rest"].map((way) => {
        const duration_s = (each[`${way}_s`] * times) / shown;
        return { name, way, duration_s, y: place * band + top, from, to: (from += duration_s) };
      }),
    )
      .flat()
      .filter(({ duration_s }) => duration_s > 0);
  });
  const most = Math.max(...parts.map(({ to }) => to));
  const height = sessions.length * band;
  const minutes = (value) => value / 60;
  const said = ({ name, times, backward_s }) => `${name}: ${times} × ${clock(backward_s)} backward`;
  draw(
    id,
    `Sessions as a timeline. ${sessions.map(said).join("; ")}.`,
    {
      height: height + 26,
      marginLeft: 6,
      marginRight: 24,
      marginTop: 0,
      marginBottom: 26,
      x: {
        domain: [0, minutes(most)],
        label: null,
        tickFormat: (tick) => (tick ? `${tick} min` : "0"),
        tickSize: 4,
        ticks: widthOf(id) < 480 ? 3 : 6,
      },
      y: { domain: [0, height], range: [0, height], axis: null },
      marks: [
        ...Object.entries({ ...COLOURS, rest: "var(--sheet)" }).map(([way, fill]) =>
          Plot.rect(
            parts.filter((part) => part.way === way),
            {
              x1: (part) => minutes(part.from),
              x2: (part) => minutes(part.to),
              y1: (part) => part.y + (way === "backward" ? 0 : bar / 2),
              y2: (part) => part.y + bar,
              fill,
            },
          ),
        ),
        Plot.text(sessions, {
          x: 0,
          y: (session, place) => place * band + 9,
          text: (session) => said(session),
          textAnchor: "start",
          dx: -4,
          fontSize: 13,
          fontWeight: 600,
          fill: "var(--ink)",
        }),
      ],
    },
    [
      ["session", "part", "from_s", "duration_s"],
      ...parts.map((part) => [part.name, part.way, part.from, part.duration_s]),
    ],
    true,
  );
}
