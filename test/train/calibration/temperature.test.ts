import { expect } from "chai";
import { HeldOut } from "../../../lib/train/calibration/held-out";
import { fitTemperature } from "../../../lib/train/calibration/temperature";
import { readGolden } from "../../support/golden";
import { rejection, thrown } from "../../support/rejection";

interface Quality {
  readonly nll: number;
  readonly ece: number;
}

interface GoldenCalibration {
  readonly name: string;
  readonly problem: "single-label" | "multi-label";
  readonly logits: readonly number[][];
  readonly labels: readonly number[][];
  readonly expected: { readonly temperature: number; readonly before: Quality; readonly after: Quality };
}

describe("fitTemperature", () => {
  const { calibrations } = readGolden<{ readonly calibrations: readonly GoldenCalibration[] }>("predict.json");

  for (const { name, problem, logits, labels, expected } of calibrations) {
    it(`finds SciPy's and scikit-learn's minimum, with the errors before and after: ${name}`, async () => {
      const heldOut = new HeldOut(problem);
      // in two batches, as a loader gives them
      for (const part of [0, 1]) {
        const half = <T>(rows: readonly T[]): readonly T[] =>
          rows.slice((part * rows.length) / 2, ((part + 1) * rows.length) / 2);
        heldOut.add(
          Float32Array.from(half(logits).flat()),
          Float32Array.from(half(labels).flat()),
          half(logits).length,
        );
      }
      const rows = heldOut.rows();
      const temperature = await fitTemperature(rows);
      expect(temperature / expected.temperature).to.be.closeTo(1, 1e-6);
      for (const [at, quality] of [
        [1, expected.before],
        [temperature, expected.after],
      ] as const) {
        const { nll, ece } = await heldOut.at(rows, at);
        expect(nll, "nll").to.be.closeTo(quality.nll, 1e-7 * (1 + quality.nll));
        expect(ece, "ece").to.be.closeTo(quality.ece, 1e-6);
      }
    });
  }

  it("takes class ids as it takes their shares", async () => {
    const given = calibrations[0] as GoldenCalibration;
    const heldOut = new HeldOut("single-label");
    heldOut.add(
      Float64Array.from(given.logits.flat()),
      BigInt64Array.from(given.labels, (row) => BigInt(row.indexOf(1))),
      given.logits.length,
    );
    expect((await fitTemperature(heldOut.rows())) / given.expected.temperature).to.be.closeTo(1, 1e-6);
  });

  it("comes to the temperature that logits were multiplied by, and to its inverse", async () => {
    const { logits, labels, expected } = calibrations[0] as GoldenCalibration;
    for (const factor of [1e-3, 1, 1e3]) {
      const heldOut = new HeldOut("single-label");
      heldOut.add(
        Float64Array.from(logits.flat(), (logit) => logit * factor),
        Float32Array.from(labels.flat()),
        logits.length,
      );
      expect((await fitTemperature(heldOut.rows())) / (factor * expected.temperature)).to.be.closeTo(1, 1e-6);
    }
  });

  it("refuses rows that are all right, that are no better than chance, and logits that are no numbers", async () => {
    const fit = (logits: number[], ids: bigint[]): Promise<number> => {
      const heldOut = new HeldOut("single-label");
      heldOut.add(Float64Array.from(logits), BigInt64Array.from(ids), ids.length);
      return fitTemperature(heldOut.rows());
    };
    expect((await rejection(fit([2, 0, 1, 3], [0n, 1n]), "ERR_INVALID_ARG")).message).to.contain(
      "all classified right",
    );
    expect((await rejection(fit([2, 0, 1, 3], [1n, 0n]), "ERR_INVALID_ARG")).message).to.contain("knows nothing");
    await rejection(fit([1, 1, 1, 1], [1n, 0n]), "ERR_INVALID_ARG");
    for (const bad of [NaN, Infinity]) {
      thrown(() => new HeldOut("multi-label").add(Float32Array.of(1, bad), Float32Array.of(0, 1), 1), "ERR_NON_FINITE");
    }
  });
});
