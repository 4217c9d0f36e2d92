/** What this machine is, as far as a prebuilt addon cares: system, processor and C library. */

/** What the prebuilt addons run on. */
export const PREBUILT_FOR = "linux-x64 with glibc 2.28 or newer";

/** `linux-x64 with glibc 2.36`, `linux-x64 with musl`, `darwin-arm64`. */
export function systemName(): string {
  const name = `${process.platform}-${process.arch}`;
  if (process.platform !== "linux") return name;
  const glibc = glibcVersion();
  return `${name} with ${glibc === undefined ? "musl" : `glibc ${glibc}`}`;
}

/** Whether Node was linked to musl, as on Alpine. */
export function isMusl(): boolean {
  return process.platform === "linux" && glibcVersion() === undefined;
}

/** Node's own report says which glibc is running; it says none where there is another C library. */
function glibcVersion(): string | undefined {
  const { report } = process as { report: { excludeNetwork?: boolean; getReport(): unknown } };
  const before = report.excludeNetwork;
  report.excludeNetwork = true; // names of network peers take seconds to look up
  try {
    return (report.getReport() as { header: { glibcVersionRuntime?: string } }).header.glibcVersionRuntime;
  } finally {
    if (before !== undefined) report.excludeNetwork = before;
  }
}
