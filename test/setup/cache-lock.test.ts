/** One setup at a time, and no lock that outlives who held it. */
import { expect } from "chai";
import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import path from "node:path";
import { lockFile, withLock } from "../../lib/setup/cache-lock";
import { rejection } from "../support/rejection";

describe("the cache's lock", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "torchwright-"));
    file = lockFile(folder);
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const owned = (pid: number, host: string): void => writeFileSync(file, JSON.stringify({ pid, host, id: "other" }));
  const quick = { pollMs: 5, silentMs: 60, timeoutMs: 200 };

  it("is held by one at a time and given back, after a failure too", async () => {
    const order: string[] = [];
    const work = (name: string) => async (): Promise<void> => {
      order.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 20));
      order.push(`${name} ends`);
    };
    await Promise.all([withLock(file, work("a"), { pollMs: 5 }), withLock(file, work("b"), { pollMs: 5 })]);
    expect(order.map((line) => line.split(" ")[1])).to.deep.equal(["begins", "ends", "begins", "ends"]);
    await withLock(file, () => Promise.reject(new Error("failed"))).catch(() => undefined);
    expect(existsSync(file)).to.equal(false);
  });

  it("of a process that is gone is taken over at once", async () => {
    owned(2 ** 22 + 1, hostname());
    expect(await withLock(file, () => Promise.resolve("done"), { ...quick, silentMs: 1e6 })).to.equal("done");
  });

  it("that gives no sign of life is taken over: of another machine, of a number that was given anew, without a name", async () => {
    for (const leave of [
      () => owned(1, "elsewhere"),
      () => owned(process.pid, hostname()),
      () => writeFileSync(file, ""),
    ]) {
      leave();
      expect(await withLock(file, () => Promise.resolve("done"), { ...quick, timeoutMs: 5000 })).to.equal("done");
    }
  });

  it("that gives signs of life is waited for, and not for ever", async () => {
    owned(1, "elsewhere");
    const alive = setInterval(() => utimesSync(file, new Date(), new Date()), 5);
    try {
      const { message } = await rejection(
        withLock(file, () => Promise.resolve(), { ...quick, silentMs: 2000, timeoutMs: 300 }),
        "ERR_BUSY",
      );
      expect(message).to.contain("process 1 on elsewhere").and.to.contain(file);
    } finally {
      clearInterval(alive);
    }
    expect(existsSync(file), "it is the other's").to.equal(true);
  });
});
