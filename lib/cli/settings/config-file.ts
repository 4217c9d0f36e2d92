/** `--config`: settings from a file of JSON or YAML, under the names that the library has for them. */
import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { describe, TorchwrightError } from "../../errors";
import { UsageError } from "../usage-error";
import { nearest } from "./nearest";
import { flagName, kebab, keyName, type Setting } from "./setting";

/** Settings by name; those of a group are in an object of their own. */
export type Settings = Readonly<Record<string, unknown>>;

/**
 * Reads the file and checks every key and kind of value.
 * @throws UsageError naming the file and the key, with the nearest name for one that does not exist; ERR_FILE_READ
 */
export async function readConfig(file: string, settings: readonly Setting[]): Promise<Settings> {
  const text = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") {
      throw new UsageError(`--config: expected a file, got "${file}", which does not exist`, {
        code: "ERR_FILE_NOT_FOUND",
        cause,
      });
    }
    throw new TorchwrightError("ERR_FILE_READ", `--config: could not read ${file}: ${cause.message}`, { cause });
  });
  let value: unknown;
  try {
    // YAML has JSON in it; a file that calls itself JSON is held to that.
    value = file.endsWith(".json") ? JSON.parse(text.replace(/^\uFEFF/, "")) : parse(text);
  } catch (cause) {
    throw new UsageError(
      `--config: expected ${file} to be ${file.endsWith(".json") ? "JSON" : "YAML or JSON"}: ${(cause as Error).message.split("\n")[0]}`,
      { cause },
    );
  }
  if (!isObject(value)) {
    throw new UsageError(`--config: expected an object of settings in ${file}, got ${describe(value)}`);
  }
  return checkKeys(file, value, settings);
}

/** The settings of a configuration whose keys and values are all known. */
function checkKeys(file: string, given: Settings, settings: readonly Setting[]): Settings {
  const groups = new Set(settings.flatMap(({ path }) => (path.length > 1 ? [path[0]] : [])));
  const checked: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    if (groups.has(name) && isObject(value)) {
      const inside = settings.filter(({ path }) => path[0] === name && path.length > 1);
      checked[name] = Object.fromEntries(
        Object.entries(value).map(([inner, one]) => [inner, checkValue(file, [name, inner], one, inside)]),
      );
    } else checked[name] = checkValue(file, [name], value, settings);
  }
  return checked;
}

function checkValue(
  file: string,
  path: readonly [string] | readonly [string, string],
  value: unknown,
  among: readonly Setting[],
): unknown {
  const key = keyName({ path });
  const setting = among.find((one) => keyName(one) === key);
  if (!setting) {
    const inside = among.filter((one) => path.length === 1 && one.path[0] === key);
    if (inside.length > 0) {
      throw new UsageError(
        `--config: expected ${key} in ${file} to be an object with ${inside.map((one) => one.path[1]).join(", ")}, got ${describe(value)}`,
      );
    }
    const known = among.map(keyName);
    const outer = [...new Set(among.map(({ path: [first] }) => first))];
    const guess =
      among.find(({ short, flag }) => [short, flag].includes(kebab(key)))?.path.join(".") ??
      nearest(key, [...known, ...outer]);
    const inGroup = among.some((one) => one.path[0] === path[0]);
    const other =
      guess !== undefined
        ? `did you mean ${JSON.stringify(guess)}?`
        : inGroup
          ? `expected one of ${known.join(", ")}`
          : "--help lists what there is, in kebab case";
    throw new UsageError(`--config: ${file} has the key ${JSON.stringify(key)}, which does not exist; ${other}`);
  }
  if (!setting.kind.fits(value)) {
    throw new UsageError(
      `--config: expected ${key} in ${file} to be ${setting.kind.inFile ?? setting.kind.expected}, got ${describe(value)}`,
    );
  }
  return value;
}

/**
 * The file's settings with those of the command line over them; a group that is switched on without any settings is an
 * empty object.
 */
export function withFlags(
  file: Settings,
  flags: readonly (readonly [setting: Setting, value: unknown])[],
  settings: readonly Setting[],
): Settings {
  for (const [{ path, on }, value] of flags) {
    if (on !== true || value !== false) continue;
    const inside = flags.find(([other]) => other.path.length > 1 && other.path[0] === path[0])?.[0];
    if (inside) {
      throw new UsageError(`--no-${kebab(path[0])}: expected none of its settings, got --${flagName(inside)}`);
    }
  }
  const merged: Record<string, unknown> = { ...file };
  for (const [
    {
      path: [name, inner],
      on,
    },
    value,
  ] of flags) {
    const before = merged[name];
    if (inner !== undefined) merged[name] = { ...(isObject(before) ? before : {}), [inner]: value };
    else if (!(on === true && value === true && isObject(before))) merged[name] = value;
  }
  for (const {
    path: [name],
    on,
  } of settings) {
    if (on !== true) continue;
    if (merged[name] === true) merged[name] = {};
    if (merged[name] === false) delete merged[name];
  }
  return merged;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
