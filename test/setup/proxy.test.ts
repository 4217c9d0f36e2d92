/**
 * Downloads through a proxy, and behind one that signs for others: each in a process, since the variables are read
 * once.
 */
import { expect } from "chai";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { runCli } from "../support/cli-process";
import type { Run } from "../support/cli-process";
import { fakeArchive } from "../support/fake-libtorch";
import { startProxy } from "../support/proxy-server";
import type { ProxyServer } from "../support/proxy-server";
import { selfSigned } from "../support/self-signed";
import { serveFile } from "./file-server";
import type { FileServer } from "./file-server";

/** Reserved (RFC 2606): no resolver knows it, so what comes from there came through the proxy. */
const HOST = "mirror.invalid";

describe("setup behind a proxy", function () {
  this.timeout(120_000);
  const archive = fakeArchive();
  const sha256 = createHash("sha256").update(archive).digest("hex");
  let folder: string;
  let plain: FileServer | undefined;
  let secure: Server | undefined;
  let proxy: ProxyServer | undefined;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "torchwright-"));
    plain = secure = proxy = undefined;
  });
  afterEach(async () => {
    await proxy?.close();
    await plain?.close();
    secure?.closeAllConnections();
    await new Promise<void>((resolve) => (secure ? secure.close(() => resolve()) : resolve()));
    rmSync(folder, { recursive: true });
  });

  const setup = (mirror: string, env: NodeJS.ProcessEnv): Promise<Run> =>
    runCli(["setup", "--cpu", "--quiet", "--mirror", mirror, "--sha256", sha256], {
      env: { TORCHWRIGHT_CACHE: path.join(folder, "cache"), ...env },
    });

  it("asks HTTP_PROXY for what it could not reach itself", async () => {
    plain = await serveFile(archive);
    proxy = await startProxy(Number(new URL(plain.url).port));
    const { code, stderr } = await setup(`http://${HOST}/pytorch`, { HTTP_PROXY: proxy.url });
    expect(code, stderr).to.equal(0);
    expect(proxy.asked).to.deep.equal([
      `GET http://${HOST}/pytorch/libtorch/cpu/libtorch-shared-with-deps-2.13.0%2Bcpu.zip`,
    ]);
    expect(plain.paths).to.deep.equal(["/pytorch/libtorch/cpu/libtorch-shared-with-deps-2.13.0%2Bcpu.zip"]);
  });

  it("asks no proxy for a host in NO_PROXY", async () => {
    plain = await serveFile(archive);
    proxy = await startProxy(1);
    const { code, stderr } = await setup(plain.mirror, { http_proxy: proxy.url, no_proxy: "127.0.0.1" });
    expect(code, stderr).to.equal(0);
    expect(proxy.asked).to.deep.equal([]);
  });

  it("opens a tunnel through HTTPS_PROXY, and trusts whom NODE_EXTRA_CA_CERTS names, and nobody else", async () => {
    const { key, cert } = selfSigned(HOST);
    writeFileSync(path.join(folder, "ca.pem"), cert);
    secure = createServer({ key, cert }, (_, response) =>
      response.writeHead(200, { "content-length": archive.length }).end(archive),
    );
    await new Promise<void>((resolve) => secure?.listen(0, "127.0.0.1", resolve));
    proxy = await startProxy((secure.address() as AddressInfo).port);

    const refused = await setup(`https://${HOST}/pytorch`, { HTTPS_PROXY: proxy.url });
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.contain("NODE_EXTRA_CA_CERTS=<file.pem>").and.to.contain("ERR_FETCH_FAILED");

    const { code, stderr } = await setup(`https://${HOST}/pytorch`, {
      HTTPS_PROXY: proxy.url,
      NODE_EXTRA_CA_CERTS: path.join(folder, "ca.pem"),
    });
    expect(code, stderr).to.equal(0);
    expect(new Set(proxy.asked)).to.deep.equal(new Set([`CONNECT ${HOST}:443`]));
  });

  it("names the proxy that does not answer, without its password", async () => {
    const { code, stderr } = await setup(`https://${HOST}/`, { HTTPS_PROXY: "http://user:secret@127.0.0.1:9" });
    expect(code).to.equal(1);
    expect(stderr).to.contain("http://127.0.0.1:9").and.to.not.contain("secret");
  });
});
