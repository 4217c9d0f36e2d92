/** `toString` against PyTorch's text. */
import { expect } from "chai";
import { readFileSync } from "node:fs";
import path from "node:path";
import { inspect } from "node:util";
import type { DType } from "../../lib/tensor/dtype";
import type { Complex } from "../../lib/tensor/complex";
import { ops } from "../../lib/tensor/ops";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";

interface Entry {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly values?: readonly unknown[];
  readonly start?: number;
  readonly step?: number;
  readonly then: readonly string[];
  readonly text: string;
}

const { entries } = JSON.parse(readFileSync(path.join(__dirname, "../golden/printing.json"), "utf8")) as {
  readonly entries: readonly Entry[];
};

const number = (value: unknown): number => (value === "inf" ? Infinity : value === "-inf" ? -Infinity : Number(value));

function element(value: unknown, dtype: DType): number | bigint | boolean | Complex {
  if (Array.isArray(value)) return { re: number(value[0]), im: number(value[1]) };
  if (typeof value === "boolean") return value;
  return dtype.includes("int") ? BigInt(value as string) : number(value);
}

function make({ dtype, shape, values, start = 0, step = 0, then }: Entry): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  let tensor = values
    ? Tensor.from(
        values.map((value) => element(value, dtype)),
        { dtype, shape },
      )
    : Tensor.from(
        Float64Array.from({ length: count }, (_, i) => start + step * i),
        { shape },
      ).to(dtype);
  for (const method of then) {
    if (method === "requiresGrad") tensor.requiresGrad = true;
    else if (method === "mulSelf") tensor = tensor.mul(tensor);
    else if (method === "meta") tensor = ops.zeros([...shape], { dtype, device: "meta" });
    else if (method === "transpose") tensor = tensor.transpose(0, 1);
    else tensor = (tensor as unknown as Record<string, () => Tensor>)[method]?.call(tensor) as Tensor;
  }
  return tensor;
}

describe("printing a tensor", () => {
  it("has at least 60 texts of PyTorch to compare with", () => {
    expect(entries.length).to.be.at.least(60);
  });

  entries.forEach((entry, i) => {
    it(`is PyTorch's, ${i + 1}: ${entry.text.replace(/\s+/g, " ").slice(0, 60)}`, () => {
      expect(scope(() => make(entry).toString())).to.equal(entry.text);
    });
  });

  it("is what console.log shows, and leaves no tensor behind", () => {
    using x = ops.arange(0, 5000);
    expect(inspect(x)).to.equal("tensor([   0,    1,    2,  ..., 4997, 4998, 4999])");
  });

  it("counts pending conjugation and negation in", () => {
    const text = scope(() => String(ops.imag(Tensor.from([{ re: 1, im: 2 }]).conj())));
    expect(text).to.equal("tensor([-2.])");
  });

  it("reads only what it shows, of a tensor that no memory would hold", () => {
    const text = scope(() => String(Tensor.from([1.5]).expand([2 ** 40])));
    expect(text).to.equal("tensor([1.5000, 1.5000, 1.5000,  ..., 1.5000, 1.5000, 1.5000])");
  });

  it("knows other layouts", () => {
    // PyTorch writes `layout=torch._mkldnn`.
    expect(scope(() => String(ops.toMkldnn(Tensor.from([1, 2.5]))))).to.equal(
      "tensor([1.0000, 2.5000], layout=_mkldnn)",
    );
  });

  it("of a disposed one throws nothing", () => {
    const x = Tensor.from([1]);
    x.dispose();
    expect(inspect(x)).to.equal("tensor(disposed)");
  });
});
