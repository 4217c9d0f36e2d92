/**
 * Streams some gigabytes of generated rows through a reader and says how fast it went and how much memory was resident
 * at most:
 * `node -r ts-node/register/transpile-only scripts/checks/stream-memory.ts csv|csv.gz|jsonl|json [gigabytes] [file]`.
 * Without a file the bytes come from a generator; with one they are written there first, unless it exists. Fails at 400
 * MB.
 */
import { createWriteStream, existsSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { csvSource } from "../../lib/data/sources/csv-source";
import { jsonLinesSource } from "../../lib/data/sources/json-lines-source";
import { jsonSource } from "../../lib/data/sources/json-source";
import type { SourceInput } from "../../lib/data/sources/source-input";

const MOST_MB = 400;
const [format = "csv", gigabytes = "5", file] = process.argv.slice(2);

/** Rows of about 200 bytes, in pieces of about 200 kB. */
function* rows(bytes: number): Generator<Buffer, void, void> {
  const text =
    "the printer is on fire again, please help me with my account and my password: the page does not load ".repeat(2);
  let id = 0;
  let written = 0;
  const csv = format.startsWith("csv");
  if (csv) yield Buffer.from("id,text,label,created\n");
  if (format === "json") yield Buffer.from("[");
  while (written < bytes) {
    let piece = "";
    for (let i = 0; i < 1000; i++, id++) {
      const own = text.slice(0, 100 + (id % 100));
      const object = (): string => JSON.stringify({ id, text: own, label: `class ${id % 7}`, created: "2026-01-02" });
      if (csv) piece += `${id},"${own} ""really""",class ${id % 7},2026-01-02\n`;
      else piece += format === "json" ? `${id === 0 ? "" : ",\n"}${object()}` : `${object()}\n`;
    }
    const made = Buffer.from(piece);
    written += made.length;
    yield made;
  }
  if (format === "json") yield Buffer.from("]");
}

async function main(): Promise<void> {
  const bytes = Number(gigabytes) * 1e9;
  if (file !== undefined && !existsSync(file)) {
    const pieces = Readable.from(rows(bytes));
    await (format.endsWith(".gz")
      ? pipeline(pieces, createGzip({ level: 1 }), createWriteStream(file))
      : pipeline(pieces, createWriteStream(file)));
  }
  const input: SourceInput = file ?? rows(bytes);
  const source = { csv: csvSource, jsonl: jsonLinesSource, json: jsonSource }[
    format.replace(".gz", "") as "csv" | "jsonl" | "json"
  ]("stream-memory", input);
  let count = 0;
  let most = 0;
  const begin = performance.now();
  for await (const chunk of source.chunks()) {
    count += chunk.length;
    most = Math.max(most, process.memoryUsage.rss());
  }
  const seconds = (performance.now() - begin) / 1000;
  console.log(
    `${format}: ${count} rows, about ${gigabytes} GB in ${seconds.toFixed(1)} s: ${(bytes / 1e6 / seconds).toFixed(0)} MB/s; at most ${(most / 1e6).toFixed(0)} MB resident`,
  );
  if (most > MOST_MB * 1e6) process.exitCode = 1;
}

void main();
