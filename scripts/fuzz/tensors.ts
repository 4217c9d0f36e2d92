/** Tensors of all kinds: empty, 0-dimensional, non-contiguous, expanded, meta, with gradients, disposed. */
import { op } from "../../lib/tensor/operators";
import "../../lib/tensor/ops";
import { Tensor } from "../../lib/tensor/tensor";
import { DTYPES } from "../../lib/tensor/dtype";
import { float } from "./values";
import type { Random } from "./random";

const SHAPES: readonly (readonly number[])[] = [
  [],
  [1],
  [2],
  [4],
  [0],
  [2, 3],
  [3, 3],
  [4, 4],
  [1, 4],
  [0, 3],
  [2, 0],
  [2, 3, 4],
  [1, 2, 4],
  [2, 2, 2],
  [1, 2, 4, 4],
  [2, 4, 3, 3],
  [1, 1, 1, 1],
  [1, 2, 2, 4, 4],
  [2, 1, 0, 3],
  [64],
  [17, 5],
  [64, 64],
];

/** What the tensors of one call have in common, so that they often fit together. */
export interface Family {
  readonly shape: readonly number[];
  readonly dtype: string;
}

export function family(random: Random): Family {
  return { shape: random.pick(SHAPES), dtype: random.chance(60) ? "float32" : random.pick(DTYPES) };
}

/** A tensor that belongs to the scope around, of the family's shape and dtype three times out of four. */
export function makeTensor(random: Random, { shape: usual, dtype: usualDtype }: Family): Tensor {
  const shape = random.chance(75) ? usual : random.pick(SHAPES);
  const dtype = random.chance(80) ? usualDtype : random.pick(DTYPES);
  const kind = random.below(24);
  if (kind === 0) return op("empty", [shape], { dtype, device: "meta" }) as Tensor;
  let tensor = filled(random, shape).to(dtype as "float32");
  switch (kind) {
    case 1:
      if (shape.length > 1) tensor = op("transpose", [tensor, 0, -1]) as Tensor;
      break;
    case 2:
      tensor = op("expand", [tensor, [random.pick([1, 3, 1000]), ...shape]]) as Tensor;
      break;
    case 3:
      if (shape.length > 0) tensor = op("slice", [tensor, 0, 0, 1000, 2]) as Tensor;
      break;
    case 4:
      tensor = op("unsqueeze", [tensor, -1]) as Tensor;
      break;
    case 5:
      tensor = (op("squeeze", [tensor]) as Tensor).to("int64");
      break;
    case 6:
      tensor = op("flatten", [tensor]) as Tensor;
      break;
    case 7:
      if (random.chance(30)) tensor.dispose();
      break;
    case 8:
      tensor = op("to_sparse", [tensor]) as Tensor;
      break;
    case 9:
      tensor = op("as_strided", [tensor, [1, 1], [0, 0]]) as Tensor;
      break;
    default:
      if (/float(32|64)|bfloat/.test(dtype) && random.chance(30)) tensor.requiresGrad = true;
  }
  return tensor;
}

function filled(random: Random, shape: readonly number[]): Tensor {
  const numel = shape.reduce((product, size) => product * size, 1);
  const style = random.below(4);
  // Small whole numbers are fine as indices, too.
  const data = Float64Array.from({ length: numel }, () =>
    style < 2 ? random.below(3) : style === 2 ? random.between(-40, 40) / 8 : float(random),
  );
  return Tensor.from(data, { shape });
}
