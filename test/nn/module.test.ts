/** `nn.Module`: how parts are found and named, state, modes, and who frees what. */
import { expect } from "chai";
import { nn, ScriptModule } from "../../lib/index";
import { noGrad } from "../../lib/autograd/grad-mode";
import { memory } from "../../lib/tensor/memory";
import { ops } from "../../lib/tensor/ops";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import { rejection, thrown } from "../support/rejection";
import { golden } from "./golden";

/** A base for modules whose forward no test calls. */
abstract class Silent extends nn.Module {
  forward(): void {}
}

const names = (entries: readonly (readonly [string, unknown])[]): string[] => entries.map(([name]) => name);

const zeros = (...shape: number[]): Tensor => ops.zeros(shape);

/** As in `scripts/golden/nn.py`. */
class Tied extends Silent {
  readonly first = new nn.Linear(2, 2);
  readonly scale = new nn.Parameter(ops.ones([1]));
  readonly mean = new nn.Buffer(zeros(1));
  readonly scratch = new nn.Buffer(zeros(1), { persistent: false });
  readonly layers = new nn.ModuleList([new nn.Linear(2, 2, { bias: false }), this.first]);
  readonly second = new nn.Linear(2, 2);

  constructor() {
    super();
    this.second.weight.dispose();
    (this.second as { weight: nn.Parameter }).weight = this.first.weight;
  }
}

describe("nn.Module: parts and names", () => {
  it("has PyTorch's names in PyTorch's order, with shared parts and buffers", () => {
    scope(() => {
      using model = new Tied();
      expect(names(model.namedParameters())).to.deep.equal(golden.names.parameters);
      expect(names(model.namedBuffers())).to.deep.equal(golden.names.buffers);
      expect(names(model.namedModules())).to.deep.equal(golden.names.modules);
      expect([...model.stateDict().keys()]).to.deep.equal(golden.names.state);
      const applied: string[] = [];
      model.apply((module) => void applied.push(module.constructor.name));
      expect(applied).to.deep.equal(golden.names.applied);
    });
  });

  it("finds parts in arrays, plain objects and fields that a constructor sets, but not behind #private names", () => {
    class Model extends Silent {
      readonly blocks = [new nn.Linear(1, 1), [new nn.Dropout(0.1), new nn.Linear(1, 1, { bias: false })]] as const;
      readonly heads = { topic: new nn.Linear(1, 1, { bias: false }), tone: undefined };
      private readonly hidden: nn.Linear;
      readonly #secret = new nn.Linear(1, 1);
      readonly settings = { size: 3, names: ["a"], nothing: null };
      readonly plain = zeros(1); // no parameter, no buffer
      constructor() {
        super();
        this.hidden = new nn.Linear(1, 1, { bias: false });
      }
      free(): void {
        this.#secret.dispose();
        this.plain.dispose();
      }
      get size(): number {
        return this.hidden.inFeatures;
      }
    }
    using model = new Model();
    expect(names(model.namedParameters())).to.deep.equal([
      "blocks.0.weight",
      "blocks.0.bias",
      "blocks.1.1.weight",
      "heads.topic.weight",
      "hidden.weight",
    ]);
    expect(names(model.namedChildren())).to.deep.equal([
      "blocks.0",
      "blocks.1.0",
      "blocks.1.1",
      "heads.topic",
      "hidden",
    ]);
    expect(model.children()).to.have.length(5);
    model.free();
  });

  it("register gives a part another name than its field, and reaches #private fields", () => {
    class Model extends Silent {
      readonly layerNorm = this.register("layer_norm", new nn.LayerNorm(2));
      readonly #dense = this.register("dense", new nn.Linear(2, 2, { bias: false }));
      readonly scale = new nn.Parameter(zeros(1));
      get dense(): nn.Linear {
        return this.#dense;
      }
      again(name: string, part: nn.Module = this.#dense): void {
        this.register(name, part);
      }
    }
    using model = new Model();
    expect(names(model.namedParameters())).to.deep.equal([
      "scale",
      "layer_norm.weight",
      "layer_norm.bias",
      "dense.weight",
    ]);
    for (const name of ["dense", "a.b", "", 5 as unknown as string]) thrown(() => model.again(name), "ERR_INVALID_ARG");
    thrown(() => model.again("text", "part" as unknown as nn.Module), "ERR_INVALID_ARG");

    const twice = new Model();
    twice.again("scale", new nn.Linear(1, 1));
    expect(thrown(() => twice.parameters(), "ERR_INVALID_ARG").message).to.equal(
      'Model: expected one part named "scale", got two',
    );
  });

  it("lists the same objects on every call, so that counts of live tensors do not drift", () => {
    using layer = new nn.Linear(2, 2);
    const before = memory().liveTensors;
    expect(layer.parameters()[0]).to.equal(layer.weight);
    expect(layer.stateDict().get("weight")).to.equal(layer.weight);
    for (let i = 0; i < 10; i++) layer.parameters();
    expect(memory().liveTensors).to.equal(before);
  });

  it("a ModuleList grows and refuses to be called", () => {
    using list = new nn.ModuleList([new nn.Linear(1, 1)]);
    list.append(new nn.Linear(1, 1));
    expect(list.length).to.equal(2);
    expect([...list]).to.deep.equal([list.at(0), list.at(-1)]);
    expect([...list.stateDict().keys()]).to.deep.equal(["0.weight", "0.bias", "1.weight", "1.bias"]);
    thrown(() => list.forward(), "ERR_INVALID_ARG");
    thrown(() => list.append(5 as unknown as nn.Linear), "ERR_INVALID_ARG");
  });
});

describe("nn.Module: state", () => {
  it("loadStateDict copies by name, converting dtypes, and leaves the source alone", () => {
    scope(() => {
      using layer = new nn.Linear(2, 1);
      const weight = Tensor.from([[1, 2]], { dtype: "float64" });
      expect(layer.loadStateDict({ weight, bias: Tensor.from([3]) })).to.deep.equal({ missing: [], unexpected: [] });
      expect(layer.weight.toArray()).to.deep.equal([[1, 2]]);
      expect(layer.weight.dtype).to.equal("float32");
      expect(layer.weight.isLeaf && layer.weight.requiresGrad).to.be.true;
      noGrad(() => layer.weight.fill_(0));
      expect(weight.toArray()).to.deep.equal([[1, 2]]);
    });
  });

  it("lists what is missing, unexpected and mis-shaped, and then copies nothing", () => {
    scope(() => {
      using layer = new nn.Linear(2, 1);
      const before = layer.weight.toArray();
      const error = thrown(() => layer.loadStateDict({ weight: zeros(1, 2), scale: zeros(1) }), "ERR_WEIGHTS_MISMATCH");
      expect(error.message)
        .to.contain("Linear.loadStateDict")
        .and.contain("missing (1): bias")
        .and.contain("unexpected (1): scale");
      const shapes = thrown(
        () => layer.loadStateDict({ weight: zeros(1, 2), bias: zeros(2) }, { strict: false }),
        "ERR_WEIGHTS_MISMATCH",
      );
      expect(shapes.message).to.contain("bias is [2], the module's is [1]");
      thrown(() => layer.loadStateDict({ weight: 5 as unknown as Tensor }), "ERR_INVALID_ARG");
      const gone = zeros(1);
      gone.dispose();
      thrown(() => layer.loadStateDict({ weight: zeros(1, 2), bias: gone }), "ERR_TENSOR_DISPOSED");
      expect(layer.weight.toArray()).to.deep.equal(before);
      expect(layer.loadStateDict({ weight: zeros(1, 2), scale: zeros(1) }, { strict: false })).to.deep.equal({
        missing: ["bias"],
        unexpected: ["scale"],
      });
      expect(layer.weight.toArray()).to.deep.equal([[0, 0]]);
    });
  });

  it("goes from one module to another of its kind", () => {
    using from = new nn.Sequential(new nn.Linear(2, 3), new nn.LayerNorm(3));
    using into = new nn.Sequential(new nn.Linear(2, 3), new nn.LayerNorm(3));
    into.loadStateDict(from.stateDict());
    expect(into.parameters().map((tensor) => tensor.toArray())).to.deep.equal(
      from.parameters().map((tensor) => tensor.toArray()),
    );
  });

  it("to() converts parameters, gradients and floating buffers under the same handles", async () => {
    class Model extends Silent {
      readonly dense = new nn.Linear(2, 1);
      readonly mean = new nn.Buffer(ops.ones([2]));
      readonly count = new nn.Buffer(Tensor.from(3n));
    }
    using model = new Model();
    const { weight } = model.dense;
    const handles = model.parameters().map(({ handle }) => handle);
    await scope(async () =>
      model.dense
        .forward(ops.ones([1, 2]))
        .sum()
        .backward(),
    );
    const gradient = weight.grad;
    expect(await model.to("float64")).to.equal(model);
    expect(model.parameters().map(({ handle, dtype }) => [handle, dtype])).to.deep.equal(
      handles.map((handle) => [handle, "float64"]),
    );
    expect(weight.grad).to.equal(gradient);
    expect([gradient?.dtype, gradient?.toArray()]).to.deep.equal(["float64", [[1, 1]]]);
    expect([model.mean.dtype, model.count.dtype]).to.deep.equal(["float64", "int64"]);
    expect(weight.isLeaf && weight.requiresGrad).to.be.true;
    // A second backward accumulates in the converted gradient.
    await scope(async () =>
      model.dense
        .forward(ops.ones([1, 2], { dtype: "float64" }))
        .sum()
        .backward(),
    );
    expect(weight.grad?.toArray()).to.deep.equal([[2, 2]]);
    await model.to({ device: "cpu", dtype: "float32" });
    expect(weight.dtype).to.equal("float32");
  });

  it("to() refuses what is no device and no floating dtype", async () => {
    using layer = new nn.Linear(1, 1);
    await rejection(layer.to("int64" as "float32"), "ERR_UNKNOWN_DTYPE");
    await rejection(layer.to("gpu" as "cpu"), "ERR_UNKNOWN_DEVICE");
    await rejection(layer.to(5 as unknown as "cpu"), "ERR_INVALID_ARG");
    await rejection(layer.to({ dtype: "float" as "float32" }), "ERR_UNKNOWN_DTYPE");
  });
});

describe("nn.Module: modes and gradients", () => {
  it("train and eval reach every part, and a part may go its own way", () => {
    class Frozen extends Silent {
      readonly dropout = new nn.Dropout(0.5);
      override train(): this {
        return super.train(false);
      }
    }
    const frozen = new Frozen();
    const model = new nn.ModuleList<nn.Module>([new nn.Sequential(new nn.Dropout(0.1)), frozen]);
    const modes = (): boolean[] => model.namedModules().map(([, module]) => (module as nn.Module).training);
    expect(modes()).to.deep.equal([true, true, true, true, true]);
    expect(model.eval()).to.equal(model);
    expect(modes()).to.deep.equal([false, false, false, false, false]);
    model.train();
    expect(modes()).to.deep.equal([true, true, true, false, false]);
  });

  it("requiresGrad_ freezes, zeroGrad drops gradients", async () => {
    using layer = new nn.Linear(2, 1);
    await scope(async () =>
      layer
        .forward(ops.ones([1, 2]))
        .sum()
        .backward(),
    );
    expect(layer.weight.grad).to.be.instanceOf(Tensor);
    layer.zeroGrad();
    expect(layer.weight.grad).to.equal(undefined);
    layer.requiresGrad_(false);
    expect(layer.parameters().some(({ requiresGrad }) => requiresGrad)).to.be.false;
    await scope(async () =>
      rejection(
        layer
          .forward(ops.ones([1, 2]))
          .sum()
          .backward(),
        "ERR_NO_GRAD_HISTORY",
      ),
    );
    layer.requiresGrad_();
    expect(layer.parameters().every(({ requiresGrad }) => requiresGrad)).to.be.true;
  });
});

describe("nn.Module: ownership", () => {
  it("parameters outlive the scope that they were made in, and go with dispose", () => {
    const before = memory().liveTensors;
    const layer = scope(() => new nn.Linear(3, 2));
    expect(memory().liveTensors).to.equal(before + 2);
    expect(layer.weight.shape).to.deep.equal([2, 3]);
    layer.dispose();
    expect(memory().liveTensors).to.equal(before);
  });

  it("a parameter shares its data's elements and not its handle", () => {
    const data = ops.ones([2]);
    const parameter = new nn.Parameter(data);
    noGrad(() => data.fill_(5)).dispose();
    data.dispose();
    expect(parameter.toArray()).to.deep.equal([5, 5]);
    parameter.dispose();
  });

  it("a TorchScript part is freed with its model", async () => {
    const before = memory().liveTensors;
    using weight = ops.ones([2]);
    class Model extends Silent {
      readonly script = ScriptModule.compile({
        className: "Scale",
        source: "\ndef forward(self, x: Tensor) -> Tensor:\n    return x * self.weight\n",
        parameters: { weight: weight.handle },
      });
    }
    const model = new Model();
    expect(names(model.namedParameters())).to.deep.equal(["script.weight"]);
    model.dispose();
    using x = ops.ones([2]);
    await rejection(model.script.forward([x]), "ERR_MODULE_DISPOSED");
    expect(memory().liveTensors).to.be.at.most(before + 2); // weight and x
  });
});
