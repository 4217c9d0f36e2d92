import { EventEmitter } from "node:events";
import { expect } from "chai";
import { findHost, Interrupts } from "../../lib/train/notebook/interrupts";

describe("Interrupts", () => {
  /** A kernel with its own listener, and what was heard in which order. */
  function host() {
    const [kernel, heard] = [new EventEmitter(), [] as string[]];
    kernel.on("SIGINT", () => heard.push("kernel"));
    kernel.on("SIGINT", () => heard.push("cell"));
    const press = (): string[] => (heard.splice(0), kernel.emit("SIGINT"), [...heard]);
    return { kernel, press, heard, interrupts: new Interrupts(() => ({ emitters: [kernel] })) };
  }

  it("in a notebook are the run's in place of the kernel's, and the second one is the kernel's again", async () => {
    const { interrupts, press, heard } = host();
    using _run = interrupts.take(() => heard.push("run"));
    await Promise.resolve();
    expect(press()).to.deep.equal(["run", "cell"]);
    expect(press()).to.deep.equal(["kernel", "cell"]);
  });

  it("reach every run that goes on, and none that is over", async () => {
    const { interrupts, press, heard } = host();
    const search = interrupts.take(() => heard.push("search"));
    const fit = interrupts.take(() => heard.push("fit"));
    interrupts.take(() => heard.push("over"))[Symbol.dispose]();
    await Promise.resolve();
    expect(press()).to.deep.equal(["search", "fit", "cell"]);
    fit[Symbol.dispose]();
    search[Symbol.dispose]();
    expect(press()).to.deep.equal(["kernel", "cell"]);
  });

  it("are the kernel's after the last run, which leaves no listener of its own", async () => {
    const { interrupts, kernel, press } = host();
    const before = kernel.rawListeners("SIGINT");
    for (let runs = 0; runs < 3; runs++) {
      using _outer = interrupts.take(() => expect.fail("was over"));
      using _inner = interrupts.take(() => expect.fail("was over"));
      if (runs > 0) await Promise.resolve();
    }
    expect(kernel.rawListeners("SIGINT")).to.deep.equal(before);
    expect(press()).to.deep.equal(["kernel", "cell"]);
  });

  it("never find nobody listening, which would end the process", async () => {
    const kernel = new EventEmitter();
    kernel.on("SIGINT", () => undefined);
    const least: number[] = [];
    for (const event of ["removeListener", "newListener"]) {
      kernel.on(event, () => least.push(kernel.listenerCount("SIGINT")));
    }
    const interrupts = new Interrupts(() => ({ emitters: [kernel] }));
    using run = interrupts.take(() => undefined);
    await Promise.resolve();
    run[Symbol.dispose]();
    expect(least.length).to.be.at.least(4);
    expect(Math.min(...least)).to.be.at.least(1);
  });

  it("are taken from a kernel that has its listeners aside until a cell's first await", async () => {
    const { interrupts, kernel, press, heard } = host();
    const aside = kernel.rawListeners("SIGINT") as (() => void)[];
    kernel.removeAllListeners("SIGINT");
    using _run = interrupts.take(() => heard.push("run"));
    for (const listener of aside) kernel.on("SIGINT", listener);
    await Promise.resolve();
    expect(press()).to.deep.equal(["run", "cell"]);
    expect(press()).to.deep.equal(["kernel", "cell"]);
  });

  it("in a script go to everybody who listens, the run once", () => {
    const before = process.rawListeners("SIGINT");
    const heard: string[] = [];
    const interrupts = new Interrupts(() => undefined);
    const run = interrupts.take(() => heard.push("run"));
    expect(process.rawListeners("SIGINT").slice(0, -1)).to.deep.equal(before);
    process.rawListeners("SIGINT").at(-1)?.call(process); // as the signal would, but past mocha's own listener
    expect(heard).to.deep.equal(["run"]);
    run[Symbol.dispose]();
    expect(process.rawListeners("SIGINT")).to.deep.equal(before);
  });

  it("have a host in tslab, and none in a program", () => {
    expect(findHost()).to.equal(undefined);
    expect(findHost({ __tslab__: { require: () => undefined } })?.emitters).to.deep.equal([process]);
  });
});
