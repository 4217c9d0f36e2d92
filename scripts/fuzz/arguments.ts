/** What entry points of the addon take, mostly of the right kind. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { native } from "../../lib/native/load";
import { Tensor } from "../../lib/tensor/tensor";
import { DTYPES } from "../../lib/tensor/dtype";
import type { Random } from "./random";
import { makeTensor } from "./tensors";
import type { Family } from "./tensors";
import { anything, integer } from "./values";

export type Make = (random: Random, family: Family) => readonly unknown[];

export const SOURCE = `
def forward(self, x: Tensor, n: int = 1, flag: bool = True, other: Optional[Tensor] = None) -> Tuple[Tensor, Optional[Tensor]]:
    y = torch.matmul(x, self.weight)
    if flag:
        y = torch.dropout(y, 0.5, self.training)
    return y * n, other
`;

const folder = mkdtempSync(path.join(tmpdir(), "torchwright-fuzz-"));
// Words are taken for paths as well; what is written there goes with the folder.
process.chdir(folder);
/** Written and read by the calls; removed when they end. */
export const FOLDER = folder;

let prepared: number | undefined;

/** A small module, made once for each process. */
export function module(): number {
  if (prepared === undefined) {
    const weight = Tensor.from([
      [1, 2],
      [3, 4],
    ]);
    prepared = native().compileModule({
      className: "Fuzzed",
      source: SOURCE,
      parameters: { weight: weight.handle },
      attributes: {},
    });
    weight.dispose();
  }
  return prepared;
}

export const handle = (random: Random, family: Family): unknown => {
  if (random.chance(6)) return anything(random);
  if (random.chance(6)) return random.pick([0, 1, 2 ** 26, 2 ** 26 + 1, 2 ** 52, 2 ** 53, -1, 0.5]);
  return makeTensor(random, family).handle;
};
export const handles = (random: Random, family: Family): unknown =>
  random.chance(6) ? anything(random) : random.list(0, 4, () => handle(random, family));
export const flag = (random: Random): unknown => (random.chance(92) ? random.chance(50) : anything(random));
export const sizes = (random: Random, family: Family): unknown =>
  random.chance(40) ? family.shape : random.chance(90) ? random.list(0, 4, () => integer(random)) : anything(random);
export const dtype = (random: Random): unknown => (random.chance(92) ? random.pick(DTYPES) : anything(random));
export const device = (random: Random): unknown =>
  random.pick(["cpu", "cpu", "cpu", "meta", "cuda", "cuda:7", "cuda:", "x", undefined]);
export const file = (random: Random): unknown =>
  random.chance(90) ? path.join(folder, random.pick(["a", "b", "c", "no/such/folder/d", "."])) : anything(random);
export const moduleNumber = (random: Random): unknown => (random.chance(90) ? module() : anything(random));
export const method = (random: Random): unknown =>
  random.pick(["forward", "forward", "forward", "train", "", "__init__", "weight", 1]);
export const names = (random: Random): unknown =>
  random.pick([undefined, undefined, ["x"], ["n"], ["flag"], ["other", "n"], ["x", "x"], ["self"], [""], [1], "x"]);
