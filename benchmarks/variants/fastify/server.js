// (f) Fastify: parse the request, validate it by a schema, and send the answer that the service gives to it.
// It computes nothing: `node server.js HOST PORT`, with the answer in BENCH_ANSWER.
import fastify from "fastify";

const [host, port] = process.argv.slice(2);
const answer = process.env.BENCH_ANSWER;
const number = (minimum, maximum) => ({ type: "number", minimum, maximum });

const body = {
  type: "object",
  additionalProperties: false,
  required: ["body_mass_kg", "speed_m_s", "duration_s"],
  properties: {
    body_mass_kg: number(30, 250),
    speed_m_s: number(0.2, 8),
    duration_s: number(1, 172800),
  },
};

const app = fastify();
app.get("/livez", async () => ({ status: "alive" }));
app.post("/estimate", { schema: { body } }, async (_, reply) => reply.type("application/json").send(answer));
process.once("SIGTERM", () => app.close());
await app.listen({ host, port: Number(port) });
