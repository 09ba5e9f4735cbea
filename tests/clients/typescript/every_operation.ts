// Sends the requests on standard input, each by the generated client, and prints what it has read of the answers.
// `tests/test_clients.py` compiles it strictly beside the generated schema.d.ts, runs it, and compares what it prints.

import { readFileSync } from "node:fs";
import createClient, { type Client } from "openapi-fetch";
import type { components, operations, paths } from "./schema.js";

type Schemas = components["schemas"];

/** A request: its name, which is sent as X-Request-ID, the operation, the address, and what is sent. */
interface Job {
  name: string;
  operation: keyof operations;
  url: string;
  headers: Record<string, string>;
  query: Record<string, string>;
  body: unknown;
  base64: string;
}

interface Answer {
  response: Response;
  data?: unknown;
  error?: Schemas["Problem"] | undefined;
}

type Call = (client: Client<paths>, job: Job, params: { header: { "X-Request-ID": string } }) => Promise<Answer>;

/** An operation of the contract that is not here does not compile. */
const calls: Record<keyof operations, Call> = {
  estimate: (client, job, params) =>
    client.POST("/estimate", { params, body: job.body as Schemas["EstimateRequest"] }),
  estimate_batch: (client, job, params) =>
    client.POST("/estimate/batch", { params, body: job.body as Schemas["BatchRequest"] }),
  estimate_table: (client, job, params) =>
    client.POST("/estimate/table", {
      params: { ...params, query: job.query },
      body: job.base64,
      bodySerializer: (body) => Buffer.from(body, "base64"),
      headers: { "Content-Type": "application/vnd.apache.arrow.stream" },
      parseAs: "arrayBuffer",
    }),
  workout: (client, job, params) =>
    client.POST("/workout", { params, body: job.body as Schemas["WorkoutRequest"] }),
  workout_track: (client, job, params) =>
    client.POST("/workout/track", {
      params,
      body: job.body as Schemas["TrackForm"],
      bodySerializer: (body) => {
        const form = new FormData();
        form.set("file", new Blob([body.file]));
        form.set("request", JSON.stringify(body.request));
        return form;
      },
    }),
  plan: (client, job, params) => client.POST("/plan", { params, body: job.body as Schemas["PlanRequest"] }),
  solve: (client, job, params) => client.POST("/solve", { params, body: job.body as Schemas["SolveRequest"] }),
  models: (client, _, params) => client.GET("/models", { params }),
  references: (client, _, params) => client.GET("/references", { params }),
  evidence: (client, _, params) => client.GET("/evidence", { params }),
  messages: (client, _, params) => client.GET("/messages", { params }),
  validation: (client, job, params) => client.GET("/validation", { params: { ...params, query: job.query } }),
  plot_energy: (client, job, params) =>
    client.GET("/plot/energy.svg", { params: { ...params, query: { grade: Number(job.query.grade ?? 0) } }, parseAs: "text" }),
  plot_load: (client, job, params) =>
    client.GET("/plot/load.svg", { params: { ...params, query: { speed_m_s: Number(job.query.speed_m_s) } }, parseAs: "text" }),
  plot_energy_data: (client, job, params) =>
    client.GET("/plot/energy.json", { params: { ...params, query: { grade: Number(job.query.grade ?? 0) } } }),
  plot_load_data: (client, job, params) =>
    client.GET("/plot/load.json", { params: { ...params, query: { grade: Number(job.query.grade ?? 0) } } }),
  livez: (client, _, params) => client.GET("/livez", { params }),
  readyz: (client, _, params) => client.GET("/readyz", { params }),
};

const answers: Record<string, { status: number; body: unknown }> = {};
for (const job of JSON.parse(readFileSync(0, "utf8")) as Job[]) {
  const client = createClient<paths>({ baseUrl: job.url, headers: job.headers });
  const { response, data, error } = await calls[job.operation](client, job, { header: { "X-Request-ID": job.name } });
  const body = data instanceof ArrayBuffer ? Buffer.from(data).toString("base64") : (data ?? error);
  answers[job.name] = { status: response.status, body: body ?? null };
}
process.stdout.write(JSON.stringify(answers));
