// Energy against speed, with the published measurements.

import { table } from "../elements.js";
import { asRead } from "../quantities.js";
import { METRES, NAMES, clock, moved, rounded } from "../units.js";
import { COLOURS, DIRECTIONS, Plot, draw, widthOf } from "./plots.js";

const PACES_MIN = {
  metric: [20, 15, 12, 10, 8, 7, 6, 5, 4.5, 4, 3.5, 3],
  imperial: [30, 24, 20, 16, 13, 11, 10, 9, 8, 7, 6, 5],
};

/** Constants of GET /models at which measurements of backward energy begin and end. */
const BACKWARD_ENDS = {
  run: [null, "direction.BACKWARD_MEASURED_TO_M_S"],
  walk: ["direction.WALKING_RATIO_RANGE_M_S[0]", "direction.WALKING_RATIO_RANGE_M_S[1]"],
};

/** Return the speed range of the forward equation, or of the gait's first equation that has one. */
export function speedRange({ gait, forward, models }, equations) {
  const ranges = equations.filter((model) => model.gait === gait && model.speed_range_m_s?.length === 2);
  const own = ranges.find(({ id }) => id === models.energy_model) ?? ranges[0];
  return own?.speed_range_m_s ?? [forward.speed_m_s.value / 2, forward.speed_m_s.value * 2];
}

/** Return the speed range of the data for backward: that of forward where the ratio was measured too. */
export function backwardRange({ gait }, [low, high], constants) {
  const end = (name) => constants.find((constant) => constant.name === name)?.number;
  const [from, to] = BACKWARD_ENDS[gait];
  return [Math.max(low, end(from) ?? low), Math.min(high, end(to) ?? high)];
}

/** Split rows of rising speed into stretches inside and outside a range. Neighbours share an end. */
function stretches(rows, [low, high]) {
  const found = [];
  rows.slice(1).forEach((row, place) => {
    const outside = rows[place].speed < low || row.speed > high;
    if (found.at(-1)?.outside !== outside) found.push({ outside, rows: [rows[place]] });
    found.at(-1).rows.push(row);
  });
  return found;
}

const oxygenAsRead = (state, mass) => asRead("oxygen_uptake_ml_kg_min", "Oxygen uptake", "ml/kg/min", state, mass);

/** Make the table of values from the literature. */
export function valuesTable(points, state, mass) {
  const { name, unit, of } = oxygenAsRead(state, mass);
  return table(
    "Values from the literature",
    ["Study", "Direction", "Speed", `${name}, ${unit}`, "People", "Standing"],
    points.map((point) => [
      point.study,
      point.way,
      moved(point.speed, state),
      rounded(of({ value: point.oxygen }).value),
      point.n ? String(point.n) : "–",
      point.standing,
    ]),
  );
}

/** Draw energy against speed: `curve` has a row for each direction and speed, `points` the studies, `here` the reader's two runs. */
export function curve({ curve, points, here, range: [low, high], backward, perOxygen, state, mass }) {
  const id = "curve-figure";
  const width = widthOf(id);
  const metres = METRES[state.units];
  const x = (speed) => (speed * 3600) / metres;
  const energy = state.axis === "energy";
  const oxygenRead = oxygenAsRead(state, mass);
  const y = (oxygen) => (energy ? oxygen * perOxygen : oxygenRead.of({ value: oxygen }).value);
  const unit = energy ? "kcal/h" : oxygenRead.unit;
  const speeds = [...curve, ...here].map((row) => row.speed);
  const ends = [Math.min(...speeds), Math.max(...speeds)];
  const paces = state.moveBy === "pace";
  const ticks = paces
    ? PACES_MIN[state.units]
        .map((minutes) => 60 / minutes)
        .filter((tick) => tick >= x(ends[0]) && tick <= x(ends[1]))
        .filter((tick, place, all) => width > 480 || (all.length - 1 - place) % 2 === 0)
    : undefined;
  const name = NAMES[state.units][paces ? "pace" : "speed"];
  const of = (way, rows) => rows.filter((row) => row.way === way);
  const outside = [
    [ends[0], low],
    [high, ends[1]],
  ].filter(([from, to]) => to - from > 1e-9);
  const lines = [
    { way: "forward", rows: of("forward", curve) },
    ...stretches(of("backward", curve), backward).map((stretch) => ({ way: "backward", ...stretch })),
  ];
  const length = ({ rows }) => rows.at(-1).speed - rows[0].speed;
  // Label the longest one only.
  const named = lines.filter(({ outside }) => outside).sort((one, other) => length(other) - length(one))[0];
  const last = DIRECTIONS.map((way) => of(way, curve).at(-1));
  const title = (point) =>
    `${point.study}\n${point.way}, ${moved(point.speed, state)}\n${rounded(y(point.oxygen))} ${unit}${point.n ? `, n ${point.n}` : ""}, ${point.standing}`;
  const read = here.map((bout) => `${bout.way} ${rounded(y(bout.oxygen))} ${unit} at ${moved(bout.speed, state)}`);
  draw(
    id,
    `Energy against speed from ${moved(ends[0], state)} to ${moved(ends[1], state)}, with bands and ${points.length} values from the literature. Your run: ${read.join(", ")}.`,
    {
      height: Math.round(Math.min(400, Math.max(280, width * 0.5))),
      marginLeft: 44,
      marginRight: 14,
      marginTop: 26,
      marginBottom: 38,
      x: {
        domain: ends.map(x),
        label: paces ? `pace (${name}), faster →` : `speed (${name}) →`,
        ticks,
        tickFormat: paces ? (tick) => clock(3600 / tick) : undefined,
        tickSize: 4,
        labelAnchor: "right",
        labelArrow: "none",
      },
      y: { label: `↑ ${unit}`, zero: true, nice: true, ticks: 5, tickSize: 0, grid: true, labelArrow: "none" },
      marks: [
        ...(outside.length
          ? [
              Plot.rectX(outside, { x1: ([from]) => x(from), x2: ([, to]) => x(to), fill: "var(--sheet)" }),
              Plot.text(outside.slice(-1), {
                x: ([from, to]) => x((from + to) / 2),
                text: () => "outside the data",
                frameAnchor: "top",
                dy: 4,
                fill: "var(--soft)",
                fontSize: 11,
              }),
            ]
          : []),
        ...DIRECTIONS.map((way) =>
          Plot.areaY(of(way, curve), {
            x: (row) => x(row.speed),
            y1: (row) => y(row.low),
            y2: (row) => y(row.high),
            fill: COLOURS[way],
            fillOpacity: 0.16,
            curve: "monotone-x",
          }),
        ),
        ...lines.map(({ way, rows, outside }) =>
          Plot.lineY(rows, {
            x: (row) => x(row.speed),
            y: (row) => y(row.oxygen),
            stroke: COLOURS[way],
            strokeWidth: 2.25,
            curve: "monotone-x",
            strokeDasharray: outside ? "2 4" : way === "backward" ? "7 3" : undefined,
          }),
        ),
        Plot.text(named ? [named.rows[Math.floor(named.rows.length / 2)]] : [], {
          x: (row) => x(row.speed),
          y: (row) => y(row.oxygen),
          text: () => `backward not${width > 480 ? " " : "\n"}measured here`,
          textAnchor: "end",
          dx: -8,
          dy: -8,
          lineAnchor: "bottom",
          fontSize: 11,
          fill: "var(--ink)",
          stroke: "var(--card)",
          strokeWidth: 4,
        }),
        ...DIRECTIONS.map((way) =>
          Plot.dot(of(way, points), {
            x: (point) => x(point.speed),
            y: (point) => y(point.oxygen),
            stroke: COLOURS[way],
            fill: "var(--card)",
            symbol: way === "forward" ? "circle" : "triangle",
            r: 4,
            strokeWidth: 1.75,
          }),
        ),
        ...(here.length === 2
          ? [
              Plot.arrow([here], {
                x1: ([one]) => x(one.speed),
                y1: ([one]) => y(one.oxygen),
                x2: ([, two]) => x(two.speed),
                y2: ([, two]) => y(two.oxygen),
                stroke: "var(--ink)",
                strokeWidth: 1.75,
                inset: 9,
                headLength: 7,
              }),
            ]
          : []),
        ...DIRECTIONS.map((way) =>
          Plot.dot(of(way, here), {
            x: (bout) => x(bout.speed),
            y: (bout) => y(bout.oxygen),
            fill: COLOURS[way],
            stroke: "var(--card)",
            strokeWidth: 2,
            r: 7,
            symbol: way === "forward" ? "circle" : "triangle",
          }),
        ),
        Plot.text(last, {
          x: (row) => x(row.speed),
          y: (row) => y(row.oxygen),
          text: "way",
          textAnchor: "end",
          dx: -6,
          dy: -6,
          lineAnchor: "bottom",
          fontSize: 13,
          fontWeight: 600,
          fill: "var(--ink)",
          stroke: "var(--card)",
          strokeWidth: 4,
        }),
        Plot.tip(
          points,
          Plot.pointer({
            x: (point) => x(point.speed),
            y: (point) => y(point.oxygen),
            title,
            fill: "var(--card)",
            stroke: "var(--muted)",
            fontSize: 13,
          }),
        ),
      ],
    },
    [
      ["kind", "study", "direction", "speed_m_s", "oxygen_uptake_ml_kg_min", "low", "high", "people", "standing"],
      ...curve.map((row) => ["estimate", "", row.way, row.speed, row.oxygen, row.low, row.high, "", ""]),
      ...points.map(({ study, way, speed, oxygen, n, standing }) => [
        "literature",
        study,
        way,
        speed,
        oxygen,
        "",
        "",
        n,
        standing,
      ]),
    ],
  );
}
