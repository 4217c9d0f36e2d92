/**
 * The report of the public surface, docs/api/torchwright.api.md: `npm run api` writes it anew, `npm run api -- --check`
 * fails where it is stale. A change of what users can see or call thereby shows in review.
 */
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { Extractor, ExtractorConfig, ExtractorLogLevel } from "@microsoft/api-extractor";
import { buildDist } from "./build/dist";

const ROOT = path.join(__dirname, "..");
const REPORT = "docs/api/torchwright.api.md";

/** The first lines that differ, for a message. */
function firstDifference(before: string, now: string): string {
  const [old, fresh] = [before.split("\n"), now.split("\n")];
  const at = fresh.findIndex((line, i) => line !== old[i]);
  return `line ${at + 1}:\n  - ${old[at] ?? "(the end)"}\n  + ${fresh[at] ?? "(the end)"}`;
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return ""; // not written yet
  }
}

async function main(check: boolean): Promise<void> {
  await buildDist(ROOT, false);
  mkdirSync(path.join(ROOT, "docs", "api"), { recursive: true });
  const config = ExtractorConfig.loadFileAndPrepare(path.join(ROOT, "api-extractor.json"));
  const { succeeded, apiReportChanged } = Extractor.invoke(config, {
    localBuild: false, // which would overwrite the report
    messageCallback(message) {
      // It runs with a newer compiler of its own, and says so; that the report changed is said below.
      message.handled =
        message.logLevel === ExtractorLogLevel.Warning ? false : message.messageId.startsWith("console-");
      if (message.messageId.startsWith("console-api-report")) message.logLevel = ExtractorLogLevel.None;
    },
  });
  const made = path.join(config.reportTempFolder, config.reportFilePath.split("/").at(-1) ?? "");
  if (!succeeded && !apiReportChanged) {
    throw new Error("api: api-extractor found problems in the public surface; see above");
  }
  if (!apiReportChanged) return console.log(`api: ${REPORT} is up to date`);
  if (check) {
    throw new Error(
      `api: ${REPORT} is not the surface of these sources; npm run api writes it anew. First difference, ${firstDifference(read(path.join(ROOT, REPORT)), read(made))}`,
    );
  }
  copyFileSync(made, path.join(ROOT, REPORT));
  console.log(`api: wrote ${REPORT}; look at what changed, and say in CHANGELOG.md what users should know`);
}

main(process.argv.includes("--check")).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
