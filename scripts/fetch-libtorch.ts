#!/usr/bin/env node
/** Command line of the fetch: `npm run fetch-libtorch -- [options]`, or `npx torchwright-fetch-libtorch`. */
import { parseArgs } from "node:util";
import { fetchLibtorch, sourcesFor } from "./libtorch/fetch";
import type { FetchOptions } from "./libtorch/fetch";
import { VARIANTS } from "./libtorch/release";
import type { Variant } from "./libtorch/release";

const USAGE = `Fetches libtorch into the per-user cache (TORCHWRIGHT_CACHE moves it).

  --variant cpu|cu130        which build; default cpu
  --from <folder|archive>    take this libtorch or torch folder, .zip or .whl
  --from-python [python]     copy the torch that this Python has; default python3
  --archive-url <url>        another address of the official archive
  --sha256 <hex>             checksum of the archive, where none is pinned
  --only archive|pip         only this kind of source
  --python <python>          whose pip to ask; default PYTHON, then python3
  --force                    fetch again what is there
  --quiet                    no progress bar
  --list                     print the sources in the order they would be tried`;

/** `--from-python` may stand without a value. */
function withDefaultPython(args: readonly string[]): string[] {
  return args.flatMap((arg, index) => {
    const next = args[index + 1];
    return arg === "--from-python" && (next === undefined || next.startsWith("--")) ? [arg, "python3"] : [arg];
  });
}

function parse(args: readonly string[]): { options: FetchOptions; list: boolean; help: boolean } {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  const { values } = parseArgs({
    args: withDefaultPython(args),
    options: {
      variant: text, from: text, "from-python": text, "archive-url": text, sha256: text, only: text, python: text,
      force: flag, quiet: flag, list: flag, help: flag,
    },
  });
  const variant = VARIANTS.find((known) => known === values.variant);
  if (values.variant !== undefined && !variant) throw new Error(`--variant: expected ${VARIANTS.join(" or ")}, got ${values.variant}`);
  const only = (["archive", "pip"] as const).find((known) => known === values.only);
  if (values.only !== undefined && !only) throw new Error(`--only: expected archive or pip, got ${values.only}`);
  if (values.sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(values.sha256)) {
    throw new Error(`--sha256: expected 64 hexadecimal digits, got ${values.sha256}`);
  }
  const options = {
    ...(variant && { variant: variant satisfies Variant }),
    ...(values.from !== undefined && { from: values.from }),
    ...(values["from-python"] !== undefined && { fromPython: values["from-python"] }),
    ...(values["archive-url"] !== undefined && { archiveUrl: values["archive-url"] }),
    ...(values.sha256 !== undefined && { sha256: values.sha256 }),
    ...(only && { only }),
    ...(values.python !== undefined && { python: values.python }),
    force: values.force ?? false,
    quiet: values.quiet ?? false,
  };
  return { options, list: values.list ?? false, help: values.help ?? false };
}

async function main(): Promise<void> {
  const { options, list, help } = parse(process.argv.slice(2));
  if (help) return console.log(USAGE);
  if (list) return sourcesFor(options).forEach((source, index) => console.log(`${index + 1}. ${source.name}`));
  const found = await fetchLibtorch(options);
  console.log(`libtorch ${found.version} ${found.variant}: ${found.root}`);
}

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
