/**
 * A hub on loopback, with the real one's addresses, headers and refusals: pages of the API on one port, large files
 * behind a redirect on another, as its CDN.
 *
 * The contract is that of `@huggingface/hub` (what it asks and reads) and of Python's `huggingface_hub`, which works
 * against it too (`npm run verify:hub`).
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface HubFile {
  readonly content: Buffer;
  /** Large files have SHA-256 as ETag and lie on the CDN; others git's SHA-1. */
  readonly lfs: boolean;
}

export interface HubRepository {
  /** By commit. */
  readonly commits: Map<string, ReadonlyMap<string, HubFile>>;
  /** Commits by branch and tag. */
  readonly refs: Map<string, string>;
  /** Only to be seen with one of these tokens. */
  readonly readers?: readonly string[];
  /** Anybody sees the listing, only these tokens get files. */
  readonly gatedFor?: readonly string[];
  readonly disabled?: boolean;
}

/** What a file's transfer meets, until it is changed. */
export interface HubFaults {
  /** No response goes beyond this byte of the file: the connection is cut there, for so many responses. */
  readonly cutAt?: number;
  readonly cuts?: number;
  /** Sends up to this byte, then nothing, and keeps the connection. */
  readonly stallAt?: number;
  /** Answers a range with the whole file. */
  readonly ignoreRange?: boolean;
  /** One bit of what is sent is another. */
  readonly corrupt?: boolean;
  /** Sends so many bytes fewer, and says so. */
  readonly shorter?: number;
  /** These statuses first, one each, then the truth. */
  readonly statuses?: readonly number[];
  /** Every answer is a web page, as behind a hotel's network. */
  readonly portal?: boolean;
}

export interface HubRequest {
  readonly host: "hub" | "cdn";
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  readonly token: string | undefined;
  readonly range: string | undefined;
}

export interface HubServer {
  readonly url: string;
  readonly repositories: Map<string, HubRepository>;
  /** New names by old ones. */
  readonly renamed: Map<string, string>;
  /** Tokens that belong to somebody. */
  readonly tokens: Set<string>;
  readonly requests: HubRequest[];
  faults: HubFaults;
  close(): Promise<void>;
}

export const sha1 = (data: Buffer | string): string => createHash("sha1").update(data).digest("hex");
export const sha256 = (data: Buffer | string): string => createHash("sha256").update(data).digest("hex");
/** As git names a blob. */
export const gitBlob = (content: Buffer): string =>
  createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
export const etagOf = ({ content, lfs }: HubFile): string => (lfs ? sha256(content) : gitBlob(content));

/** A repository with one commit on `main`; what ends in safetensors, bin, onnx or pt is large. */
export function repositoryOf(
  files: Readonly<Record<string, Buffer | string>>,
  rest: Omit<Partial<HubRepository>, "commits" | "refs"> = {},
): HubRepository {
  const repository: HubRepository = { ...rest, commits: new Map(), refs: new Map() };
  addCommit(repository, files, ["main"]);
  return repository;
}

/** Adds a commit and moves branches or tags to it. */
export function addCommit(
  repository: HubRepository,
  files: Readonly<Record<string, Buffer | string>>,
  refs: readonly string[],
): string {
  const entries = Object.entries(files).map(([name, content]): [string, HubFile] => [
    name,
    { content: Buffer.from(content), lfs: /\.(?:safetensors|bin|onnx|pt)$/.test(name) },
  ]);
  const commit = sha1(
    `${repository.commits.size}\n${entries.map(([name, file]) => `${name} ${etagOf(file)}`).join("\n")}`,
  );
  repository.commits.set(commit, new Map(entries));
  for (const ref of refs) repository.refs.set(ref, commit);
  return commit;
}

export async function serveHub(repositories: Readonly<Record<string, HubRepository>>): Promise<HubServer> {
  const hub = new Hub(new Map(Object.entries(repositories)));
  await hub.listen();
  return hub;
}

/** Entries of a listing's page; the real hub has a thousand. */
const PAGE = 3;

class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string | undefined,
    message: string,
  ) {
    super(message);
  }
}

class Hub implements HubServer {
  readonly renamed = new Map<string, string>();
  readonly tokens = new Set<string>();
  readonly requests: HubRequest[] = [];
  #faults: HubFaults = {};
  #cuts = 0;
  #statuses: number[] = [];
  readonly #api: Server;
  readonly #cdn: Server;

  constructor(readonly repositories: Map<string, HubRepository>) {
    this.#api = createServer((request, response) => this.#guarded("hub", request, response));
    this.#cdn = createServer((request, response) => this.#guarded("cdn", request, response));
  }

  async listen(): Promise<void> {
    for (const server of [this.#api, this.#cdn]) {
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    }
  }

  get url(): string {
    return address(this.#api);
  }

  get faults(): HubFaults {
    return this.#faults;
  }

  set faults(faults: HubFaults) {
    this.#faults = faults;
    this.#cuts = 0;
    this.#statuses = [...(faults.statuses ?? [])];
  }

  async close(): Promise<void> {
    for (const server of [this.#api, this.#cdn]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  #guarded(host: "hub" | "cdn", request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", "http://hub");
    const path = decodeURIComponent(url.pathname);
    const token = /^Bearer (.*)$/.exec(request.headers.authorization ?? "")?.[1];
    this.requests.push({ host, method: request.method ?? "GET", path, token, range: request.headers.range });
    try {
      if (this.#faults.portal) {
        return void response.writeHead(200, { "content-type": "text/html" }).end("<h1>Welcome to the hotel</h1>");
      }
      const status = this.#statuses.shift();
      if (status !== undefined) throw new Refused(status, undefined, "Try again later");
      if (host === "cdn") return this.#blob(path, url, request, response);
      if (token !== undefined && !this.tokens.has(token)) {
        throw new Refused(401, undefined, "Invalid credentials in Authorization header");
      }
      const old = [...this.renamed.keys()].find(
        (name) => path.startsWith(`/${name}/`) || path.startsWith(`/api/models/${name}/`),
      );
      if (old !== undefined) {
        return void response
          .writeHead(307, { location: (request.url ?? "").replace(old, this.renamed.get(old) ?? "") })
          .end();
      }
      if (path.startsWith("/api/models/")) return this.#listing(url, path, token, response);
      return this.#file(path, token, request, response);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const headers = {
        "x-error-message": error.message,
        ...(error.code !== undefined && { "x-error-code": error.code }),
        "content-type": "application/json",
      };
      response
        .writeHead(error.status, headers)
        .end(request.method === "HEAD" ? undefined : JSON.stringify({ error: error.message }));
    }
  }

  /** `/api/models/<name>/revision/<revision>` and `/api/models/<name>/tree/<revision>`. */
  #listing(url: URL, path: string, token: string | undefined, response: ServerResponse): void {
    const [, name = "", kind, revision = "main"] =
      /^\/api\/models\/(.+?)(?:\/(revision|tree)\/(.+))?$/.exec(path) ?? [];
    const repository = this.#repository(name, token);
    const known = [...repository.refs.keys(), ...repository.commits.keys()].find(
      (ref) => revision === ref || (kind === "tree" && revision.startsWith(`${ref}/`)),
    );
    const { commit, files } = this.#commit(repository, known ?? revision);
    // Nothing here has a folder that anybody lists.
    if (known !== undefined && known !== revision) {
      throw new Refused(404, "EntryNotFound", `${revision.slice(known.length + 1)} does not exist on "${known}"`);
    }
    const json = (body: unknown, headers = {}): unknown =>
      response
        .writeHead(200, { "content-type": "application/json; charset=utf-8", ...headers })
        .end(JSON.stringify(body));
    if (kind !== "tree") {
      const siblings = [...files.keys()].map((rfilename) => ({ rfilename }));
      const about = {
        _id: "1",
        id: name,
        modelId: name,
        sha: commit,
        private: repository.readers !== undefined,
        gated: repository.gatedFor ? "manual" : false,
      };
      json({
        ...about,
        siblings,
        downloads: 0,
        likes: 0,
        tags: [],
        lastModified: "2026-01-01T00:00:00.000Z",
        createdAt: "2026-01-01T00:00:00.000Z",
      });
      return;
    }
    const deep = url.searchParams.get("recursive")?.toLowerCase() === "true";
    const folders = [
      ...new Set([...files.keys()].flatMap((file) => (file.includes("/") ? [file.slice(0, file.indexOf("/"))] : []))),
    ];
    const entries = [
      ...folders.map((folder) => ({ type: "directory", oid: sha1(folder), size: 0, path: folder })),
      ...[...files]
        .filter(([file]) => deep || !file.includes("/"))
        .map(([file, { content, lfs }]) => ({
          type: "file",
          path: file,
          size: content.length,
          // Of a large file git knows a pointer only.
          oid: lfs ? sha1(`pointer to ${file}`) : gitBlob(content),
          ...(lfs && {
            lfs: { oid: sha256(content), size: content.length, pointerSize: 134 },
            xetHash: sha256(`xet ${file}`),
          }),
        })),
    ];
    const from = Number(url.searchParams.get("cursor") ?? 0);
    const next = new URL(url.pathname + url.search, this.url);
    next.searchParams.set("cursor", String(from + PAGE));
    json(entries.slice(from, from + PAGE), from + PAGE < entries.length ? { link: `<${next.href}>; rel="next"` } : {});
  }

  /**
   * `/<name>/resolve/<revision>/<file>`: small files after a redirect within the hub, large ones after one to the CDN.
   */
  #file(path: string, token: string | undefined, request: IncomingMessage, response: ServerResponse): void {
    const cachedPath = /^\/api\/resolve-cache\/models\/(.+)\/([0-9a-f]{40})\/(.+)$/.exec(path);
    const [, name = "", revision = "", file = ""] =
      cachedPath ?? /^\/(.+?)\/resolve\/((?:refs\/pr\/\d+)|[^/]+)\/(.+)$/.exec(path) ?? [];
    const repository = this.#repository(name, token);
    const { commit, files } = this.#commit(repository, revision);
    response.setHeader("x-repo-commit", commit);
    const found = files.get(file);
    if (!found) throw new Refused(404, "EntryNotFound", "Entry not found");
    if (repository.gatedFor && token === undefined) {
      throw new Refused(
        401,
        "GatedRepo",
        `Access to model ${name} is restricted. You must have access to it and be authenticated to access it. Please log in.`,
      );
    }
    if (repository.gatedFor && !repository.gatedFor.includes(token ?? "")) {
      throw new Refused(
        403,
        "GatedRepo",
        `Access to model ${name} is restricted and you are not in the authorized list. Visit ${this.url}/${name} to ask for access.`,
      );
    }
    const etag = `"${etagOf(found)}"`;
    const linked = { "x-linked-size": String(found.content.length), "x-linked-etag": etag, "accept-ranges": "bytes" };
    if (found.lfs) {
      const location = `${address(this.#cdn)}/${name}/${sha256(found.content)}?Signature=once`;
      response
        .writeHead(302, { ...linked, location, "content-type": "text/plain" })
        .end(request.method === "HEAD" ? undefined : `Found. Redirecting to ${location}`);
      return;
    }
    if (!cachedPath) {
      response
        .writeHead(307, {
          ...linked,
          etag,
          location: `/api/resolve-cache/models/${name}/${commit}/${encodeURIComponent(file)}`,
        })
        .end();
      return;
    }
    this.#send(found.content, etag, request, response);
  }

  #blob(path: string, url: URL, request: IncomingMessage, response: ServerResponse): void {
    // A signed address takes no token; the real one refuses both together.
    if (url.searchParams.get("Signature") !== "once" || request.headers.authorization !== undefined) {
      throw new Refused(400, undefined, "Only one auth mechanism allowed");
    }
    const [, name = "", hash] = /^\/(.+)\/([0-9a-f]{64})$/.exec(path) ?? [];
    const files = [...(this.repositories.get(name)?.commits.values() ?? [])].flatMap((commit) => [...commit.values()]);
    const found = files.find((file) => file.lfs && sha256(file.content) === hash);
    if (!found) throw new Refused(404, undefined, "Not found");
    this.#send(found.content, `"${hash}"`, request, response);
  }

  #send(whole: Buffer, etag: string, request: IncomingMessage, response: ServerResponse): void {
    const { cutAt, cuts = Infinity, stallAt, ignoreRange = false, corrupt = false, shorter = 0 } = this.#faults;
    const content = Buffer.from(whole.subarray(0, whole.length - shorter));
    if (corrupt) content[content.length >> 1] = (content[content.length >> 1] ?? 0) ^ 1;
    const range = ignoreRange ? undefined : /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
    const start = Number(range?.[1] ?? 0);
    const end = Math.min(range?.[2] ? Number(range[2]) + 1 : content.length, content.length);
    if (range && start >= content.length) {
      return void response.writeHead(416, { "content-range": `bytes */${content.length}` }).end();
    }
    const headers = {
      etag,
      "accept-ranges": "bytes",
      "content-type": "application/octet-stream",
      "content-length": end - start,
    };
    response.writeHead(
      range ? 206 : 200,
      range ? { ...headers, "content-range": `bytes ${start}-${end - 1}/${content.length}` } : headers,
    );
    if (request.method === "HEAD") return void response.end();
    const stop = stallAt ?? cutAt ?? Infinity;
    if (stop >= end || (stallAt === undefined && this.#cuts >= cuts)) {
      return void response.end(content.subarray(start, end));
    }
    this.#cuts += 1;
    const part = content.subarray(start, Math.max(start, stop));
    const after = (): void => void (stallAt === undefined && setTimeout(() => response.destroy(), 20));
    if (part.length === 0) {
      response.flushHeaders();
      after();
    } else response.write(part, after);
  }

  #repository(name: string, token: string | undefined): HubRepository {
    const repository = this.repositories.get(name);
    if (!repository || (repository.readers && !repository.readers.includes(token ?? ""))) {
      // To nobody in particular the hub does not tell what there is.
      if (token === undefined) throw new Refused(401, "RepoNotFound", "Invalid username or password.");
      throw new Refused(404, "RepoNotFound", "Repository not found");
    }
    if (repository.disabled) throw new Refused(403, undefined, "Access to this resource is disabled.");
    return repository;
  }

  #commit(
    repository: HubRepository,
    revision: string,
  ): { readonly commit: string; readonly files: ReadonlyMap<string, HubFile> } {
    const commit = repository.refs.get(revision) ?? revision;
    const files = repository.commits.get(commit);
    if (!files) throw new Refused(404, "RevisionNotFound", `Invalid rev id: ${revision}`);
    return { commit, files };
  }
}

function address(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
