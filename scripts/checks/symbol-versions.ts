/**
 * The addons run wherever libtorch does: they ask for no newer glibc, libstdc++ or libgcc than libtorch's own
 * libraries. `npm run check:symbols`, or with a folder of addons; binding/src/portable_symbols.h is where what fails is
 * bound to an older version.
 */
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { locateLibtorch } from "../../lib/native/locate";
import { neededSymbols } from "./elf-versions";
import type { NeededSymbol } from "./elf-versions";

const ADDONS = ["loader.node", "torchwright.node"];

interface Version {
  /** `GLIBC`, `GLIBCXX`, `CXXABI`, … */
  readonly family: string;
  readonly numbers: readonly number[];
}

function parse(version: string): Version | undefined {
  const [, family, numbers] = /^([A-Z]+)_(\d+(?:\.\d+)*)$/.exec(version) ?? [];
  return family && numbers ? { family, numbers: numbers.split(".").map(Number) } : undefined;
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i += 1) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The newest version of each family that these symbols ask for. */
export function newestVersions(symbols: readonly NeededSymbol[]): Map<string, readonly number[]> {
  const newest = new Map<string, readonly number[]>();
  for (const { version } of symbols) {
    const parsed = version === undefined ? undefined : parse(version);
    if (!parsed) continue;
    const before = newest.get(parsed.family);
    if (!before || compare(parsed.numbers, before) > 0) newest.set(parsed.family, parsed.numbers);
  }
  return newest;
}

/** Symbols that are newer than the limits, or of a family that has none. */
export function tooNew(
  symbols: readonly NeededSymbol[],
  limits: ReadonlyMap<string, readonly number[]>,
): NeededSymbol[] {
  return symbols.filter(({ version }) => {
    const parsed = version === undefined ? undefined : parse(version);
    if (!parsed) return false;
    const limit = limits.get(parsed.family);
    return !limit || compare(parsed.numbers, limit) > 0;
  });
}

/** What the libraries of a libtorch ask for, taken together. */
export function librarySymbols(folder: string): NeededSymbol[] {
  const names = readdirSync(folder).filter((name) => /\.so(\.\d+)*$/.test(name));
  return names.flatMap((name) => neededSymbols(path.join(folder, name)));
}

/** As `GLIBC 2.28, GLIBCXX 3.4.22`. */
function list(versions: ReadonlyMap<string, readonly number[]>): string {
  return [...versions]
    .map(([family, numbers]) => `${family} ${numbers.join(".")}`)
    .sort()
    .join(", ");
}

function main(folder: string): number {
  const libtorch = locateLibtorch();
  const limits = newestVersions(librarySymbols(libtorch.libDir));
  console.log(`libtorch ${libtorch.version} ${libtorch.variant} asks for at most ${list(limits)}`);
  let failures = 0;
  for (const name of ADDONS) {
    const symbols = neededSymbols(path.join(folder, name));
    const newer = tooNew(symbols, limits);
    failures += newer.length;
    console.log(
      `${name} asks for at most ${list(newestVersions(symbols))}${newer.length > 0 ? "; newer than libtorch:" : ""}`,
    );
    for (const { symbol, version } of newer) console.log(`  ${symbol}@${version}`);
  }
  return failures;
}

if (require.main === module) {
  const root = path.join(__dirname, "..", "..");
  const prebuilt = path.join(root, "prebuilds", `${process.platform}-${process.arch}`);
  const folder = process.argv[2] ?? (existsSync(prebuilt) ? prebuilt : path.join(root, "build", "Release"));
  if (main(folder) > 0) process.exitCode = 1;
}
