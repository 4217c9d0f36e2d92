/** A prediction service: requests at the same time share batches of the model, and SIGTERM ends it when all are answered. */
import { fastify } from "fastify";
import { Classifier } from "torchwright";

// A batch that is not full waits this long for further requests; the model never waits for texts that are there.
const maxWaitMs = Number(process.env["MAX_WAIT_MS"] ?? 2);
const classifier = await Classifier.load("runs/tickets/model", { maxWaitMs, batchSize: 64 });
await classifier.predict("warm-up"); // what is done once is done before the first request

const app = fastify({ bodyLimit: 65_536, logger: process.env["LOG"] === "1" });
const schema = { body: { type: "object", required: ["text"], properties: { text: { type: "string", minLength: 1 } } } };
let waiting = 0;
app.post<{ Body: { text: string } }>("/classify", { schema }, async ({ body }, reply) => {
  if (waiting >= 1000) return reply.code(503).send({ message: "busy, try again" });
  waiting++;
  try {
    return await classifier.predict(body.text, { topK: 3 });
  } finally {
    waiting--;
  }
});
app.get("/health", () => ({ labels: classifier.labels, waiting }));

let ending = false;
app.addHook("onSend", async (_request, reply) => {
  if (ending) reply.header("connection", "close"); // or a client's idle connection would hold up the end
});

async function end(signal: string): Promise<void> {
  ending = true;
  await app.close(); // takes no more connections, and waits for the answers that are due
  classifier.dispose();
  console.log(`${signal}: all requests are answered`);
}
for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => void end(signal));

console.log(await app.listen({ port: Number(process.env["PORT"] ?? 3000), host: "127.0.0.1" }));
