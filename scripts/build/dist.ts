/** Compiles `lib` to `dist`, with a thin ESM entry so that there is one copy of every class. */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { runNode } from "../../lib/build/run-node";
import { hashOf } from "../../lib/native/source-hash";
import { isStamped, removeStamp, writeStamp } from "./stamp";

const SOURCES = ["lib"];
const CONFIGURATION = ["tsconfig.json", "tsconfig.build.json", "scripts/build/dist.ts"];

/** Compiles what is not there yet for these sources; says whether it did. */
export async function buildDist(root: string, force: boolean): Promise<boolean> {
  const dist = path.join(root, "dist");
  const stamp = path.join(root, "build", "dist.stamp");
  const hash = hashOf(root, [...SOURCES, ...CONFIGURATION], []);
  if (!force && existsSync(path.join(dist, "index.mjs")) && isStamped(stamp, hash)) return false;

  removeStamp(stamp);
  rmSync(dist, { recursive: true, force: true });
  await runNode(root, "typescript/bin/tsc", ["-p", "tsconfig.build.json"]);
  const entry = '// The CommonJS build is the only one: two copies of a class would not know each other.\nexport * from "./index.js";\n';
  writeFileSync(path.join(dist, "index.mjs"), entry);
  writeFileSync(path.join(dist, "index.d.mts"), entry);
  writeStamp(stamp, hash);
  return true;
}
