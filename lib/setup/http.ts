/**
 * HTTP for downloads. It obeys `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` in either case, which Node's own fetch
 * does from version 24 on only; `NODE_EXTRA_CA_CERTS` is Node's, and holds for it too.
 */
import type * as Undici from "undici";
import { ownPackage } from "../native/package-root";

export interface Request {
  readonly method?: "GET" | "HEAD";
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Of a certificate that nobody known has signed: behind a proxy that opens connections, the usual failure. */
const UNKNOWN_SIGNER = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

let agent: Undici.EnvHttpProxyAgent | undefined;

/**
 * Asks for `url`, as fetch does; user and password in it go as a header, which a redirect to another host does not get.
 * The first call reads the proxy variables, for as long as the process lives.
 */
export async function request(url: string, { headers = {}, ...rest }: Request = {}): Promise<Undici.Response> {
  // At the first request, not on import: a command that fetches nothing shall not wait for it.
  const { EnvHttpProxyAgent, fetch } = ownPackage.require("undici") as typeof Undici;
  // A tunnel for https alone: for http many proxies refuse one.
  agent ??= new EnvHttpProxyAgent({ proxyTunnel: false });
  // What is compressed on its way has no length that could be checked or resumed.
  const { href, authorization } = splitCredentials(url);
  return fetch(href, {
    ...rest,
    headers: { "accept-encoding": "identity", ...authorization, ...headers },
    dispatcher: agent,
  });
}

/** Why a request failed: fetch says "fetch failed" and hides the reason in `cause`. */
export function failureReason(error: unknown, env: NodeJS.ProcessEnv = process.env): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  const code = "code" in cause ? String(cause.code) : "";
  // Several addresses were tried: each failure has its own message, the whole has none.
  const why =
    cause.message ||
    (cause instanceof AggregateError && cause.errors[0] instanceof Error ? cause.errors[0].message : code);
  const proxy = env.https_proxy ?? env.HTTPS_PROXY ?? env.http_proxy ?? env.HTTP_PROXY;
  const remedy = UNKNOWN_SIGNER.has(code)
    ? " (NODE_EXTRA_CA_CERTS=<file.pem> names the certificates of your organisation)"
    : proxy
      ? ` (HTTPS_PROXY or HTTP_PROXY names a proxy, ${withoutPassword(proxy)})`
      : "";
  return `${error.message}: ${why}${remedy}`;
}

/** fetch refuses a URL with a password, as mirrors inside of companies have it. */
function splitCredentials(url: string): {
  readonly href: string;
  readonly authorization: Readonly<Record<string, string>>;
} {
  const { username, password } = new URL(url);
  if (username === "" && password === "") return { href: url, authorization: {} };
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {
    href: withoutPassword(url),
    authorization: { authorization: `Basic ${Buffer.from(pair).toString("base64")}` },
  };
}

/** A URL as it may be shown and kept. */
export function withoutPassword(url: string): string {
  return url.replace(/\/\/[^/?#]*@/, "//");
}
