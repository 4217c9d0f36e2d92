/** A loopback HTTP server of one file under every path, with the faults that downloads meet. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Faults {
  /** Cut the connection after this many bytes of a response, for the first `cuts` responses. */
  readonly cutAfter?: number;
  readonly cuts?: number;
  /** What responses after these meet; default nothing. */
  readonly then?: Faults;
  /** Answer a range request with the whole file. */
  readonly ignoreRange?: boolean;
  /** Send this many bytes, then nothing more, and keep the connection. */
  readonly stallAfter?: number;
  readonly status?: number;
}

export interface FileServer {
  readonly url: string;
  /** As for `--mirror`. */
  readonly mirror: string;
  /** The Range header of each request so far; "" where it had none. */
  readonly requests: string[];
  /** The path of each request so far. */
  readonly paths: string[];
  /** The Authorization header of each request so far; "" where it had none. */
  readonly authorizations: string[];
  /** Later requests meet these faults. */
  setFaults(faults: Faults): void;
  /** Cuts the connections that are open. */
  cut(): void;
  close(): Promise<void>;
}

export async function serveFile(content: Buffer, initial: Faults = {}): Promise<FileServer> {
  const requests: string[] = [];
  const paths: string[] = [];
  const authorizations: string[] = [];
  let faults = initial;
  const server = createServer((request, response) => {
    requests.push(request.headers.range ?? "");
    paths.push(request.url ?? "");
    authorizations.push(request.headers.authorization ?? "");
    const past = faults.then !== undefined && requests.length > (faults.cuts ?? 0) ? faults.then : faults;
    const { cutAfter, cuts = 0, ignoreRange = false, stallAfter, status } = past;
    if (status !== undefined) return response.writeHead(status).end();
    const start = ignoreRange ? 0 : Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    if (start >= content.length) return response.writeHead(416).end();
    const body = content.subarray(start);
    response.writeHead(start > 0 ? 206 : 200, { "content-length": body.length });
    if (cutAfter !== undefined && requests.length <= cuts) {
      return response.write(body.subarray(0, cutAfter), () => setTimeout(() => response.destroy(), 20));
    }
    if (stallAfter !== undefined) return response.write(body.subarray(0, stallAfter));
    return response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `${origin}/libtorch.zip`,
    mirror: `${origin}/pytorch/`,
    requests,
    paths,
    authorizations,
    setFaults(next) {
      faults = next;
    },
    cut: () => server.closeAllConnections(),
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
