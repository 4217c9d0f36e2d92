/** What is no argument of a function is an error with a code wherever it is given: null, a name as Python spells it. */
import { expect } from "chai";
import {
  AdamW,
  autocast,
  checkpoint,
  Classifier,
  decayGroups,
  F,
  grad,
  inferenceMode,
  jit,
  LengthGroupedSampler,
  LinearSchedule,
  loadTextClassifier,
  nn,
  noGrad,
  op,
  OneCycleSchedule,
  RandomSampler,
  ReduceOnPlateau,
  saveSafetensors,
  scope,
  ScriptModule,
  Tensor,
  TorchwrightError,
  WeightedSampler,
} from "../lib/index";

/** As JavaScript calls it, without types. */
type Loose = (...args: unknown[]) => unknown;
type LooseClass = new (...args: unknown[]) => unknown;

describe("wrong arguments", () => {
  const call = (fn: unknown, ...args: unknown[]): unknown => (fn as Loose)(...args);
  const make = (cls: unknown, ...args: unknown[]): unknown => new (cls as LooseClass)(...args);

  it("are errors with a code, at once or of the promise", async () => {
    using x = Tensor.from([1, 2], { requiresGrad: true });
    using layer = new nn.Linear(2, 2);
    using optimizer = new AdamW(layer.parameters());
    const method = (target: object, name: string, ...args: unknown[]): unknown =>
      (target as Readonly<Record<string, Loose>>)[name]?.call(target, ...args);
    const calls: readonly (() => unknown)[] = [
      () => call(Tensor.from.bind(Tensor), [1], { requires_grad: true }),
      () => call(Tensor.from.bind(Tensor), [1], "float64"),
      () => call(Tensor.from.bind(Tensor), [1], null),
      () => method(x, "to", { type: "float64" }),
      () => method(x, "toArray", null),
      () => method(x, "toTypedArray", { copy: false }),
      () => method(x, "item", null),
      () => method(x, "backward", null, null),
      () => method(x, "backward", x, { retain_graph: true }),
      () => call(grad, x, x, { create_graph: true }),
      () => call(noGrad, 5),
      () => call(inferenceMode, undefined),
      () => call(scope, undefined),
      () => call(autocast, { dtype: "bfloat16" }, () => x),
      () => call(autocast, () => x, { dtypes: "bfloat16" }),
      () => call(checkpoint, () => x),
      () => call(checkpoint, () => x, [x], { preserve_rng_state: false }),
      () => call(op, "add", null),
      () => make(nn.Linear, 2, 2, { bais: false }),
      () => make(nn.Linear, 2, 2, false),
      () => make(nn.Embedding, 2, 2, { padding_idx: 1 }),
      () => make(nn.LayerNorm, 2, null),
      () => make(nn.GELU, null),
      () => make(nn.Sequential, null),
      () => make(nn.ModuleList, 5),
      () => make(nn.Parameter, x, null),
      () => method(layer, "loadStateDict", null),
      () => method(layer, "loadStateDict", {}, { stict: false }),
      () => method(layer, "apply"),
      () => method(layer, "to", { type: "float64" }),
      () => call(nn.init.kaimingUniform_, null),
      () => call(nn.init.xavierNormal_, undefined),
      () => call(nn.init.truncNormal_, x, { sdt: 2 }),
      () => call(F.softmin, null, 0),
      () => call(F.normalize, undefined),
      () => call(F.batchNorm, null),
      () => call(F.binaryCrossEntropy, x, null),
      () => call(F.interpolate, null),
      () => F.groupNorm(x.view([1, 2]), 2),
      () => method(optimizer, "step", { found_inf: x }),
      () => make(LinearSchedule, {}, { warmupSteps: 0, totalSteps: 1 }),
      () => make(LinearSchedule, optimizer),
      () => make(OneCycleSchedule, optimizer, null),
      () => make(ReduceOnPlateau, null),
      () => call(decayGroups, null, 0.1),
      () => make(RandomSampler, null),
      () => make(LengthGroupedSampler, { seeds: 1 }),
      () => make(WeightedSampler, [1, 2], null),
      () => make(Classifier, null, null),
      () => call(saveSafetensors, "state.safetensors", null),
      () => call(loadTextClassifier, "folder", null),
      () => call(Classifier.load.bind(Classifier), "folder", null),
      () => make(ScriptModule, "model.pt"),
      () => call(jit.load, null),
    ];
    for (const [i, wrong] of calls.entries()) {
      let error: unknown;
      try {
        await wrong();
      } catch (thrown) {
        error = thrown;
      }
      expect(error, `call ${i}: ${String(wrong)}`).to.be.instanceOf(TorchwrightError);
    }
  });
});
