import { execFile } from "node:child_process";
import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import { type AddressInfo, connect } from "node:net";
import path from "node:path";
import { expect } from "chai";
import type { HubProgress } from "../../lib/hub/options";
import { modelFolder } from "../../lib/hub/model-folder";
import { MODEL_FILES } from "../../lib/models/hub-files";
import { bundle } from "../support/bundled";
import { NO_HUB_VARIABLES, withEnvironment } from "../support/environment";
import { sha256 } from "../support/hub-server";
import { rejection } from "../support/rejection";
import { type ScratchHub, scratchHub, WEIGHTS } from "./scratch-hub";

/** `prlimit` is Linux's; elsewhere there is no such limit to test with. */
const onLinux = process.platform === "linux" ? it : it.skip;

describe("a download from the hub", () => {
  let program: ReturnType<typeof bundle>;
  let scratch: ScratchHub;
  before(() => (program = bundle("test/support/fetch-from-hub.ts")));
  after(() => program.remove());
  beforeEach(async () => (scratch = await scratchHub()));
  afterEach(() => scratch.close());

  const blobs = (): string => path.join(scratch.cacheDir, "models--org--tiny", "blobs");
  /** Where an interrupted download of the weights would lie. */
  const LEFT = `${sha256(WEIGHTS)}.0123abcd.torchwright.incomplete`;

  /** Bytes of the weights that an interrupted download left. */
  async function bytesLeft(): Promise<number | undefined> {
    const names = (await readdir(blobs()).catch(() => [])).filter(
      (name) => name.startsWith(sha256(WEIGHTS)) && name.endsWith(".incomplete"),
    );
    expect(names.length).to.be.lessThan(2);
    return names[0] === undefined ? undefined : (await stat(path.join(blobs(), names[0]))).size;
  }

  const ranges = (): (string | undefined)[] =>
    scratch.hub.requests.filter(({ host }) => host === "cdn").map(({ range }) => range);

  /** The weights are there, right, and nothing is left over. */
  async function expectWhole(): Promise<void> {
    const folder = await scratch.folder({ localFilesOnly: true });
    expect((await readFile(path.join(folder, "model.safetensors"))).equals(WEIGHTS)).to.equal(true);
    expect((await readdir(blobs())).filter((name) => name.includes("incomplete"))).to.deep.equal([]);
  }

  it("goes on by itself where the connection was cut", async () => {
    scratch.hub.faults = { cutAt: 100_000, cuts: 1 };
    await scratch.folder();
    expect(ranges()).to.deep.equal([undefined, "bytes=100000-"]);
    await expectWhole();
  });

  it("is a clear error where the connection is cut again and again, and the next call goes on from there", async () => {
    scratch.hub.faults = { cutAt: 200_000 };
    const error = await rejection(scratch.folder(), "ERR_HUB_CONNECTION");
    expect(error.message)
      .to.contain('expected 300000 bytes of model.safetensors of "org/tiny", got 200000 before the connection was cut')
      .and.to.contain("They are kept");
    expect(await bytesLeft()).to.equal(200_000);
    // No commit has a name before all of it is there.
    await rejection(scratch.folder({ localFilesOnly: true }), "ERR_HUB_OFFLINE");
    scratch.hub.faults = {};
    scratch.hub.requests.length = 0;
    await scratch.folder();
    expect(ranges()).to.deep.equal(["bytes=200000-"]);
    await expectWhole();
  });

  it("ends a silence, goes on, and gives up where it is silent for ever", async () => {
    await withEnvironment(
      {
        ...NO_HUB_VARIABLES,
        HF_HUB_DISABLE_IMPLICIT_TOKEN: "1",
        HF_HUB_DOWNLOAD_TIMEOUT: "0.2",
        HF_HUB_ETAG_TIMEOUT: "0.5",
      },
      async () => {
        scratch.hub.faults = { stallAt: 50_000 };
        const options = { endpoint: scratch.hub.url, cacheDir: scratch.cacheDir };
        const error = await rejection(modelFolder("test", "org/tiny", options, MODEL_FILES), "ERR_HUB_CONNECTION");
        expect(error.message).to.match(/got silence for 0\.[25] s/);
        expect(await bytesLeft()).to.equal(50_000);
        scratch.hub.faults = {};
        await modelFolder("test", "org/tiny", options, MODEL_FILES);
      },
    );
    expect(ranges().at(-1)).to.equal("bytes=50000-");
    await expectWhole();
  });

  it("begins anew where the server has no ranges", async () => {
    scratch.hub.faults = { cutAt: 120_000, cuts: 1, ignoreRange: true };
    await scratch.folder();
    await expectWhole();
  });

  it("is not believed with a wrong checksum, and leaves nothing of it", async () => {
    scratch.hub.faults = { corrupt: true };
    const error = await rejection(scratch.folder(), "ERR_CHECKSUM");
    expect(error.message).to.contain('expected config.json of "org/tiny"').and.to.contain("thrown away");
    expect(await readdir(blobs())).to.deep.equal([]);
    scratch.hub.faults = {};
    await scratch.folder();
    await expectWhole();
  });

  it("is not believed with a wrong size", async () => {
    scratch.hub.faults = { shorter: 1 };
    expect((await rejection(scratch.folder(), "ERR_CHECKSUM")).message).to.contain("the server announces 20 bytes");
    expect(await readdir(blobs())).to.deep.equal([]);
  });

  it("begins anew where what an earlier one left is not the beginning", async () => {
    await mkdir(blobs(), { recursive: true });
    await writeFile(path.join(blobs(), LEFT), Buffer.alloc(150_000, 7));
    await scratch.folder();
    expect(ranges()).to.deep.equal(["bytes=150000-", undefined]);
    await expectWhole();
  });

  for (const [what, left] of [
    ["all of it", WEIGHTS],
    ["more than all of it", Buffer.alloc(WEIGHTS.length + 1)],
  ] as const) {
    it(`ends well where an earlier one left ${what}`, async () => {
      await mkdir(blobs(), { recursive: true });
      await writeFile(path.join(blobs(), LEFT), left);
      await scratch.folder();
      expect(ranges()).to.deep.equal(left === WEIGHTS ? [] : [undefined]);
      await expectWhole();
    });
  }

  it("is given up with the reason of a signal; what has come is kept", async () => {
    const stop = new AbortController();
    const reason = new Error("enough");
    const told: number[] = [];
    scratch.hub.faults = { stallAt: 100_000 };
    const progress = ({ file, bytes }: HubProgress): void => {
      if (file !== "model.safetensors") return;
      told.push(bytes);
      setTimeout(() => stop.abort(reason), 150);
    };
    const ended = await scratch.folder({ signal: stop.signal, progress }).catch((error: unknown) => error);
    expect(ended).to.equal(reason);
    expect(await bytesLeft()).to.equal(100_000);
    expect(await scratch.folder({ signal: stop.signal }).catch((error: unknown) => error)).to.equal(reason);
    scratch.hub.faults = {};
    await scratch.folder({ signal: new AbortController().signal });
    await expectWhole();
  });

  it("says how it comes along", async () => {
    const told: HubProgress[] = [];
    await scratch.folder({ progress: (progress) => told.push(progress) });
    expect(told.every(({ repository }) => repository === "org/tiny")).to.equal(true);
    const weights = told.filter(({ file }) => file === "model.safetensors");
    expect(weights[0]).to.include({ bytes: 0, totalBytes: 300_000 });
    expect(weights.at(-1)).to.include({ bytes: 300_000, totalBytes: 300_000 });
    expect(new Set(told.map(({ file }) => file))).to.deep.equal(new Set(["config.json", "model.safetensors"]));
  });

  interface Ended {
    readonly code: number | null;
    readonly output: string;
  }

  /** Takes the model in a process of its own. */
  function inProcess(
    before: readonly string[] = [],
    env: NodeJS.ProcessEnv = {},
    cacheDir = scratch.cacheDir,
    endpoint = scratch.hub.url,
  ): Promise<Ended> & { kill(): void } {
    const [command = "", ...args] = [...before, process.execPath, program.file, endpoint, cacheDir, "org/tiny"];
    let kill = (): void => undefined;
    const ended = new Promise<Ended>((resolve) => {
      const child = execFile(
        command,
        args,
        { env: { ...process.env, ...NO_HUB_VARIABLES, ...env } },
        (error, stdout, stderr) =>
          resolve({
            code: error ? ((error.code as unknown as number | undefined) ?? null) : 0,
            output: stdout + stderr,
          }),
      );
      kill = () => void child.kill("SIGKILL");
    });
    return Object.assign(ended, { kill: () => kill() });
  }

  it("is made once by several processes and calls at the same time", async () => {
    const [here, again, ...others] = await Promise.all([scratch.folder(), scratch.folder(), inProcess(), inProcess()]);
    expect(again).to.equal(here);
    expect(others).to.deep.equal([
      { code: 0, output: `${here}\n` },
      { code: 0, output: `${here}\n` },
    ]);
    expect(ranges()).to.deep.equal([undefined]);
    await expectWhole();
  });

  it("goes on after a process that was killed in the middle of it", async () => {
    scratch.hub.faults = { stallAt: 130_000 };
    await mkdir(blobs(), { recursive: true });
    await writeFile(path.join(blobs(), LEFT), WEIGHTS.subarray(0, 10_000)); // of one before that
    const victim = inProcess();
    let ended: Ended | undefined;
    void victim.then((how) => (ended = how));
    while ((await bytesLeft()) !== 130_000 && !ended) await new Promise((resolve) => setTimeout(resolve, 20));
    victim.kill();
    expect(await victim).to.deep.equal({ code: null, output: "" });
    scratch.hub.faults = {};
    scratch.hub.requests.length = 0;
    await scratch.folder(); // once the lock counts as left behind
    expect(ranges()).to.deep.equal(["bytes=130000-"]);
    await expectWhole();
  });

  onLinux("is a clear error on a full disk, and goes on from there when there is room", async () => {
    const full = await inProcess(["prlimit", "--fsize=100000"]);
    expect(full.code).to.equal(1);
    expect(full.output).to.match(/^ERR_DISK_FULL fetch: expected room for .*EFBIG.*HF_HUB_CACHE/);
    expect(await bytesLeft()).to.equal(100_000);
    await scratch.folder();
    expect(ranges().at(-1)).to.equal("bytes=100000-");
    await expectWhole();
  });

  it("is a clear error where the cache cannot be written, and needs no writing where all is there", async () => {
    const folder = await scratch.folder();
    const readOnly = path.join(scratch.cacheDir, "file");
    await writeFile(readOnly, "");
    const error = await rejection(scratch.folder({ cacheDir: path.join(readOnly, "cache") }), "ERR_FILE_WRITE");
    expect(error.message).to.contain("ENOTDIR").and.to.contain("cacheDir");
    await chmod(path.join(scratch.cacheDir, "models--org--tiny"), 0o500);
    try {
      expect(await scratch.folder()).to.equal(folder);
    } finally {
      await chmod(path.join(scratch.cacheDir, "models--org--tiny"), 0o700);
    }
  });

  it("goes through the proxy that the environment names", async () => {
    const asked: string[] = [];
    const port = new URL(scratch.hub.url).port;
    // Of a plain address a proxy is asked for the whole of it, or for a tunnel.
    const proxy = createServer((incoming, response) => {
      const { host, pathname, search } = new URL(incoming.url ?? "");
      asked.push(host);
      const onward = request(
        { host: "127.0.0.1", port, path: pathname + search, headers: incoming.headers },
        (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        },
      );
      onward.end();
    });
    proxy.on("connect", (incoming, socket) => {
      asked.push((incoming.url ?? "").replace(/:80$/, ""));
      const hub = connect(Number(port), "127.0.0.1", () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
      socket
        .pipe(hub)
        .pipe(socket)
        .on("error", () => hub.destroy());
      hub.on("error", () => socket.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    try {
      const env = { http_proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, no_proxy: "127.0.0.1" };
      const { code, output } = await inProcess([], env, scratch.cacheDir, "http://hub.invalid");
      expect(code).to.equal(0, output);
      expect(new Set(asked)).to.deep.equal(new Set(["hub.invalid"]));
    } finally {
      proxy.closeAllConnections();
      proxy.close();
    }
    await expectWhole();
  });
});
