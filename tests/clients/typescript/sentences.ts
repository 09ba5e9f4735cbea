// Shows in German what an answer says: ten lines, compiled strictly.
import createClient from "openapi-fetch";
import { GERMAN } from "./german.js";
import type { paths } from "./schema.js";

const client = createClient<paths>({ baseUrl: "http://127.0.0.1:8000" });
const bout = { body_mass_kg: 70, speed_m_s: 2.5, duration_s: 1200 };
const { data, error } = await client.POST("/estimate", { body: bout });
if (error) throw new Error(error.detail);
for (const sentence of [data.summary?.headline, data.summary?.knee, data.summary?.caution])
  if (sentence)
    console.log((GERMAN[sentence.code] ?? sentence.text).replace(/{(\w+)}/g, (_, name) => `${sentence.params[name]}`));
