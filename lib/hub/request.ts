/**
 * Requests to the hub: with token, time limits and new attempts, and what goes wrong as an error that says what to do.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { TorchwrightError } from "../errors";
import { failureReason, request } from "../setup/http";
import type { HubSettings } from "./options";
import { refusal } from "./refusal";

/** An answer, from whichever fetch. */
type Answer = Awaited<ReturnType<typeof request>>;

/** What a request is about. */
export interface HubCall {
  /** Named by errors: `fromPretrained`. */
  readonly operation: string;
  /** `owner/name` or `name`. */
  readonly repository: string;
  readonly settings: HubSettings;
}

/** First of a growing pause between attempts. */
const PAUSE_MS = 250;
/** In a row, without anything that came. */
export const ATTEMPTS = 3;

/** Failures that an attempt a moment later may not meet; that nobody listens or answers is told at once. */
const PASSING = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"]);

/**
 * `fetch` for a question to the hub's API, answered with JSON: `@huggingface/hub` asks through it.
 *
 * @throws TorchwrightError ERR_HUB_… ; the reason of the settings' signal
 */
export function apiFetch(call: HubCall): typeof fetch {
  return async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    return repeated(call, async () => {
      const limit = new Silence(call);
      try {
        const response = await send(call, url, Object.fromEntries(new Headers(init?.headers)), limit);
        const body = await response.arrayBuffer();
        if (!/\bjson\b/.test(response.headers.get("content-type") ?? "")) throw notTheHub(call, url);
        return new Response(body, { status: response.status, headers: [...response.headers] });
      } catch (error) {
        throw limit.explain(error, url);
      } finally {
        limit.stop();
      }
    });
  };
}

/** The error for an answer that is none of the hub's. */
export function notTheHub({ operation, settings }: HubCall, url: string, cause?: unknown): TorchwrightError {
  return new TorchwrightError(
    "ERR_HUB_ANSWER",
    `${operation}: expected an answer of the hub's API from ${url}, got something else. ${settings.endpoint} may be no hub, or a proxy answers in its place; ` +
      "the option endpoint or HF_ENDPOINT names another.",
    { cause },
  );
}

/** Does `work` again, after a pause, where it failed in a way that passes. */
async function repeated<T>(call: HubCall, work: () => Promise<T>): Promise<T> {
  for (let failed = 1; ; failed++) {
    try {
      return await work();
    } catch (error) {
      if (failed >= ATTEMPTS || !passes(error)) throw error;
      await pause(call, failed);
    }
  }
}

/** The pause after so many failures in a row. Throws the signal's reason. */
export async function pause({ settings: { signal } }: HubCall, failed: number): Promise<void> {
  await sleep(PAUSE_MS * 2 ** Math.max(failed - 1, 0), undefined, signal && { signal }).catch(() =>
    signal?.throwIfAborted(),
  );
}

/** Marks an error as one that a later attempt may not meet. */
const passing = new WeakSet<object>();

/** Whether a later attempt may do well. */
export function passes(error: unknown): boolean {
  return typeof error === "object" && error !== null && passing.has(error);
}

/** An ERR_HUB_CONNECTION that a later attempt may not meet. */
export function interrupted(message: string, cause: unknown): TorchwrightError {
  const error = new TorchwrightError("ERR_HUB_CONNECTION", message, { cause });
  passing.add(error);
  return error;
}

/** The answer, unless it is a refusal, which is thrown. */
export async function send(
  call: HubCall,
  url: string,
  headers: Readonly<Record<string, string>>,
  limit: Silence,
): Promise<Answer> {
  const { token, endpoint } = call.settings;
  // For the hub alone: fetch drops it where a redirect leads to another origin.
  const authorized = token !== undefined && new URL(url).origin === new URL(endpoint).origin;
  const response = await request(url, {
    headers: {
      ...headers,
      "user-agent": `torchwright; node/${process.versions.node}`,
      ...(authorized && { authorization: `Bearer ${token.value}` }),
    },
    signal: limit.signal,
  });
  if (response.ok) return response;
  const { error, passes } = refusal(call, response.status, response.headers);
  await response.body?.cancel().catch(() => undefined);
  if (passes) passing.add(error);
  throw error;
}

/** Ends a request that is silent for too long, or when the caller's signal says so. */
export class Silence {
  readonly #call: HubCall;
  readonly #abort = new AbortController();
  readonly #follow = (): void => this.#abort.abort();
  #timer: NodeJS.Timeout;
  /** How long it was silent when it was ended for that. */
  #after = 0;
  #fed = false;

  constructor(call: HubCall) {
    this.#call = call;
    const { signal, answerMs } = call.settings;
    signal?.throwIfAborted();
    signal?.addEventListener("abort", this.#follow, { once: true });
    this.#timer = this.#start(answerMs);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Something came. */
  feed(): void {
    this.#fed = true;
    clearTimeout(this.#timer);
    this.#timer = this.#start(this.#call.settings.silenceMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#call.settings.signal?.removeEventListener("abort", this.#follow);
  }

  /** What a failure of the network means; errors with a code are left as they are. */
  explain(error: unknown, url: string): unknown {
    const { operation, repository, settings } = this.#call;
    if (settings.signal?.aborted) return settings.signal.reason;
    if (error instanceof TorchwrightError) return error;
    const why = this.#after > 0 ? `silence for ${this.#after / 1000} s` : failureReason(error);
    const text =
      `${operation}: expected the hub's answer for "${repository}", of which there is no folder here, from ${new URL(url).origin}, got ${why}. Check the network and the proxy variables; ` +
      "a copy in the cache is used with the option localFilesOnly or HF_HUB_OFFLINE=1.";
    const code = error instanceof Error ? (error.cause as NodeJS.ErrnoException | undefined)?.code : undefined;
    const mayPass = this.#after > 0 ? this.#fed : PASSING.has(code ?? "");
    return mayPass ? interrupted(text, error) : new TorchwrightError("ERR_HUB_CONNECTION", text, { cause: error });
  }

  #start(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#after = ms;
      this.#abort.abort();
    }, ms);
  }
}
