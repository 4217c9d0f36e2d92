/**
 * What the hub says no with: its status and its headers `X-Error-Code` and `X-Error-Message`, as an error that says
 * what to do.
 */
import { type ErrorCode, TorchwrightError } from "../errors";
import type { HubCall } from "./request";

/** An error, and whether the same request may do well a moment later. */
export interface Refusal {
  readonly error: TorchwrightError;
  readonly passes: boolean;
}

export function refusal({ operation, repository, settings }: HubCall, status: number, headers: Headers): Refusal {
  const { endpoint, token, revision } = settings;
  const page = `${endpoint}/${repository}`;
  const said = headers.get("x-error-message") ?? "";
  const giveToken = 'with { token: "hf_…" }, HF_TOKEN or `hf auth login`';
  const no = (code: ErrorCode, text: string): Refusal => ({
    error: new TorchwrightError(code, `${operation}: ${text}`),
    passes: false,
  });

  switch (headers.get("x-error-code")) {
    case "RevisionNotFound":
      return no(
        "ERR_HUB_REVISION_NOT_FOUND",
        `expected a branch, tag or commit of "${repository}", got revision "${revision}", which it has not. Those it has are listed at ${page}/tree/main`,
      );
    case "EntryNotFound":
      return no(
        "ERR_HUB_FILE_NOT_FOUND",
        `"${repository}" at revision "${revision}" has no such file: ${said || "the hub does not say more"}`,
      );
    case "GatedRepo":
      return no(
        "ERR_HUB_ACCESS",
        `"${repository}" is gated. Ask for access at ${page} ` +
          (token
            ? `with the account of the token that was sent (from ${token.source}), or give another one ${giveToken}`
            : `and then give your token ${giveToken}`),
      );
  }
  if (said === "Access to this resource is disabled.") {
    return no("ERR_HUB_ACCESS", `"${repository}" was disabled by the hub; ${page} may say why`);
  }
  if (status === 401 && /^invalid credentials/i.test(said)) {
    return no(
      "ERR_HUB_ACCESS",
      `expected a valid token, got one${token ? ` from ${token.source}` : ""} that the hub does not know; ${endpoint}/settings/tokens has yours`,
    );
  }
  // Without a valid token the hub answers 401 for what is private and for what there is not, to tell nobody which.
  if (status === 401 || status === 404) {
    return no(
      "ERR_HUB_REPOSITORY_NOT_FOUND",
      `expected a folder or the name of a model on the hub, got "${repository}": there is no such folder here, and ${endpoint} has no such model that ` +
        (token
          ? `the token from ${token.source} may read`
          : `is public. If it is private or gated, give a token ${giveToken}`),
    );
  }
  if (status === 403) {
    return no(
      "ERR_HUB_ACCESS",
      `the hub forbids to read "${repository}"${said ? ` (${said})` : ""}: ${token ? `the token from ${token.source} may not` : "it needs a token"}; give one that may ${giveToken}`,
    );
  }
  if (status === 429 || status >= 500) {
    const why = status === 429 ? "too many requests were made" : "it is out of order";
    const text = `expected the hub to answer for "${repository}", got status ${status}: ${why}. Try again later; a copy in the cache is used with the option localFilesOnly or HF_HUB_OFFLINE=1`;
    return { ...no("ERR_HUB_CONNECTION", text), passes: true };
  }
  return no(
    "ERR_HUB_ANSWER",
    `expected the hub to answer for "${repository}", got status ${status}${said ? `: ${said}` : ""}`,
  );
}
