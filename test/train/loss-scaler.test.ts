import { expect } from "chai";
import "../../lib/index"; // what tensors can do
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import { LossScaler } from "../../lib/train/loss-scaler";
import { StepMonitor } from "../../lib/train/step-monitor";

describe("LossScaler", () => {
  /**
   * The scale behind each step, as `torch.amp.GradScaler` sets it: initially 65,536, halved on overflow, doubled after
   * 2,000 good steps in a row.
   */
  function scales(overflows: readonly boolean[]): number[] {
    return scope(() => {
      using scaler = new LossScaler("cpu");
      return overflows.map((overflow) => {
        scaler.update(Tensor.from(overflow ? 1 : 0));
        return scaler.scale.item() as number;
      });
    });
  }

  it("halves at once and doubles after 2,000 steps without overflow", () => {
    const steps = [false, true, true, ...new Array<boolean>(2000).fill(false), true];
    const found = scales(steps);
    expect(found.slice(0, 4)).to.deep.equal([65536, 32768, 16384, 16384]);
    expect(found.slice(-3)).to.deep.equal([16384, 32768, 16384]);
  });

  it("counts anew after an overflow", () => {
    const found = scales([...new Array<boolean>(1999).fill(false), true, ...new Array<boolean>(1999).fill(false)]);
    expect([found.at(1998), found.at(1999), found.at(-1)]).to.deep.equal([65536, 32768, 32768]);
  });

  it("takes overflows upon itself: the step changes nothing, the run goes on; a loss that is not finite remains a failure", async () => {
    await scope(async () => {
      using scaler = new LossScaler("cpu");
      using monitor = new StepMonitor({ device: "cpu", policy: "stop", scaler });
      const step = (loss: number, gradNorm: number): number => {
        expect(monitor.add(Tensor.from(loss), 1).item()).to.deep.equal(loss * (scaler.scale.item() as number));
        expect((monitor.gradientScale as Tensor).item()).to.equal(1 / (scaler.scale.item() as number));
        monitor.update(Tensor.from(gradNorm));
        return monitor.foundInf.item() as number;
      };
      expect([step(2, 3), step(5, Infinity), step(4, 1)]).to.deep.equal([0, 1, 0]);
      expect(await monitor.read()).to.deep.equal({ lossSum: 6, gradNorm: 1, skipped: 1, failed: 0, lossScale: 32768 });
      expect([step(NaN, NaN), step(1, 1)]).to.deep.equal([1, 1]);
      expect(await monitor.read()).to.deep.include({ lossSum: NaN, skipped: 2, failed: 2 });
    });
  });

  it("gives up where no scale is small enough", async () => {
    await scope(async () => {
      using scaler = new LossScaler("cpu");
      using monitor = new StepMonitor({ device: "cpu", policy: "stop", scaler });
      for (let i = 0; i < 31; i++) {
        expect((await monitor.read()).failed, `after ${i} steps`).to.equal(0);
        monitor.add(Tensor.from(1), 1);
        monitor.update(Tensor.from(NaN));
      }
      const { failed, lossScale, lossSum } = await monitor.read();
      expect([failed, lossScale, lossSum]).to.deep.equal([1, 2 ** -15, 0]);
    });
  });
});
