/**
 * A stranger's first minute: an empty folder on a machine without compiler, cmake or Python on the path; install the
 * tarball, get libtorch, run README's first program. Each of the three with its time and what it downloaded.
 */
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
  existsSync,
} from "node:fs";
import path from "node:path";
import ts from "typescript";
import type { Libtorch } from "../../../lib/native/describe-libtorch";
import type { Tarball } from "../../build/tarball";
import { serveLibtorch } from "./loopback-mirror";
import { expect, run, runToEnd } from "./run";

const ABSENT = ["c++", "g++", "cc", "gcc", "clang++", "cmake", "make", "ninja", "python3", "python", "git"];

export interface FirstMinute {
  /** Where the package is installed, for what else is to be tried with it. */
  readonly folder: string;
  /** The cache with libtorch in it. */
  readonly cache: string;
  /** The environment without tools. */
  readonly env: NodeJS.ProcessEnv;
}

/** `minilm` is a folder of pretrained weights, which a user brings along. */
export async function firstMinute(
  root: string,
  work: string,
  tarball: Tarball,
  libtorch: Libtorch,
  minilm: string,
): Promise<FirstMinute> {
  const folder = path.join(work, "stranger");
  const cache = path.join(work, "cache");
  const npmCache = path.join(work, "npm-cache");
  mkdirSync(folder);
  const env = environment(work, { TORCHWRIGHT_CACHE: cache, npm_config_cache: npmCache });
  for (const name of ABSENT) {
    const { code } = await runToEnd("sh", ["-c", `command -v ${name}`], { cwd: folder, onlyEnv: env });
    expect(code !== 0, `no ${name} on the path`);
  }

  await timed("npm install torchwright", async () => {
    const { code, stderr } = await runToEnd("npm", ["install", "--no-audit", "--no-fund", tarball.file], {
      cwd: folder,
      onlyEnv: env,
    });
    expect(code === 0 && !/\bscripts?\b/.test(stderr), `npm to install it without a word about scripts, got ${stderr}`);
    // npm's cache began empty, and holds the tarball too.
    const dependencies = bytesOf(path.join(npmCache, "_cacache", "content-v2"), (bytes) => bytes !== tarball.bytes);
    return `${megabytes(dependencies)} downloaded for the dependencies, ${megabytes(tarball.bytes)} the tarball itself`;
  });

  const before = await runToEnd("node", ["-e", 'require("torchwright").Tensor.from([1])'], {
    cwd: folder,
    onlyEnv: env,
  });
  expect(
    before.code !== 0 && /npx torchwright setup/.test(before.stderr),
    `the first use to name npx torchwright setup, got ${before.stderr}`,
  );

  const mirror = await serveLibtorch(libtorch, path.join(work, "libtorch.zip"));
  try {
    await timed("npx torchwright setup", async () => {
      const args = [
        `--${libtorch.variant === "cpu" ? "cpu" : "cuda"}`,
        "--mirror",
        mirror.url,
        "--sha256",
        mirror.sha256,
        "--json",
      ];
      const told = await run("npx", ["--no-install", "torchwright", "setup", ...args], {
        cwd: folder,
        onlyEnv: { ...env, NO_PROXY: "127.0.0.1", no_proxy: "127.0.0.1" },
      });
      const { downloadedBytes, path: root } = JSON.parse(told) as {
        readonly downloadedBytes: number;
        readonly path: string;
      };
      expect(
        downloadedBytes === mirror.bytes && root.startsWith(cache),
        `${mirror.bytes} bytes to be downloaded into ${cache}, got ${told}`,
      );
      return `${megabytes(downloadedBytes)} downloaded from a mirror on loopback, not compressed (PyTorch's own archive has ${megabytes(mirror.officialBytes)})`;
    });
  } finally {
    mirror.close();
  }

  cpSync(minilm, path.join(folder, "minilm"), { recursive: true });
  writeFileSync(path.join(folder, "tickets.csv"), tickets());
  writeFileSync(path.join(folder, "first.mjs"), firstProgram(path.join(root, "README.md")));
  await timed("README's first program", async () => {
    const said = await run("node", ["first.mjs"], { cwd: folder, onlyEnv: env });
    expect(/0\.\d+|\b1\b/.test(said), `figures from README's first program, got ${said}`);
    expect(
      existsSync(path.join(folder, "runs", "tickets", "model", "model.safetensors")),
      "a saved model in runs/tickets/model",
    );
    return "0.0 MB downloaded (weights of MiniLM and tickets.csv are the user's)";
  });
  return { folder, cache, env };
}

/** Node, npm and a shell, and nothing else. */
function environment(work: string, more: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const bin = path.join(work, "bin");
  mkdirSync(bin);
  const node = path.dirname(process.execPath);
  symlinkSync(process.execPath, path.join(bin, "node"));
  for (const name of ["npm", "npx"]) symlinkSync(path.join(node, name), path.join(bin, name));
  symlinkSync("/bin/sh", path.join(bin, "sh"));
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      !/^(PATH|LIBTORCH|PYTHON|CXX|CC|TORCHWRIGHT_\w+|npm_(lifecycle|package)_\w+|NODE_OPTIONS|INIT_CWD)$/i.test(name),
  );
  return { ...Object.fromEntries(kept), PATH: bin, ...more };
}

/** The first block of TypeScript in README, as plain JavaScript with top-level await. */
function firstProgram(readme: string): string {
  const [, code] = /```ts\n([\s\S]*?)```/.exec(readFileSync(readme, "utf8")) ?? [];
  if (code === undefined || !code.includes("new Trainer(")) {
    throw new Error("README's first block of TypeScript is expected to train");
  }
  return ts.transpileModule(code, { compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext } })
    .outputText;
}

/** The user's data: short messages for three queues. */
function tickets(): string {
  const texts: Readonly<Record<string, readonly string[]>> = {
    hardware: ["the printer is out of toner", "my screen stays black", "the keyboard lost a key"],
    billing: ["the invoice has the wrong sum", "please refund my last payment", "I was charged twice"],
    access: ["I forgot my password", "my account is locked", "please give me access to the drive"],
  };
  const rows = Object.entries(texts).flatMap(([queue, bodies]) =>
    Array.from({ length: 32 }, (_, i) => `"${bodies[i % bodies.length]}, case ${i}",${queue}`),
  );
  return `body,queue\n${rows.join("\n")}\n`;
}

async function timed(what: string, work: () => Promise<string>): Promise<void> {
  const began = performance.now();
  const told = await work();
  console.log(`  ${what}: ${((performance.now() - began) / 1000).toFixed(1)} s; ${told}`);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function bytesOf(folder: string, counts: (bytes: number) => boolean): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const sizes = files.map((entry) => statSync(path.join(entry.parentPath, entry.name)).size);
  return sizes.filter(counts).reduce((sum, bytes) => sum + bytes, 0);
}
