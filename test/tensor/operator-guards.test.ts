/** Arguments that are well typed and would kill the process, or never end: each is refused with its bounds. */
import { expect } from "chai";
import { op } from "../../lib/tensor/operators";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import { thrown } from "../support/rejection";
import "../../lib/tensor/ops";

const x = (): Tensor =>
  Tensor.from([
    [1, 2],
    [3, 4],
  ]);

/** `op` refuses the arguments, and the message has every part. */
function expectRefused(
  name: string,
  args: () => readonly unknown[],
  named: Readonly<Record<string, unknown>> = {},
  parts: readonly string[] = [],
): void {
  scope(() => {
    const { message } = thrown(() => op(name, args(), named), "ERR_OPERATOR_ARGS");
    for (const part of parts) expect(message).to.contain(part);
  });
}

describe("bounds that libtorch leaves out", () => {
  it("reductions and modes by number", () => {
    for (const reduction of [-1, 3, 2 ** 31, -(2 ** 40)]) {
      expectRefused("mse_loss", () => [x(), x(), reduction], {}, ["mse_loss: no overload takes"]);
      expectRefused("nll_loss", () => [x(), Tensor.from([0n, 1n])], { reduction });
    }
    const grid = (): Tensor => Tensor.from(new Float32Array(8), { shape: [1, 2, 2, 2] });
    const image = (): Tensor => Tensor.from(new Float32Array(4), { shape: [1, 1, 2, 2] });
    expectRefused("grid_sampler", () => [image(), grid(), 3, 0, false], {}, ["interpolation_mode"]);
    expectRefused("grid_sampler", () => [image(), grid(), 0, -1, false], {}, ["padding_mode"]);
    expectRefused("embedding_bag", () => [x(), Tensor.from([0n, 1n]), Tensor.from([0n])], { mode: 7 }, ["mode"]);
    scope(() => expect((op("mse_loss", [x(), x(), 2]) as Tensor).item()).to.equal(0));
  });

  it("offsets of no bag, and indices in rows", () => {
    const weight = (): Tensor =>
      Tensor.from([
        [1, 2],
        [3, 4],
      ]);
    const ints = (shape: readonly number[]): Tensor =>
      Tensor.from(new BigInt64Array(shape.reduce((product, size) => product * size, 1)), { shape });
    for (const mode of [0, 1, 2]) {
      expectRefused("embedding_bag", () => [weight(), ints([3]), ints([0]), false, mode], {}, [
        "expected an offset for each bag",
      ]);
      expectRefused("embedding_bag", () => [weight(), ints([2, 2]), ints([2]), false, mode], {}, [
        "expected indices and offsets of 1 dimension",
      ]);
      scope(() =>
        expect(
          (op("embedding_bag", [weight(), ints([0]), ints([0]), false, mode]) as Tensor[])[0]?.shape,
        ).to.deep.equal([0, 2]),
      );
    }
  });

  it("groups of zero channels, which are divided by", () => {
    expectRefused("native_channel_shuffle", () => [Tensor.from(new Float32Array(8), { shape: [1, 4, 2, 1] }), 0], {}, [
      "groups",
    ]);
  });

  it("steps that are 0 as integers, which are divided by", () => {
    for (const [step, dtype] of [
      [0.25, "uint8"],
      [-0.5, "int64"],
      [0.999, "int32"],
    ] as const) {
      expectRefused("range", () => [0, 5, step], { dtype }, ["expected a step of at least 1 for an integral dtype"]);
    }
    scope(() => {
      expect((op("range", [0, 1, 0.5]) as Tensor).toArray()).to.deep.equal([0, 0.5, 1]);
      expect((op("range", [0, 5, 2.5], { dtype: "int64" }) as Tensor).toArray()).to.deep.equal([0n, 2n, 4n]);
    });
    thrown(() => op("range", [0, 5, 0], { dtype: "int64" }), "ERR_OPERATOR_FAILED");
    expectRefused("range", () => [0, -(2n ** 63n), -1], { dtype: "int64" }, ["less than 2^63 apart"]);
  });

  it("the lowest integer, whose negative is none", () => {
    for (const [dtype, lowest] of [
      ["int32", -(2n ** 31n)],
      ["int64", -(2n ** 63n)],
    ] as const) {
      const integers = (...values: readonly bigint[]): Tensor => Tensor.from(values, { dtype });
      const trunc = { roundingMode: "trunc" };
      for (const name of ["div", "div_", "divide"]) {
        expectRefused(name, () => [integers(4n, lowest), integers(2n, -1n)], trunc, [
          `no lowest ${dtype} to be divided by -1`,
        ]);
        expectRefused(name, () => [integers(4n, lowest), -1], trunc);
      }
      expectRefused("lcm", () => [integers(lowest), integers(5n)], {}, [`no lowest ${dtype}`]);
      expectRefused("lcm_", () => [integers(5n), integers(lowest)]);
      scope(() => {
        expect((op("div", [integers(7n, lowest), 2], trunc) as Tensor).toArray()).to.deep.equal(
          [3n, lowest / 2n].map((value) => (dtype === "int64" ? value : Number(value))),
        );
        expect((op("lcm", [integers(4n), integers(-6n)]) as Tensor).item({ int64: "number" })).to.equal(12);
      });
    }
    // As int64, the lowest int32 has a negative.
    scope(() =>
      expect(
        (op("lcm", [Tensor.from([-(2n ** 31n)], { dtype: "int32" }), Tensor.from([3n])]) as Tensor).item(),
      ).to.equal(3n * 2n ** 31n),
    );
  });

  it("a first random number that is the last integer", () => {
    expectRefused("random_", () => [x(), 2n ** 63n - 1n, null], {}, ["from"]);
  });

  it("degrees, counts and rates that loops would run to", () => {
    expectRefused("special_laguerre_polynomial_l", () => [Tensor.from([0.5]), Tensor.from([1e12])], {}, [
      "n from -10000 to 10000",
    ]);
    expectRefused("special_hermite_polynomial_h", () => [Tensor.from([0.5]), 2 ** 40]);
    expectRefused("mvlgamma", () => [Tensor.from([1e6]), 2 ** 40], {}, ["p from 1 to 10000"]);
    expectRefused("poisson", () => [Tensor.from([1, Infinity])]);
    expectRefused("poisson", () => [Tensor.from([NaN])]);
    expectRefused("binomial", () => [Tensor.from([NaN]), Tensor.from([0.5])], {}, ["count"]);
    // L_2(x) = (x² - 4x + 2) / 2
    scope(() =>
      expect((op("special_laguerre_polynomial_l", [Tensor.from([2]), Tensor.from([2])]) as Tensor).item()).to.equal(-1),
    );
  });

  it("pivots and targets that point outside", () => {
    for (const bad of [0, 3, -1e9, 1e9]) {
      const pivots = (): Tensor => Tensor.from([1, bad], { dtype: "int32" });
      if (bad > 2 || bad === 0) {
        expectRefused("linalg_lu_solve", () => [x(), pivots(), x()], {}, ["pivots from 1 to 2"]);
      }
      expectRefused("lu_solve", () => [x(), x(), pivots()]);
      expectRefused("linalg_ldl_solve", () => [x(), pivots(), x()]);
      expectRefused("lu_unpack", () => [x(), pivots()]);
    }
    for (const pivots of [[1], [[1, 2]], [1, 2, 2]]) {
      expectRefused("lu_unpack", () => [x(), Tensor.from(pivots, { dtype: "int32" })], {}, ["pivots of each matrix"]);
    }
    const logits = (): Tensor => Tensor.from(new Float32Array(12), { shape: [2, 2, 3] });
    expectRefused("ctc_loss", () => [logits(), Tensor.from([[1n], [3n]]), [2, 2], [1, 1]], {}, ["targets from 0 to 2"]);
    expectRefused("segment_reduce", () => [Tensor.from([1, 2]), "sum"], { offsets: Tensor.from([0n, 9n]) });
    expectRefused("segment_reduce", () => [Tensor.from([1, 2]), "sum"], { lengths: Tensor.from([9n]), unsafe: true });
  });

  it("what is not finite, where LAPACK dies of it", () => {
    for (const name of ["linalg_eigvals", "linalg_eig"]) {
      expectRefused(
        name,
        () => [
          Tensor.from([
            [1, NaN],
            [0, 1],
          ]),
        ],
        {},
        ["self", "nan"],
      );
      expectRefused(
        name,
        () => [
          op("complex", [
            x(),
            Tensor.from([
              [Infinity, 0],
              [0, 0],
            ]),
          ]),
        ],
        {},
        ["inf"],
      );
    }
    // The eigenvalues of a triangular matrix stand on its diagonal.
    scope(() =>
      expect(
        (
          op("real", [
            op("linalg_eigvals", [
              Tensor.from([
                [1, 5],
                [0, 3],
              ]),
            ]),
          ]) as Tensor
        ).toArray(),
      ).to.deep.equal([1, 3]),
    );
  });

  it("states of an LSTM that are not equally many", () => {
    const zeros = (...shape: number[]): Tensor =>
      Tensor.from(new Float32Array(shape.reduce((product, size) => product * size)), { shape });
    expectRefused(
      "lstm",
      () => [
        zeros(1, 2, 4),
        [zeros(2, 2, 3), zeros(1, 2, 3)],
        [zeros(12, 4), zeros(12, 3)],
        false,
        1,
        0,
        true,
        true,
        false,
      ],
      {},
      ["hx"],
    );
  });

  it("weights of recurrent layers with another number of dimensions, or none in them", () => {
    const zeros = (...shape: number[]): Tensor =>
      Tensor.from(new Float32Array(shape.reduce((product, size) => product * size)), { shape });
    const flags = [false, 1, 0, false, false, false];
    expectRefused(
      "lstm",
      () => [zeros(1, 2, 4), [zeros(1, 2, 3), zeros(1, 2, 3)], [zeros(0, 12, 4), zeros(12, 3)], ...flags],
      {},
      ["params of 1 or 2 dimensions"],
    );
    expectRefused("gru", () => [zeros(1, 2, 4), zeros(1, 2, 3), [zeros(9, 4), zeros(0, 3)], ...flags], {}, ["params"]);
    expectRefused("lstm_cell", () => [zeros(2, 4), [zeros(2, 2, 3), zeros(2, 3)], zeros(12, 4), zeros(12, 3)], {}, [
      "hx of 2 dimensions",
    ]);
    scope(() => {
      const [hidden] = op("lstm_cell", [
        zeros(2, 4),
        [zeros(2, 3), zeros(2, 3)],
        zeros(12, 4),
        zeros(12, 3),
      ]) as Tensor[];
      expect(hidden?.shape).to.deep.equal([2, 3]);
    });
  });

  it("windows and parts beyond all measure", () => {
    expectRefused("max_pool1d", () => [Tensor.from([[1, 2, 3]]), [2 ** 32 + 1]], {}, ["kernel_size"]);
    for (const name of ["tensor_split", "vsplit"]) expectRefused(name, () => [x(), 2 ** 24], {}, ["sections"]);
    for (const name of ["matrix_power", "linalg_matrix_power"]) {
      expectRefused(name, () => [x(), -(2n ** 63n)], {}, ["n from"]);
    }
  });

  it("strides and offsets whose places overflow", () => {
    for (const name of ["as_strided", "as_strided_", "as_strided_copy"]) {
      expectRefused(name, () => [x(), [2, 2], [4, 2n ** 62n]], {}, ["within 2^59 elements"]);
      expectRefused(name, () => [x(), [1], [1], 2n ** 62n]);
    }
    expectRefused("as_strided_scatter", () => [x(), Tensor.from([1, 2]), [2], [2n ** 61n]]);
    expectRefused("empty_strided", () => [[2], [2n ** 62n]]);
    expectRefused("new_empty_strided", () => [x(), [2n ** 60n], [8]]);
    thrown(() => op("as_strided", [x(), [2, 2], [4, 1]]), "ERR_OPERATOR_FAILED"); // libtorch's own check
    scope(() => expect((op("as_strided", [x(), [2], [2], 1]) as Tensor).toArray()).to.deep.equal([2, 4]));
  });

  it("whole families are refused, with the reason", () => {
    for (const [name, reason] of [
      ["embedding_dense_backward", "backward"],
      ["fbgemm_linear_fp16_weight", "packed weights|object in memory"],
      ["quantized_gru_cell", "object in memory"],
      ["native_group_norm", "group_norm works them out"],
      ["choose_qparams_optimized", "reads as many"],
      ["native_batch_norm", "batch_norm checks them"],
    ] as const) {
      const { message } = thrown(() => op(name, []), "ERR_UNKNOWN_OPERATOR");
      expect(message).to.match(new RegExp(`refused: .*(?:${reason})`));
    }
  });

  it("a sparse array of four thousand million elements is refused at once", () => {
    for (const name of ["sum", "adaptive_max_pool2d", "cat"]) {
      scope(() =>
        expect(() => op(name, [new Array(2 ** 32 - 1)]))
          .to.throw()
          .with.property("code")
          .that.matches(/^ERR_(?:INVALID_ARG|OPERATOR_ARGS)$/),
      );
    }
  });
});
