/**
 * `npm run verify:hub`: do Python's `huggingface_hub` and this share one cache?
 *
 * Serves a small model from a hub on loopback (`test/support/hub-server.ts`) and lets `scripts/verify_hub.py` open what
 * was fetched here, without network and with it, and fetch another, which is then opened here. Last, the program that
 * ERR_PICKLE_WEIGHTS prints is run in Python. Ends with JSON as the last line, and code 1 where something was fetched
 * twice or computes other logits.
 */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  AutoTokenizer,
  BertForSequenceClassification,
  type HubOptions,
  scope,
  Tensor,
  TorchwrightError,
} from "../lib/index";
import { type HubServer, repositoryOf, serveHub } from "../test/support/hub-server";
import { tinyBert, tinyTokenizer } from "../test/support/tiny-bert";
import { referencePython, runReference } from "./python-env";

const TEXT = "the film was good";
const OURS_FIRST = "org/ours-first";
const PYTHON_FIRST = "org/python-first";
const PICKLED = "org/pickled";

interface Report {
  readonly logits: Readonly<Record<"offline" | "online" | "fetched", number[][]>>;
  readonly warnings: readonly string[];
}

async function filesOf(folder: string): Promise<Record<string, Buffer>> {
  const names = await readdir(folder);
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(path.join(folder, name))] as const)),
  );
}

async function logits(name: string, options: HubOptions): Promise<number[][]> {
  using model = await BertForSequenceClassification.fromPretrained(name, { ...options, device: "cpu" });
  const tokenizer = await AutoTokenizer.fromPretrained(name, options);
  const { ids } = await tokenizer.encode(TEXT);
  model.eval();
  return scope(
    async () =>
      (await model.forward({ inputIds: Tensor.from([Array.from(ids, BigInt)]) })).logits.toArray() as number[][],
  );
}

/** Files of a model that were asked for since the last call. */
function transferred(hub: HubServer, name: string): readonly string[] {
  return hub.requests
    .splice(0)
    .flatMap(({ path: place }) => (place.startsWith(`/${name}/resolve/`) ? path.basename(place) : []));
}

function close(a: number[][], b: number[][]): boolean {
  return a.flat().every((value, i) => Math.abs(value - (b.flat()[i] ?? NaN)) < 1e-5);
}

/** Runs a program's text in Python; its error output is shown. */
function runProgram(python: string, program: string, cwd: string): Promise<number | null> {
  return new Promise((resolve, reject) => {
    spawn(python, ["-c", program], { cwd, stdio: ["ignore", "ignore", "inherit"] })
      .once("error", reject)
      .once("close", resolve);
  });
}

async function verify(work: string, hub: HubServer): Promise<Readonly<Record<string, boolean>>> {
  const options: HubOptions = {
    endpoint: hub.url,
    cacheDir: path.join(work, "cache"),
    token: false,
    progress: "silent",
  };
  const python = await referencePython();
  const ours = await logits(OURS_FIRST, options);
  hub.requests.length = 0;
  const report = (await runReference(python, "verify_hub.py", [
    options.cacheDir ?? "",
    OURS_FIRST,
    PYTHON_FIRST,
    TEXT,
    path.join(work, "pickle"),
  ])) as Report;
  const pythonFetchedAgain = hub.requests
    .filter(({ path: place }) => place.includes(OURS_FIRST))
    .some(({ host }) => host === "cdn");
  hub.requests.length = 0;
  const snapshots = path.join(options.cacheDir ?? "", `models--${PYTHON_FIRST.replace("/", "--")}`, "snapshots");
  const byPython = (await readdir(snapshots, { recursive: true })).map((name) => path.basename(name));
  const after = await logits(PYTHON_FIRST, options);
  const fetchedAgain = transferred(hub, PYTHON_FIRST).filter((name) => byPython.includes(name));
  const offline = await logits(PYTHON_FIRST, { ...options, localFilesOnly: true });

  hub.repositories.set(PICKLED, repositoryOf(await filesOf(path.join(work, "pickle"))));
  const refused = await BertForSequenceClassification.fromPretrained(PICKLED, options).then(
    () => undefined,
    (error: unknown) => error,
  );
  const program =
    refused instanceof TorchwrightError && refused.code === "ERR_PICKLE_WEIGHTS"
      ? refused.message.slice(refused.message.indexOf("\n"))
      : "raise SystemExit(1)";
  const code = await runProgram(python, program, work);
  const converted = code === 0 ? await logits(path.join(work, "pickled"), options).catch(() => [[]]) : [[]];
  return {
    "Python opens without network what was fetched here": close(ours, report.logits.offline),
    "Python does not fetch it again": close(ours, report.logits.online) && !pythonFetchedAgain,
    "Python's scan of the cache finds nothing odd": report.warnings.length === 0,
    "what Python fetched is opened here, and not fetched again":
      close(ours, after) &&
      close(ours, report.logits.fetched) &&
      byPython.includes("model.safetensors") &&
      fetchedAgain.length === 0,
    "and without network": close(ours, offline),
    "a pickle is converted by the program that the error prints": close(ours, converted) && converted[0]?.length === 2,
  };
}

async function main(): Promise<void> {
  const work = await mkdtemp(path.join(tmpdir(), "torchwright-hub-"));
  await mkdir(path.join(work, "cache"));
  using model = tinyBert();
  await model.save(path.join(work, "model"), { tokenizer: await tinyTokenizer() });
  const files = await filesOf(path.join(work, "model"));
  const hub = await serveHub({ [OURS_FIRST]: repositoryOf(files), [PYTHON_FIRST]: repositoryOf(files) });
  // For Python; the plain protocol, as the hub on loopback has no other.
  Object.assign(process.env, {
    HF_ENDPOINT: hub.url,
    HF_HUB_DISABLE_XET: "1",
    HF_HUB_DISABLE_TELEMETRY: "1",
    HF_HOME: path.join(work, "home"),
    HF_HUB_DISABLE_IMPLICIT_TOKEN: "1",
  });
  try {
    const checks = await verify(work, hub);
    const ok = Object.values(checks).every(Boolean);
    process.stdout.write(`${JSON.stringify({ ok, checks })}\n`);
    if (!ok) process.exitCode = 1;
  } finally {
    await hub.close();
    await rm(work, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
