import { expect } from "chai";
import { exclusive } from "../../lib/models/exclusive";
import { Meter } from "../../lib/train/meter";
import { StopRequest } from "../../lib/train/stop-request";

describe("Meter", () => {
  it("counts rates per lap and leaves pauses out", () => {
    let now = 0;
    const meter = new Meter(() => now);
    meter.add(10, 100, 160);
    now = 2000;
    expect(meter.lap()).to.deep.equal({ examplesPerSecond: 5, tokensPerSecond: 50, paddingShare: 0.375 });
    meter.pause();
    now = 60_000;
    meter.resume();
    meter.add(30, 60, 80);
    now = 63_000;
    expect(meter.lap()).to.deep.equal({ examplesPerSecond: 10, tokensPerSecond: 20, paddingShare: 0.25 });
    expect(meter.seconds).to.equal(5);
    expect(meter).to.include({ examples: 40, tokens: 160 });
  });
});

describe("exclusive", () => {
  it("refuses a second user with ERR_BUSY that names the first, and is free again after a failure", async () => {
    const model = {};
    let release = (): void => undefined;
    const first = exclusive(model, "fit", () => new Promise<void>((resolve) => (release = resolve)));
    const second = await exclusive(model, "evaluate", async () => undefined).catch((error: unknown) => error);
    expect(second).to.include({ code: "ERR_BUSY" });
    expect((second as Error).message).to.match(/^evaluate: .*fit is using/);
    expect(await exclusive({}, "fit", async () => "another model")).to.equal("another model");
    release();
    await first;
    await exclusive(model, "fit", async () => Promise.reject(new Error("failed"))).catch(() => undefined);
    expect(await exclusive(model, "fit", async () => "free")).to.equal("free");
  });
});

describe("StopRequest", () => {
  it("takes the first SIGINT only, and none after its end", () => {
    const before = process.listenerCount("SIGINT");
    const stop = new StopRequest();
    expect(stop.reason).to.equal(undefined);
    expect(process.listenerCount("SIGINT")).to.equal(before + 1);
    process.rawListeners("SIGINT").at(-1)?.call(process); // as the signal would, but past mocha's own listener
    expect(stop.reason).to.equal("SIGINT");
    expect(process.listenerCount("SIGINT")).to.equal(before); // a second one ends the process
    stop[Symbol.dispose]();

    using another = new StopRequest();
    expect(another.reason).to.equal(undefined);
  });

  it("hears an AbortSignal, also one that was aborted before", () => {
    const controller = new AbortController();
    using stop = new StopRequest(controller.signal);
    expect(stop.reason).to.equal(undefined);
    controller.abort();
    expect(stop.reason).to.equal("abort");
    using late = new StopRequest(controller.signal);
    expect(late.reason).to.equal("abort");
  });
});
