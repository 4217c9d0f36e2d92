/** Writes the calls that `test/operators` makes as JSON to standard output, for `scripts/golden/operators.py`. */
import { allCases } from "../test/support/operators/all-cases";

const operators = [...allCases()].map(([operator, { digest, cases }]) => [
  operator,
  { digest, cases: cases.map(({ label, args, named }) => ({ label, args, named })) },
]);
process.stdout.write(JSON.stringify(Object.fromEntries(operators)));
