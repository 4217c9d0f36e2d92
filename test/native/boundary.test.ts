/**
 * Values that TypeScript's types forbid, given to the addon itself: each is a coded error, none a crash. An
 * error that a getter of the caller throws passes through.
 */
import { expect } from "chai";
import { Worker } from "node:worker_threads";
import { ERROR_CODES } from "../../lib/errors";
import type { NativeAddon } from "../../lib/native/addon";
import { native } from "../../lib/native/load";
import { ops } from "../../lib/tensor/ops";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import { GOLDEN } from "../support/golden";
import { REGISTER } from "../support/register";

type Entry = (...args: unknown[]) => unknown;

/** Calls an entry point with anything; resolves with the code of what it threw or rejected with. */
async function codeOf(name: keyof NativeAddon, args: readonly unknown[]): Promise<unknown> {
  try {
    await (native()[name] as Entry)(...args);
    return "none";
  } catch (error) {
    return (error as { code?: unknown }).code ?? error;
  }
}

const throwing = new Proxy(
  {},
  {
    get: () => {
      throw new RangeError("from a getter");
    },
  },
);
const sparse = (length: number): unknown[] => new Array<unknown>(length);

function detached(): Float32Array {
  const data = new Float32Array(4);
  structuredClone(data.buffer, { transfer: [data.buffer] });
  return data;
}

const HOSTILE: readonly unknown[] = [
  undefined,
  null,
  NaN,
  -1,
  0,
  0.5,
  1,
  Infinity,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  1e308,
  5n,
  2n ** 80n,
  "",
  "no/such/thing",
  "a\0b",
  "😀".repeat(1000),
  true,
  Symbol("s"),
  () => 1,
  {},
  [],
  [[]],
  [undefined],
  [NaN],
  ["x"],
  [{}],
  sparse(3),
  sparse(2 ** 32 - 1),
  new Date(),
  /x/,
  new Map(),
  new Float32Array(2),
  detached(),
  new Uint16Array(2),
  new DataView(new ArrayBuffer(8)),
  new ArrayBuffer(8),
  Object.create(null),
  Promise.resolve(1),
  throwing,
  new Proxy([1, 2], {}),
  new Proxy([], {
    get: () => {
      throw new RangeError("from a getter");
    },
  }),
  {
    toString: () => {
      throw new RangeError("from a getter");
    },
  },
  { valueOf: () => 1 },
  { length: 5 },
  { className: "X" },
  { parameters: [], aligned: [], scalars: [], calls: [{}] },
  Object.defineProperty([1], 0, {
    get: () => {
      throw new RangeError("from a getter");
    },
  }),
];

// What these do with good arguments would disturb the other tests.
const LEFT_OUT = new Set<string>([
  "initialize",
  "shutdown",
  "exitNow",
  "emptyCache",
  "manualSeed",
  "setNumThreads",
  "setModes",
  "anomalyScope",
  "resetPeak",
  "release",
  "releaseMany",
  "setAllowTf32",
  "setMatmulPrecision",
]);

function expectOrderly(code: unknown, what: string): void {
  const orderly =
    code === "none" ||
    (typeof code === "string" && Object.hasOwn(ERROR_CODES, code)) ||
    (code instanceof RangeError && code.message === "from a getter");
  expect(orderly, `${what}: ${String(code)}`).to.equal(true);
}

describe("the addon", () => {
  let tensors: Tensor[]; // held, or the collector would free the handles
  let handles: number[];

  before(() => {
    tensors = [
      Tensor.from([1, 2]),
      Tensor.from(
        [
          [1, 2],
          [3, 4],
        ],
        { requiresGrad: true },
      ),
    ];
    handles = tensors.map(({ handle }) => handle);
  });
  after(() => tensors.forEach((tensor) => tensor.dispose()));

  for (const name of Object.keys(native()) as (keyof NativeAddon)[]) {
    if (LEFT_OUT.has(name)) continue;
    it(`${name} takes anything without a crash, and refuses with a code`, async function () {
      this.timeout(60_000);
      for (const value of HOSTILE) {
        for (const args of [
          [value],
          [value, value],
          [value, value, value, value],
          [handles[0], value, value, value],
          ["add", value],
          [1, value, value],
          ["no/such/thing", [value], [value]],
          [0, 0, [value], value],
          [1, "forward", 0, value, value],
          [[handles[1]], [value], true, false],
        ]) {
          expectOrderly(await codeOf(name, args), `${name}(${args.map((arg) => typeof arg).join(", ")})`);
        }
      }
    });
  }

  it("setters refuse what is none of theirs and change nothing", async () => {
    const x = tensors[1] as Tensor;
    const state = (): unknown[] => [
      native().numThreads(),
      native().matmulPrecision(),
      scope(() => ops.mul(x, 1).requiresGrad),
    ];
    const before = state();
    for (const value of HOSTILE) {
      if (value === 0 || value === 1 || value === true) continue;
      for (const name of [
        "setModes",
        "anomalyScope",
        "setNumThreads",
        "release",
        "releaseMany",
        "setAllowTf32",
        "setMatmulPrecision",
      ] as const) {
        // A number may well be a handle, and releasing a stale one is allowed.
        if (name === "release" && typeof value === "number") continue;
        const code = await codeOf(name, [value]);
        expectOrderly(code, name);
        if (code === "none") expect(name.startsWith("release") && Array.isArray(value), name).to.equal(true);
      }
    }
    expect(state()).to.deep.equal(before);
    expect(handles.every((handle) => native().isLive(handle))).to.equal(true);
  });

  it("handles that are none are no tensors: neighbours, fractions, other generations", () => {
    const [handle = 0] = handles;
    for (const wrong of [
      handle + 0.5,
      handle + 2 ** 26,
      handle - 2 ** 26,
      handle + 2 ** 25,
      -handle,
      handle * 2 ** 20,
      0,
      2 ** 26 - 1,
    ]) {
      expect(native().isLive(wrong), String(wrong)).to.equal(false);
      expect(() => native().meta(wrong))
        .to.throw()
        .with.property("code", "ERR_TENSOR_DISPOSED");
      native().release(wrong);
    }
    expect(native().isLive(handle)).to.equal(true);
  });

  it("a getter may dispose, look up and compute in the middle of a call", () =>
    scope(() => {
      const addon = native();
      const x = Tensor.from([
        [1, 2],
        [3, 4],
      ]);
      const sum = addon.operator("sum", false);
      const dims = Object.defineProperty([0], 0, {
        get() {
          for (const name of [
            "cos",
            "sin",
            "tan",
            "cosh",
            "sinh",
            "tanh",
            "log1p",
            "log2",
            "expm1",
            "erf",
            "erfc",
            "digamma",
            "lgamma",
            "trunc",
            "frac",
          ]) {
            addon.operator(name, false);
          }
          x.dispose();
          for (let i = 0; i < 2000; i++) Tensor.from([i]);
          return 0;
        },
      });
      const result = addon.call(sum, 1, undefined, x.handle, dims) as number;
      expect(addon.toTypedArray(result)).to.deep.equal(Float32Array.of(4, 6));
      addon.release(result);
      expect(() => addon.call(sum, 1, undefined, x.handle, [0]))
        .to.throw()
        .with.property("code", "ERR_TENSOR_DISPOSED");
    }));

  it("a description of modules that contains itself is refused", () => {
    const spec = { className: "A", source: "", modules: [] as unknown[] };
    spec.modules.push(["a", spec]);
    expect(() => native().compileModule(spec as never))
      .to.throw()
      .with.property("code")
      .that.matches(/^ERR_/);
    const wide = (depth: number): object => ({
      className: `D${depth}`,
      source: "",
      modules: depth > 0 ? [["x", wide(depth - 1)]] : [],
    });
    expect(() => native().compileModule(wide(5000) as never))
      .to.throw()
      .with.property("code", "ERR_INVALID_ARG");
  });

  it("a second module of a class must have what the first has, of its types", () => {
    const part = (attributes: object): object => ({
      className: "P",
      source: "\ndef forward(self) -> int:\n    return self.n\n",
      attributes,
    });
    const whole = (second: object): object => ({
      className: "W",
      source: "",
      modules: [
        ["a", part({ n: 1 })],
        ["b", part(second)],
      ],
    });
    for (const second of [{}, { n: "1" }, { n: true }, { n: 1, m: 2 }]) {
      expect(() => native().compileModule(whole(second) as never), JSON.stringify(second))
        .to.throw()
        .with.property("code", "ERR_SCRIPT_COMPILE");
    }
    native().releaseModule(native().compileModule(whole({ n: 2 }) as never));
  });

  it("bytes are read only where the file has them", async () => {
    const entry = { name: "x", dtype: "float32", shape: [4], offset: 0, bytes: 16 };
    const file = `${GOLDEN}/bert/config.json`;
    for (const [change, code] of [
      [{ offset: 2 ** 40 }, "ERR_SAFETENSORS_INVALID"],
      [{ offset: -1 }, "ERR_SAFETENSORS_INVALID"],
      [{ offset: 0.5 }, "ERR_SAFETENSORS_INVALID"],
      [{ bytes: 17 }, "ERR_SAFETENSORS_INVALID"],
      [{ shape: [2 ** 52, 2 ** 52] }, "ERR_SAFETENSORS_INVALID"],
      [{ shape: [2 ** 26, 2 ** 20], bytes: 2 ** 48 }, "ERR_OUT_OF_MEMORY"],
      [{ dtype: "F32" }, "ERR_UNKNOWN_DTYPE"],
      [{ shape: 4 }, "ERR_INVALID_ARG"],
    ] as const) {
      expect(await codeOf("readSafetensors", [file, [{ ...entry, ...change }]]), JSON.stringify(change)).to.equal(code);
    }
    expect(await codeOf("readSafetensors", [`${file}\0`, [entry]])).to.equal("ERR_INVALID_ARG");
  });

  it("a handle means nothing in another thread", async () => {
    const program = `
      const { native } = require(${JSON.stringify(require.resolve("../../lib/native/load"))});
      const { workerData, parentPort } = require("node:worker_threads");
      let code;
      try { native().meta(workerData); } catch (error) { code = error.code; }
      parentPort.postMessage([code, native().memory().liveTensors]);
    `;
    const worker = new Worker(program, {
      eval: true,
      workerData: handles[0],
      execArgv: ["-r", REGISTER],
    });
    const message = await new Promise((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
    await worker.terminate();
    expect(message).to.deep.equal(["ERR_TENSOR_DISPOSED", 0]);
    expect(native().isLive(handles[0] as number)).to.equal(true);
  });
});
