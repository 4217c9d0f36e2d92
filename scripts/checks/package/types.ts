/**
 * The package's types for its consumers: every way to resolve them, strict and without skipLibCheck; publint and attw.
 */
import { mkdirSync, symlinkSync, writeFileSync, existsSync } from "node:fs";
import path from "node:path";
import { run } from "./run";
import type { Consumer } from "./programs";

/** What a program touches: values, types, overloads of operators, errors. */
const PROGRAM = `
import { AutoTokenizer, BertForSequenceClassification, DataLoader, F, noGrad, ops, Tensor, TextDataset, TorchwrightError, Trainer } from "torchwright";
import type { Batch, DType, ErrorCode, TrainerOptions } from "torchwright";

const x: Tensor = Tensor.from([[1, 2], [3, 4]], { requiresGrad: true });
const y: Tensor = noGrad(() => ops.softmax(x.matmul(x), -1).sum({ dim: [0] }));
const dtype: DType = y.dtype;
const code: ErrorCode = new TorchwrightError("ERR_INVALID_ARG", "no").code;
export async function train(options: TrainerOptions): Promise<number> {
  const data = await TextDataset.fromCsv("tickets.csv", { text: "body", label: "queue" });
  const tokenizer = await AutoTokenizer.fromPretrained("./minilm");
  const model = await BertForSequenceClassification.fromPretrained("./minilm", { labels: data.labels });
  const loader = new DataLoader(data, { tokenizer, batchSize: 2 });
  await new Trainer(model, options).fit(loader);
  let rows = 0;
  for await (const batch of loader) rows += sizeOf(batch);
  return rows + F.relu(x).numel;
}
function sizeOf(batch: Batch): number {
  return batch.inputIds.shape[0] ?? 0;
}
// @ts-expect-error a number is no name of a dtype
export const wrong: DType = 1;
export { code, dtype };
`;

const STRICT = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  noEmit: true,
  target: "ES2022",
  lib: ["ES2022"],
  types: ["node"],
};

const PROJECTS: Readonly<Record<string, { readonly options: object; readonly files: readonly string[] }>> = {
  node16: { options: { module: "node16", moduleResolution: "node16" }, files: ["program.cts", "program.mts"] },
  nodenext: { options: { module: "nodenext", moduleResolution: "nodenext" }, files: ["program.cts", "program.mts"] },
  bundler: { options: { module: "esnext", moduleResolution: "bundler" }, files: ["program.mts"] },
};

export async function checkTypes(root: string, { folder }: Consumer): Promise<void> {
  // A consumer has Node's types; here they are the checkout's.
  mkdirSync(path.join(folder, "node_modules", "@types"), { recursive: true });
  for (const name of ["@types/node", "undici-types"]) {
    const link = path.join(folder, "node_modules", name);
    if (!existsSync(link)) symlinkSync(path.join(root, "node_modules", name), link);
  }
  for (const file of ["program.cts", "program.mts"]) writeFileSync(path.join(folder, file), PROGRAM);
  const compiler = path.join(root, "node_modules", "typescript", "bin", "tsc");
  await Promise.all(
    Object.entries(PROJECTS).map(async ([name, { options, files }]) => {
      const project = `tsconfig.${name}.json`;
      writeFileSync(path.join(folder, project), JSON.stringify({ compilerOptions: { ...STRICT, ...options }, files }));
      await run(process.execPath, [compiler, "-p", project], { cwd: folder });
    }),
  );
}

/** The manifest and the types it names, as two tools see them that know every way to get them wrong. */
export async function checkManifest(root: string, tarball: string): Promise<void> {
  const tool = (name: string): string => path.join(root, "node_modules", ".bin", name);
  await run(tool("publint"), ["run", tarball, "--strict"], { cwd: root });
  await run(tool("attw"), [tarball, "--format", "ascii", "--no-color"], { cwd: root });
}
