/** Every program in examples/ runs, as its readers run it. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { copyFile, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { expect } from "chai";
import { endOfExample, EXAMPLES, prepareExamples, runExample, startExample } from "./support/examples";

const QUEUES = ["account", "billing", "hardware", "network", "security"];
const CLASS = `(?:${QUEUES.join("|")})`;

async function firstLine(child: ChildProcess): Promise<string> {
  const [chunk] = (await once(child.stdout ?? child, "data")) as [string];
  return String(chunk).trim();
}

/** Asks a server that waits for full batches; resolves when it has all of the requests, to their answers to come. */
async function waitingRequests(address: string, count: number): Promise<Promise<Response>[]> {
  const post = (body: object): Promise<Response> =>
    fetch(`${address}/classify`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  expect((await post({ words: 1 })).status).to.equal(400);
  const asked = Array.from({ length: count }, (_, i) => post({ text: `the film of day ${i} was very bad` }));
  const deadline = performance.now() + 3000;
  let health: unknown;
  do {
    await delay(20);
    health = await (await fetch(`${address}/health`)).json();
  } while (!isDeepStrictEqual(health, { labels: QUEUES, waiting: count }) && performance.now() < deadline);
  expect(health).to.deep.equal({ labels: QUEUES, waiting: count });
  return asked;
}

describe("the examples run as they read", function () {
  this.timeout(240_000); // processes of their own, on machines with other work
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "torchwright-"));
    await prepareExamples(folder);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it("are all in the list of examples/README.md, and all run here", () => {
    const list = readFileSync(join(EXAMPLES, "README.md"), "utf8");
    const programs = readdirSync(EXAMPLES).filter((name) => name.endsWith(".mts"));
    expect([...list.matchAll(/^\| \[([\w-]+\.mts)\]\(\1\) \|/gm)].map(([, name]) => name)).to.have.members(programs);
    const here = readFileSync(__filename, "utf8");
    for (const name of programs) expect(here).to.contain(`Example("${name}", folder`);
  });

  describe("fine-tune.mts, and those that begin with what it saves", () => {
    let run: Awaited<ReturnType<typeof runExample>>;
    before(async () => (run = await runExample("fine-tune.mts", folder)));

    it("fine-tune.mts", async () => {
      expect(run.stdout)
        .to.match(/accuracy:? [01]/)
        .and.to.match(/macro-?F1/i);
      expect(run.stderr).to.contain("training on ").and.to.contain("step 6/6").and.to.not.contain("Warning");
      expect(await readdir(join(folder, "runs/tickets"))).to.include.members(["model", "log.jsonl", "training.json"]);
      const config = JSON.parse(await readFile(join(folder, "runs/tickets/model/config.json"), "utf8")) as {
        id2label: object;
      };
      expect(Object.values(config.id2label)).to.deep.equal(QUEUES);
    });

    it("classify.mts", async () => {
      expect((await runExample("classify.mts", folder)).stdout.trim().split("\n")).to.have.length(3);
    });

    it("server.mts, which SIGTERM ends when the twenty requests that wait are answered", async () => {
      const child = startExample("server.mts", folder, { PORT: "0", MAX_WAIT_MS: "4000" });
      const ended = endOfExample(child);
      try {
        const line = await Promise.race([
          firstLine(child),
          ended.then(({ stderr }) => Promise.reject(new Error(stderr))),
        ]);
        const asked = await waitingRequests(line, 20);
        child.kill("SIGTERM");
        for (const answer of await Promise.all(asked)) {
          expect(answer.status).to.equal(200);
          const { label, top } = (await answer.json()) as { label: string; top: object[] };
          expect(label).to.be.oneOf(QUEUES);
          expect(top).to.have.length(3);
        }
        const { code, stdout } = await ended;
        expect(stdout).to.contain("SIGTERM: all requests are answered");
        expect(code).to.equal(0);
      } finally {
        child.kill("SIGKILL");
      }
    });
  });

  it("training-loop.mts", async () => {
    const { stdout } = await runExample("training-loop.mts", folder);
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => line.replace(/[\d.]+, accuracy [01]\.\d{3}$/, "#")),
    ).to.deep.equal([1, 2, 3].map((epoch) => `epoch ${epoch}: mean loss #`));
  });

  it("own-dataset.mts", async () => {
    const { stdout } = await runExample("own-dataset.mts", folder);
    expect(stdout)
      .to.contain("Inspection of 58 rows in 3 splits")
      .and.to.match(/accuracy [01]\.\d{3}, macro-F1 [01]\.\d{3}\n$/);
  });

  it("long-documents.mts", async () => {
    const { stdout } = await runExample("long-documents.mts", folder);
    expect(stdout).to.match(
      new RegExp(`^accuracy [01]\\.\\d{3}\n\\d\\d words: ${CLASS}, with a probability of [01]\\.\\d\\d\n$`),
    );
  });

  it("multi-label.mts", async () => {
    const { stdout } = await runExample("multi-label.mts", folder);
    expect(stdout).to.match(/^micro-F1 [01]\.\d{3}, all tags right for \d+ %\ntags: .*\n(?: {2}\w+ [01]\.\d\d\n){6}$/);
  });

  it("class-imbalance.mts", async () => {
    const { stdout } = await runExample("class-imbalance.mts", folder);
    expect(stdout).to.match(
      /^(?:[a-z ]+: accuracy [01]\.\d\d, macro-F1 [01]\.\d\d, recall of "security" [01]\.\d\d\n){3}$/,
    );
  });

  it("custom-head.mts", async () => {
    const { stdout } = await runExample("custom-head.mts", folder);
    expect(stdout).to.match(new RegExp(`^accuracy [01]\\.\\d\\d\n${CLASS}, with a probability of [01]\\.\\d\\d\n$`));
    expect(await readdir(join(folder, "runs/custom-head"))).to.include.members([
      "config.json",
      "model.safetensors",
      "vocab.txt",
    ]);
  });

  it("torchscript.mts, on a file that Python wrote", async () => {
    await copyFile(join(__dirname, "golden/torchscript/scripted-logits.pt"), join(folder, "model.pt"));
    const { stdout } = await runExample("torchscript.mts", folder);
    expect(stdout).to.match(
      new RegExp(
        `^forward\\(.*input_ids: Tensor.*\\), 24 parameters\naccuracy [01]\\.\\d{3}\n${CLASS}, with a probability of [01]\\.\\d\\d\n$`,
      ),
    );
    expect(await readdir(join(folder, "runs/torchscript/model"))).to.include("model.pt");
  });

  it("worker.mts", async () => {
    const { stdout } = await runExample("worker.mts", folder);
    expect(stdout)
      .to.match(/^step 1: loss \d/)
      .and.to.match(/saved after \d+ steps, ended by abort/)
      .and.to.match(/the worker ended with code 0\n$/);
    expect(await readdir(join(folder, "runs/worker/model"))).to.include("model.safetensors");
  });

  it("search.mts", async () => {
    const { stdout, stderr } = await runExample("search.mts", folder);
    expect(stdout)
      .to.contain("Search of 9 trials to maximize the score: 3 done, 6 pruned")
      .and.to.contain("learningRate:");
    expect(stderr.match(/^trial /gm)).to.have.length(12);
    expect(await readdir(join(folder, "runs/search"))).to.include.members(["trials.jsonl", "report.html", "trial-0"]);
  });
});
