/** The list of installed libtorchs as text: one line each, the one in use marked. */
import { gigabytes } from "../../setup/disk";
import type { Inventory } from "../../setup/installed";

/** As `setup --list` prints it. */
export function inventoryText({ cache, installed, downloadBytes, used, unusable }: Inventory): string {
  const width = Math.max(0, ...installed.map(({ name }) => name.length));
  const lines = installed.map(({ name, bytes, path, used: mark, problem }) =>
    [
      `${mark ? "*" : " "} ${name.padEnd(width)}`,
      gigabytes(bytes).padStart(8),
      path,
      ...(problem === undefined ? [] : [`(${problem}; setup --force mends it)`]),
    ].join("  "),
  );
  if (lines.length === 0) lines.push(`no libtorch in ${cache}`);
  if (downloadBytes > 0) {
    lines.push(`  ${gigabytes(downloadBytes)} of downloads that were cut short, which setup resumes`);
  }
  if (installed.some((one) => one.used)) lines.push("* is used");
  else if (used) lines.push(`used: libtorch ${used.version} ${used.variant} in ${used.root}, which LIBTORCH names`);
  else if (unusable !== undefined) lines.push(`none is used: ${unusable}`);
  return lines.join("\n");
}
