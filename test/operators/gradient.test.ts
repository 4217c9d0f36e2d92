/**
 * Gradients of every differentiable operator for which the generator finds inputs, against finite differences in
 * float64.
 */
import { expect } from "chai";
import { allCases } from "../support/operators/all-cases";
import type { Case } from "../support/operators/case";
import type { Verdict } from "../support/operators/gradient";
import { checkGradient } from "../support/operators/gradient";
import { NOT_COMPARED, NOT_DIFFERENTIATED } from "../support/operators/left-out";
import type { Operator } from "../support/operators/schemas";
import { publicOperators } from "../support/operators/schemas";
import { readStored, skipForVersion } from "../support/operators/stored";

/** The names under which the list may hold a case: `mse_loss`, `mse_loss.Tensor`, `mse_loss broadcast`. */
function namesOf({ base, name, qualified }: Operator, { label }: Case): string[] {
  return [base, name, qualified, `${base} ${label.split(" ").at(-1)}`];
}

describe("gradients of operators", () => {
  it("are those of finite differences, or the operator is listed with the reason", async function () {
    this.timeout(180_000);
    skipForVersion(this, readStored());
    const listed = NOT_DIFFERENTIATED.flatMap(({ operators }) => operators);
    const uncompared = new Set(NOT_COMPARED.flatMap(({ operators }) => operators));
    const wrong: string[] = [];
    const needed = new Set<string>();
    const right = new Set<string>();
    const seen = new Set<string>();
    const unlisted = new Set<string>();
    for (const [qualified, { operator, cases }] of allCases()) {
      if (uncompared.has(operator.base)) continue;
      for (const item of cases.filter(({ label }) => label.startsWith("float64"))) {
        // All elements once for each overload, a projection for its in-place form and for other shapes and layouts.
        const whole = !operator.inPlace && /^float64( #\d+)?$/.test(item.label);
        const verdict: Verdict = await checkGradient(operator, item, whole);
        const names = namesOf(operator, item).filter((name) => listed.includes(name));
        if (verdict.kind === "right" && whole) right.add(operator.base);
        if (verdict.kind === "right" || verdict.kind === "no gradient") seen.add(operator.base);
        if (verdict.kind === "wrong") {
          names.forEach((name) => needed.add(name));
          if (names.length === 0) wrong.push(`${qualified}, ${item.label}: ${verdict.message}`);
        }
      }
    }
    expect(wrong, wrong.join("\n")).to.have.lengthOf(0);
    // What takes no tensor has nothing to differentiate by.
    const takers = publicOperators()
      .filter(({ arguments: args }) => args.some(({ base }) => base === "Tensor"))
      .map(({ base }) => base);
    for (const base of takers.filter((name) => !seen.has(name) && !uncompared.has(name))) {
      (listed.includes(base) ? needed : unlisted).add(base);
    }
    expect([...unlisted], "without a verdict, and not listed").to.deep.equal([]);
    expect(
      listed.filter((name) => !needed.has(name)),
      "listed, though nothing is wrong with it",
    ).to.deep.equal([]);
    expect(new Set(listed).size, "listed once").to.equal(listed.length);
    // Base names whose whole Jacobian is right: an in-place form and the overloads count as one.
    expect(right.size).to.be.at.least(500);
  });
});
