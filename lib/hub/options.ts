/** How models are taken from the hub: the options, and what the environment says where they are left out. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { describe, TorchwrightError } from "../errors";
import { homeFolder } from "../native/home-folder";

/** How far a file has come. */
export interface HubProgress {
  /** The model's name. */
  readonly repository: string;
  /** The file that is downloaded, by its path in the model. */
  readonly file: string;
  /** Bytes that are there, those of an earlier, interrupted download included. */
  readonly bytes: number;
  /** Bytes of the whole file. */
  readonly totalBytes: number;
}

/**
 * Options for a model that is named as on the hub, `owner/name`; a local folder needs none of them, and is read as it
 * is.
 *
 * The defaults, environment variables included, are those of Python's `huggingface_hub`, with which the cache is
 * shared.
 */
export interface HubOptions {
  /**
   * Branch, tag or commit. A commit, all of its 40 digits, is what a production system pins: what it names never
   * changes. Default "main".
   */
  readonly revision?: string;
  /** For gated and private models; false sends none. Default: `HF_TOKEN`, then what `hf auth login` stored. */
  readonly token?: string | false;
  /**
   * Folder that downloads are kept in. Default: `HF_HUB_CACHE`, then `hub` in `HF_HOME`, then
   * `~/.cache/huggingface/hub`.
   */
  readonly cacheDir?: string;
  /** Address of the hub or of a mirror. Default: `HF_ENDPOINT`, then https://huggingface.co. */
  readonly endpoint?: string;
  /** Takes what the cache holds and touches no network. Default: whether `HF_HUB_OFFLINE` is 1. */
  readonly localFilesOnly?: boolean;
  /**
   * "auto": a line on standard error where that is a terminal; "silent"; or a function that is told, some ten times a
   * second. Default "auto".
   */
  readonly progress?: "auto" | "silent" | ((progress: HubProgress) => void);
  /** Gives a download up with the signal's reason; what has come is kept for the next one. Default: none. */
  readonly signal?: AbortSignal;
}

/** A token and where it came from, for messages. */
export interface Token {
  readonly value: string;
  readonly source: string;
}

/** The options with all defaults filled in. */
export interface HubSettings {
  readonly revision: string;
  readonly token: Token | undefined;
  readonly cacheDir: string;
  /** Without "/" at its end. */
  readonly endpoint: string;
  readonly offline: boolean;
  readonly progress: "auto" | "silent" | ((progress: HubProgress) => void);
  readonly signal: AbortSignal | undefined;
  /** Longest wait for an answer, and longest silence while one comes, in milliseconds. */
  readonly answerMs: number;
  readonly silenceMs: number;
}

const DEFAULT_ENDPOINT = "https://huggingface.co";
const DEFAULT_SECONDS = 10;

/** What git allows as the name of a branch or tag, so that it is a safe path below `refs`, too. */
const REVISION = /^(?![/.-])(?!.*(?:\.\.|\/\/|\/\.|@\{))[^\s~^:?*[\\\p{Cc}]+(?<![/.])$/u;

/** What may stand in a header. */
const TOKEN = /^[\x21-\x7e]+$/;

type Rule = readonly [expected: string, allows: (value: unknown) => boolean];

const RULES: Readonly<Record<keyof HubOptions, Rule>> = {
  revision: ["a branch, tag or commit", (value) => typeof value === "string" && REVISION.test(value)],
  token: ["a token, or false for none", (value) => value === false || (typeof value === "string" && TOKEN.test(value))],
  cacheDir: ["a folder's path", (value) => typeof value === "string" && value !== ""],
  endpoint: ["an http or https address", (value) => typeof value === "string" && isAddress(value)],
  localFilesOnly: ["true or false", (value) => typeof value === "boolean"],
  progress: [
    '"auto", "silent" or a function',
    (value) => value === "auto" || value === "silent" || typeof value === "function",
  ],
  signal: ["an AbortSignal", (value) => value instanceof AbortSignal],
};

const HUB_OPTIONS = Object.keys(RULES) as readonly (keyof HubOptions)[];

/**
 * @throws TorchwrightError ERR_INVALID_ARG naming `operation` and the first option or environment variable that is
 *   wrong
 */
export async function resolveHubOptions(operation: string, options: HubOptions): Promise<HubSettings> {
  for (const key of HUB_OPTIONS) {
    const [expected, allows] = RULES[key];
    const value: unknown = options[key];
    if (value !== undefined && !allows(value)) {
      const shown = key === "token" ? `a ${typeof value}` : describe(value); // a token is no matter for logs
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `${operation}: expected the option ${key} to be ${expected}, got ${shown}`,
      );
    }
  }
  const endpoint = options.endpoint ?? (variable("HF_ENDPOINT") || DEFAULT_ENDPOINT);
  if (!isAddress(endpoint)) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `${operation}: expected the environment variable HF_ENDPOINT to be an http or https address, got ${describe(endpoint)}`,
    );
  }
  return {
    revision: options.revision ?? "main",
    token:
      options.token === false
        ? undefined
        : options.token !== undefined
          ? { value: options.token, source: "the option token" }
          : await implicitToken(operation),
    cacheDir: path.resolve(options.cacheDir ?? defaultCache()),
    endpoint: endpoint.replace(/\/+$/, ""),
    offline: options.localFilesOnly ?? isTrue(variable("HF_HUB_OFFLINE") || variable("TRANSFORMERS_OFFLINE")),
    progress: options.progress ?? (isTrue(variable("HF_HUB_DISABLE_PROGRESS_BARS")) ? "silent" : "auto"),
    signal: options.signal,
    answerMs: milliseconds("HF_HUB_ETAG_TIMEOUT"),
    silenceMs: milliseconds("HF_HUB_DOWNLOAD_TIMEOUT"),
  };
}

/** Options for the hub apart from the others that came with them. */
export function splitHubOptions<T extends HubOptions>(
  options: T,
): { readonly hub: HubOptions; readonly others: Omit<T, keyof HubOptions> } {
  const entries = Object.entries(options);
  const isHub = ([key]: readonly [string, unknown]): boolean => Object.hasOwn(RULES, key);
  return {
    hub: Object.fromEntries(entries.filter(isHub)),
    others: Object.fromEntries(entries.filter((entry) => !isHub(entry))) as Omit<T, keyof HubOptions>,
  };
}

function variable(name: string): string {
  return process.env[name] ?? "";
}

function isTrue(text: string): boolean {
  return ["1", "ON", "YES", "TRUE"].includes(text.toUpperCase());
}

function isAddress(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

function milliseconds(name: string): number {
  const seconds = Number(variable(name));
  return 1000 * (seconds > 0 && seconds < 1e6 ? seconds : DEFAULT_SECONDS);
}

/** As Python's `os.path.expanduser` and `expandvars`. */
function expanded(place: string): string {
  return place
    .replace(/^~(?=$|[/\\])/, homeFolder())
    .replace(
      /\$(?:(\w+)|\{(\w+)\})/g,
      (whole: string, plain?: string, braced?: string) => process.env[plain ?? braced ?? ""] ?? whole,
    );
}

function home(): string {
  const cache = variable("XDG_CACHE_HOME") || path.join(homeFolder(), ".cache");
  return expanded(variable("HF_HOME") || path.join(cache, "huggingface"));
}

function defaultCache(): string {
  return expanded(variable("HF_HUB_CACHE") || variable("HUGGINGFACE_HUB_CACHE") || path.join(home(), "hub"));
}

async function implicitToken(operation: string): Promise<Token | undefined> {
  if (isTrue(variable("HF_HUB_DISABLE_IMPLICIT_TOKEN"))) return undefined;
  const file = expanded(variable("HF_TOKEN_PATH") || path.join(home(), "token"));
  const places = [
    ...["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"].map((name) => ({
      source: `the environment variable ${name}`,
      text: variable(name),
    })),
    { source: file, text: await readFile(file, "utf8").catch(() => "") },
  ];
  const found = places.find(({ text }) => text.trim() !== "");
  if (!found) return undefined;
  const value = found.text.trim();
  if (!TOKEN.test(value)) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `${operation}: expected ${found.source} to hold a token, got a text with other characters than a token has`,
    );
  }
  return { value, source: found.source };
}
