/** Wheels through the user's own pip, so that its mirrors, proxies and local wheels are honoured. */
import { spawn } from "node:child_process";
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { writeFailure } from "./disk";
import { checksumProblem, download } from "./download";
import { request } from "./http";

/** What pip would take for a requirement, before anything large is transferred. */
export interface Candidate {
  readonly name: string;
  /** With the build's suffix, `2.13.0+cpu`. */
  readonly version: string;
  readonly url: string;
  readonly sha256: string | undefined;
  /** Names of the packages that it requires. */
  readonly requires: readonly string[];
}

interface PipReport {
  readonly install: readonly {
    readonly download_info: {
      readonly url: string;
      readonly archive_info?: { readonly hash?: string; readonly hashes?: { readonly sha256?: string } };
    };
    readonly metadata: { readonly name: string; readonly version: string; readonly requires_dist?: readonly string[] };
  }[];
}

export interface PipOptions {
  readonly python: string;
  /** Extra arguments, such as an index of one's own. */
  readonly args?: readonly string[];
  readonly timeoutMs?: number;
}

/** Asks pip what it would install. Fails with pip's last line as the message. */
export async function resolveWithPip(
  requirement: string,
  options: PipOptions & { readonly deps?: boolean },
): Promise<readonly Candidate[]> {
  const args = ["install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-", "--only-binary", ":all:"];
  // Quick: an unreachable index must not cost minutes before the next source is asked.
  args.push("--retries", "1", "--timeout", "15", ...(options.deps ? [] : ["--no-deps"]), ...(options.args ?? []));
  const output = await pip(options.python, [...args, requirement], options.timeoutMs ?? 120_000, "pipe");
  const start = output.indexOf("{");
  if (start < 0) throw new Error("pip gave no report; pip 22.2 or newer is needed");
  const report = JSON.parse(output.slice(start)) as PipReport;
  return report.install.map(({ download_info: info, metadata }) => ({
    name: metadata.name.toLowerCase().replaceAll("_", "-"),
    version: metadata.version,
    url: info.url,
    sha256: info.archive_info?.hashes?.sha256 ?? info.archive_info?.hash?.replace(/^sha256=/, ""),
    requires: (metadata.requires_dist ?? []).map((line) => /^[\w.-]+/.exec(line)?.[0].toLowerCase() ?? ""),
  }));
}

/** Bytes of a candidate where they can be known without the transfer. */
export async function announcedSize(candidate: Candidate): Promise<number | undefined> {
  try {
    if (candidate.url.startsWith("file:")) return (await stat(fileURLToPath(candidate.url))).size;
    const response = await request(candidate.url, { method: "HEAD", signal: AbortSignal.timeout(15_000) });
    const length = Number(response.headers.get("content-length") ?? Number.NaN);
    return response.ok && Number.isFinite(length) ? length : undefined;
  } catch {
    return undefined; // behind a proxy of pip's; pip itself checks the hash
  }
}

export interface WheelDownload extends PipOptions {
  readonly quiet?: boolean;
  /** As the server announced it. */
  readonly bytes?: number;
  readonly received?: (bytes: number) => void;
}

/**
 * Fetches a candidate into a folder of its own under `folder`, so that what an earlier fetch left is not taken for it;
 * a wheel on this machine is used where it lies. Returns its path.
 *
 * We download it ourselves, because pip resumes nothing; where that is refused, as by an index that only pip has the
 * password of, pip does.
 */
export async function downloadWheel(candidate: Candidate, folder: string, options: WheelDownload): Promise<string> {
  const { url, sha256 } = candidate;
  if (url.startsWith("file:")) return checked(fileURLToPath(url), sha256);
  const own = path.join(folder, ownFolder(candidate));
  if (sha256 === undefined) return pipDownload(candidate, own, options);
  const file = path.join(own, decodeURIComponent(path.posix.basename(new URL(url).pathname)));
  const { bytes, quiet, received } = options;
  try {
    if ((await stat(file).catch(() => undefined)) && (await checksumProblem(file, sha256)) === undefined) return file;
    await download({ url, ...(bytes !== undefined && { bytes }) }, file, {
      sha256,
      ...(quiet && { quiet }),
      ...(received && { received }),
    });
    return file;
  } catch (error) {
    const failure = await writeFailure(error, folder);
    // What has begun is resumed by the next run; pip would begin anew.
    if (failure ?? (await stat(`${file}.part`).catch(() => undefined))) throw failure ?? error;
    const fetched = await checked(await pipDownload(candidate, own, options), sha256);
    received?.((await stat(fetched)).size);
    return fetched;
  }
}

async function checked(file: string, sha256: string | undefined): Promise<string> {
  const problem = sha256 === undefined ? undefined : await checksumProblem(file, sha256);
  if (problem !== undefined) throw new Error(problem);
  return file;
}

/** Builds for other Pythons have the same name and version, but another checksum. */
function ownFolder({ name, version, sha256 }: Candidate): string {
  return [name, version, ...(sha256 === undefined ? [] : [sha256.slice(0, 12)])].join("-");
}

async function pipDownload(candidate: Candidate, folder: string, options: PipOptions): Promise<string> {
  const requirement = `${candidate.name}==${candidate.version}`;
  // Without pip's own cache, which would keep gigabytes a second time.
  const args = [
    "download",
    "--no-cache-dir",
    "--no-deps",
    "--only-binary",
    ":all:",
    "--dest",
    folder,
    ...(options.args ?? []),
    requirement,
  ];
  await pip(options.python, args, undefined, "inherit");
  const prefix = candidate.name.replaceAll("-", "_");
  const wheels = (await readdir(folder)).filter(
    (name) => name.endsWith(".whl") && name.toLowerCase().startsWith(`${prefix}-`),
  );
  if (wheels.length !== 1 || !wheels[0]) {
    throw new Error(`pip left ${wheels.length} wheels of ${requirement}, expected 1`);
  }
  return path.join(folder, wheels[0]);
}

function pip(
  python: string,
  args: readonly string[],
  timeoutMs: number | undefined,
  output: "pipe" | "inherit",
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(python, ["-m", "pip", "--disable-pip-version-check", ...args], {
      // pip's own progress goes to our stderr: stdout is for results.
      stdio: ["ignore", output === "pipe" ? "pipe" : 2, output === "pipe" ? "pipe" : 2],
      env: { ...process.env, PIP_REQUIRE_VIRTUALENV: "false" },
      ...(timeoutMs === undefined ? {} : { timeout: timeoutMs, killSignal: "SIGKILL" as const }),
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout?.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr?.on("data", (chunk: Buffer) => stderr.push(chunk));
    child.on("error", (error) => reject(new Error(`${python} could not be run: ${error.message}`)));
    child.on("close", (code, signal) => {
      if (code === 0) return resolve(Buffer.concat(stdout).toString());
      if (signal) return reject(new Error(`pip was ended (${signal}) after ${timeoutMs ?? 0} ms`));
      return reject(new Error(lastError(Buffer.concat(stderr).toString()) ?? `pip ended with code ${code}`));
    });
  });
}

/** pip's last ERROR line says what is wrong; that an index did not answer only stands in the lines before. */
function lastError(text: string): string | undefined {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const error = lines.findLast((line) => line.startsWith("ERROR:")) ?? lines.at(-1);
  const unreachable = lines.some((line) => line.includes("connection broken by"));
  return (
    error && `${error.replace(/^ERROR:\s*/, "").slice(0, 300)}${unreachable ? " (an index could not be reached)" : ""}`
  );
}
