// Shows quantities in the reader's units. With miles and pounds nothing is per kilometre or per kilogram: power and oxygen
// are those of the whole body.

import { METRES, inReadersUnits, rounded, toSi } from "./units.js";

const PER_MILE = METRES.imperial / METRES.metric;
const ML_PER_LITRE = 1000;
const LITRES = "L/min";

/** Name, unit and factor of quantities that have km or kg in their name or unit, by body mass [kg]. */
const IMPERIAL = {
  energy_per_km_kcal: () => ["Total energy per mile", "kcal/mi", PER_MILE],
  patellofemoral_impulse_per_km_bw_s: () => ["Knee-cap impulse per mile", "BW·s, one leg", PER_MILE],
  metabolic_power_w_kg: (mass) => ["Metabolic power", "W", mass],
  oxygen_uptake_ml_kg_min: (mass) => ["Oxygen uptake", LITRES, mass / ML_PER_LITRE],
};

/** Return name and unit of a quantity as the reader sees them, and a function that converts its numbers. */
export function asRead(field, name, unit, { units }, mass) {
  const found = units === "imperial" && IMPERIAL[field]?.(mass);
  const [as, into, factor] = found || [inWords(name, { units }), inWords(unit, { units }), 1];
  return { name: as, unit: into, of: (number) => scaled(number, factor) };
}

/** Multiply an estimate and its range. */
export const scaled = (found, factor) =>
  found &&
  Object.fromEntries(
    Object.entries(found).map(([key, value]) => [key, typeof value === "number" && key !== "covered" ? value * factor : value]),
  );

/** Return the name of the reader's long distance. */
export const long = ({ units }) => (units === "imperial" ? "mile" : "km");

/** Return words of this page with miles and pounds if the reader has them. A ratio per km is the same per mile. */
export function inWords(text, { units, mass }) {
  if (units !== "imperial") return text;
  const kilograms = mass && toSi("mass", mass, units);
  return inReadersUnits(text, units)
    .replace(/\bper km\b/g, "per mile")
    .replace(/\((\d+(?:\.\d+)?), SD (\d+(?:\.\d+)?)\)/g, "($1 ml/kg/min, SD $2 ml/kg/min)")
    .replace(/(\d+(?:\.\d+)?) ml\/kg\/min/g, (whole, number) =>
      kilograms ? `${rounded((number * kilograms) / ML_PER_LITRE)} ${LITRES}` : whole,
    );
}
