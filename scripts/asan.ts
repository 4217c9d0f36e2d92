/**
 * Builds the addons with AddressSanitizer, UndefinedBehaviorSanitizer and the check that JavaScript is touched
 * on its own thread only, into `build-asan`, and runs the native tests and a short fuzz under them. A report
 * ends the process that it comes from, so the test around it fails.
 *
 * `npm run test:asan`, or `npm run test:asan -- test/tensor/scope.test.ts` for some files and no fuzz.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { locateLibtorch } from "../lib/native/locate";
import { buildAddon } from "./build/addon";

const ROOT = path.join(__dirname, "..");
const FOLDER = "build-asan";

/** What calls into the addon; downloads and tokenizers have no native code of ours. */
const TESTS = [
  "test/native/boundary.test.ts",
  "test/native/exit.test.ts",
  "test/native/threads.test.ts",
  "test/native/two-copies.test.ts",
  "test/tensor/**/*.test.ts",
  "test/autograd/**/*.test.ts",
  "test/functional/**/*.test.ts",
  "test/nn/**/*.test.ts",
  "test/optim/**/*.test.ts",
  "test/jit/**/*.test.ts",
  "test/models/**/*.test.ts",
];
const FUZZ_CALLS = 4000;

const ASAN_OPTIONS = [
  // V8 and libtorch keep what they have until the process ends.
  "detect_leaks=0",
  // An allocation that cannot be made is for the addon to report.
  "allocator_may_return_null=1",
  "max_allocation_size_mb=6000",
  // libtorch and Node are not instrumented: containers that cross the border have no annotations there.
  "detect_container_overflow=0",
];

function library(name: string): string {
  const file = execFileSync("g++", [`-print-file-name=${name}`], { encoding: "utf8" }).trim();
  if (!path.isAbsolute(file)) {
    throw new Error(`test:asan: g++ has no ${name}; install its sanitizer libraries (libasan, libubsan)`);
  }
  return file;
}

/** What is left of a report without the notes of allocations that could not be made, which tests ask for. */
function readReport(file: string): string {
  return readFileSync(file, "utf8")
    .replace(/^==\d+==WARNING: AddressSanitizer failed to allocate .*\n/gm, "")
    .trim();
}

async function main(): Promise<number> {
  const files = process.argv.slice(2);
  process.env.CXX ??= "g++"; // whose runtime libraries are loaded below
  await buildAddon(ROOT, locateLibtorch(), false, { folder: FOLDER, defines: ["TORCHWRIGHT_SANITIZE=ON"] });
  const logs = mkdtempSync(path.join(tmpdir(), "torchwright-asan-"));
  const env = {
    ...process.env,
    TORCHWRIGHT_ADDONS: path.join(ROOT, FOLDER, "Release"),
    // Before everything else, as the sanitizers demand; libstdc++ so that they find its exceptions.
    LD_PRELOAD: ["libasan.so", "libubsan.so", "libstdc++.so.6"].map(library).join(" "),
    ASAN_OPTIONS: [...ASAN_OPTIONS, `log_path=${path.join(logs, "asan")}`].join(":"),
    UBSAN_OPTIONS: `print_stacktrace=1:log_path=${path.join(logs, "ubsan")}`,
  };
  const run = (...args: string[]): boolean =>
    spawnSync(process.execPath, args, { cwd: ROOT, env, stdio: "inherit" }).status === 0;
  try {
    const tested = run(path.join("node_modules", "mocha", "bin", "mocha.js"), ...(files.length > 0 ? files : TESTS));
    // The sanitizers' own address space is vast, so the memory that is in use is watched instead.
    const fuzzed =
      files.length > 0 ||
      run(
        "-r",
        "ts-node/register/transpile-only",
        "scripts/fuzz.ts",
        "--calls",
        String(FUZZ_CALLS),
        "--seed",
        "1",
        "--call-seconds",
        "120",
        "--resident",
      );
    const reports = readdirSync(logs)
      .map((file) => readReport(path.join(logs, file)))
      .filter((text) => text !== "");
    for (const report of reports) console.log(report);
    console.log(`test:asan: ${reports.length} reports`);
    return tested && fuzzed && reports.length === 0 ? 0 : 1;
  } finally {
    rmSync(logs, { recursive: true, force: true });
  }
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
