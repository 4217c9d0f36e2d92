/**
 * Examples as a reader runs them: a process of its own, in a folder with a small encoder and the tables of
 * examples/data.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { scope } from "../../lib/tensor/scope";
import { loadSafetensors, saveSafetensors } from "../../lib/models/state-file";
import { tinyBert, writeTokenizer } from "./tiny-bert";
import { REGISTER } from "./register";

export const EXAMPLES = join(__dirname, "../../examples");

/** `./minilm` without a head, as a pretrained encoder has none, its tokenizer, and the data. */
export async function prepareExamples(folder: string): Promise<void> {
  const minilm = join(folder, "minilm");
  using model = tinyBert(["x", "y"]);
  await model.save(minilm);
  await writeTokenizer(minilm);
  await rm(join(minilm, "manifest.json")); // the weights change below
  await scope(async () => {
    const weights = await loadSafetensors(join(minilm, "model.safetensors"));
    const encoder = [...weights].filter(([name]) => !name.startsWith("classifier."));
    await saveSafetensors(join(minilm, "model.safetensors"), new Map(encoder));
  });
  await cp(join(EXAMPLES, "data"), folder, { recursive: true });
}

/** Starts an example in a folder. */
export function startExample(name: string, cwd: string, env: NodeJS.ProcessEnv = {}): ChildProcess {
  const args = ["-r", REGISTER, join(__dirname, "run-program.ts"), join(EXAMPLES, name)];
  return spawn(process.execPath, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
}

/** What an example printed, once it has ended. */
export async function endOfExample(
  child: ChildProcess,
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const [stdout, stderr] = [child.stdout, child.stderr].map((stream) => {
    const chunks: string[] = [];
    stream?.setEncoding("utf8").on("data", (chunk: string) => chunks.push(chunk));
    return chunks;
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout: stdout?.join("") ?? "", stderr: stderr?.join("") ?? "" };
}

/** Runs an example to its end; one that fails throws with what it printed. */
export async function runExample(
  name: string,
  cwd: string,
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const { code, stdout, stderr } = await endOfExample(startExample(name, cwd));
  if (code !== 0) throw new Error(`${name} ended with code ${code}\n${stdout}\n${stderr}`);
  return { stdout, stderr };
}
