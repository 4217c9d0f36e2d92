/** Types of `nn`: checked by `tsc --noEmit`. */
/* eslint-disable @typescript-eslint/no-unsafe-return -- what must not compile is not typed either */
import { expectTypeOf } from "expect-type";
import type {
  Batch,
  BertForSequenceClassification,
  ModelInputs,
  ScriptModule,
  TextClassifier,
  Tensor,
} from "../../lib/index";
import { AdamW, clipGradNorm, decayGroups, ModuleClassifier, nn, Trainer } from "../../lib/index";

declare const x: Tensor;
declare const script: ScriptModule;
declare const bert: BertForSequenceClassification;

/** The body is compiled, never run. */
class Count extends nn.Module {
  forward(_: Batch): number {
    return 1;
  }
}

function typesOnly(_body: () => unknown): void {}

class Head extends nn.Module {
  readonly dense: nn.Linear = new nn.Linear(4, 8);
  readonly scale: nn.Parameter = new nn.Parameter(x);
  readonly norm = this.register("layer_norm", new nn.LayerNorm(8));

  forward(hidden: Tensor, mask?: Tensor): Tensor {
    return this.norm.forward(this.dense.forward(mask ? hidden.mul(mask) : hidden));
  }
}

class Later extends nn.Module {
  async forward(hidden: Tensor): Promise<Tensor> {
    return hidden;
  }
}

class OnBatches extends nn.Module {
  forward(batch: Batch): { logits: Tensor } {
    return { logits: batch.inputIds };
  }
}

class OnInputs extends nn.Module {
  async forward({ inputsEmbeds }: ModelInputs): Promise<Tensor> {
    return inputsEmbeds ?? x;
  }
}

declare const head: Head;

describe("types of nn", () => {
  it("names are classes and types at once", () => {
    expectTypeOf<nn.Linear>().toExtend<nn.Module>();
    expectTypeOf<nn.Parameter>().toExtend<Tensor>();
    expectTypeOf<nn.Linear["bias"]>().toEqualTypeOf<nn.Parameter | undefined>();
    expectTypeOf<Head["norm"]>().toEqualTypeOf<nn.LayerNorm>();
    expectTypeOf<Head["forward"]>().returns.toEqualTypeOf<Tensor>();
    expectTypeOf<ReturnType<nn.Module["stateDict"]>>().toEqualTypeOf<ReadonlyMap<string, Tensor>>();
    expectTypeOf<Head["train"]>().returns.toExtend<nn.Module>();
    expectTypeOf<ScriptModule>().toExtend<nn.AnyModule>();
    expectTypeOf<BertForSequenceClassification>().toExtend<nn.AnyModule>();
    expectTypeOf<Head>().toExtend<nn.AnyModule>();
    typesOnly(() => [
      new nn.Linear(4, 8, { bias: false, dtype: "float64", device: "cuda:1" }),
      new nn.Embedding(4, 8, { paddingIdx: 0 }),
      new nn.LayerNorm([2, 3], { eps: 1e-6, bias: false }),
      new nn.GELU({ approximate: "tanh" }),
      head.to("cuda"),
      head.to("bfloat16"),
      head.to({ device: "cpu", dtype: "float32" }),
      head.loadStateDict({ weight: x }),
      head.loadStateDict(new Map([["weight", x]]), { strict: false }),
      nn.init.kaimingNormal_(head.dense.weight, { mode: "fan_out", nonlinearity: "relu" }),
      // @ts-expect-error a module says what it computes
      new (class extends nn.Module {})(),
      // @ts-expect-error abstract
      new nn.Module(),
      // @ts-expect-error register is for the class itself
      head.register("more", head.dense),
      // @ts-expect-error integers do not learn
      head.to("int64"),
      // @ts-expect-error snake case is Python's
      new nn.Embedding(4, 8, { padding_idx: 0 }),
      // @ts-expect-error no such nonlinearity
      nn.init.kaimingNormal_(x, { nonlinearity: "softmax" }),
      // @ts-expect-error a state holds tensors
      head.loadStateDict({ weight: [1, 2] }),
      // @ts-expect-error an array is no tensor
      head.forward([1, 2]),
      // @ts-expect-error a size is a number
      new nn.Linear("4", 8),
    ]);
  });

  it("nn.init gives back the type that it was given", () => {
    expectTypeOf(nn.init.zeros_<nn.Parameter>).returns.toEqualTypeOf<nn.Parameter>();
  });

  it("Sequential is sync unless a layer is not", () => {
    typesOnly(() => {
      expectTypeOf(
        new nn.Sequential(new nn.Linear(1, 2), new nn.GELU(), new Head()).forward(x),
      ).toEqualTypeOf<Tensor>();
      expectTypeOf(new nn.Sequential(new nn.Linear(1, 2), new Later()).forward(x)).toEqualTypeOf<Promise<Tensor>>();
      expectTypeOf(new nn.Sequential(script, new nn.Linear(1, 2)).forward(x)).toEqualTypeOf<Promise<Tensor>>();
      expectTypeOf(new nn.Sequential<nn.Layer[]>(new nn.Linear(1, 2)).at(0)).toEqualTypeOf<nn.Layer | undefined>();
      expectTypeOf([...new nn.ModuleList([new nn.Linear(1, 2)])]).toEqualTypeOf<nn.Linear[]>();
      // @ts-expect-error takes batches
      return new nn.Sequential(new OnBatches());
    });
  });

  it("the Trainer, the optimizer and clipping take modules", () => {
    expectTypeOf<ModuleClassifier>().toExtend<TextClassifier>();
    typesOnly(() => [
      new Trainer(new OnBatches(), { labels: ["a", "b"] }),
      new Trainer(new OnInputs(), { labels: ["a", "b"] }),
      new Trainer(bert),
      new AdamW(decayGroups(head, 0.01)),
      new AdamW(head.parameters()),
      clipGradNorm(head.parameters(), 1),
      ModuleClassifier.load("folder", new OnBatches()),
      // @ts-expect-error takes tensors, no batches
      new Trainer(head, { labels: ["a", "b"] }),
      // @ts-expect-error gives no logits
      new Trainer(new Count(), { labels: ["a", "b"] }),
    ]);
  });
});
