import { getEventListeners } from "node:events";
import { setImmediate as macrotask } from "node:timers/promises";
import { expect } from "chai";
import { autocast } from "../../lib/autograd/autocast";
import { inferenceMode } from "../../lib/autograd/grad-mode";
import { exclusive } from "../../lib/models/exclusive";
import type { TextClassifier } from "../../lib/models/model";
import { Classifier } from "../../lib/predict/classifier";
import { inParts } from "../../lib/predict/in-parts";
import type { ClassifierOptions } from "../../lib/predict/options";
import { scope } from "../../lib/tensor/scope";
import { FakeClassifier } from "../support/fake-classifier";
import { FakeTokenizer } from "../support/fake-tokenizer";
import { rejection } from "../support/rejection";

/** A classifier of numbers as regression, whose prediction of a text is the text. */
function numbers(options: ClassifierOptions = {}, lengthOf?: (text: number) => number) {
  const model = new FakeClassifier(["n"], "regression");
  const tokenizer = new FakeTokenizer(lengthOf ? { maxLength: 64, lengthOf } : {});
  return { model, tokenizer, classifier: new Classifier(model, tokenizer, { batchSize: 4, ...options }) };
}

const counting = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => String(from + i));
const reason = (error: unknown): unknown => error;

/** A promise and what settles it. */
function gate(): { readonly promise: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const promise = new Promise<void>((resolve) => (open = resolve));
  return { promise, open };
}

describe("Classifier's batches", () => {
  it("are shared by calls at the same time, one run after another, and each call has its own result", async () => {
    const { model, classifier } = numbers();
    const results = await Promise.all(counting(0, 40).map((text) => classifier.predict(text)));
    expect(results.map(({ value }) => value)).to.deep.equal(counting(0, 40).map(Number));
    expect(model.mostRunning).to.equal(1);
    expect(model.batches.length).to.be.at.most(12);
    for (const batch of model.batches) expect(batch.length).to.be.at.most(4);
  });

  it("take what came while the model was busy", async () => {
    const { model, classifier } = numbers();
    const { promise, open } = gate();
    model.gate = promise;
    const started = model.nextRun();
    const first = classifier.predict("7");
    await started;
    const others = counting(10, 14).map((text) => classifier.predict(text));
    await macrotask();
    expect(model.batches).to.deep.equal([[7]]);
    open();
    await Promise.all([first, ...others]);
    expect(model.batches.map((batch) => batch.length)).to.deep.equal([1, 4]);
  });

  it("hold texts of like length: a large call alone goes by length", async () => {
    const { model, classifier } = numbers({}, (text) => 1 + (text % 5));
    await classifier.predict(counting(0, 20));
    expect(model.batches).to.deep.equal([0, 1, 2, 3, 4].map((length) => [0, 5, 10, 15].map((text) => text + length)));
  });

  it("have no more tokens than maxTokens, by default 1024 on the CPU, but for a text that alone has more", async () => {
    const { model, classifier } = numbers({ batchSize: 32, maxTokens: 30 }, (text) => text);
    await classifier.predict(counting(1, 41).reverse());
    for (const batch of model.batches) {
      expect(batch.length === 1 || batch.length * Math.max(...batch) <= 30, batch.join()).to.equal(true);
    }
    expect(model.batches.slice(0, 2)).to.deep.equal([
      [1, 2, 3, 4, 5],
      [6, 7, 8],
    ]);

    const usual = numbers({ batchSize: 100 }, () => 60);
    await usual.classifier.predict(counting(0, 40));
    expect(usual.model.batches.map((batch) => batch.length)).to.deep.equal([17, 17, 6]);
  });

  it("of very long lists come from parts of them, in order, the next one begun while the model has the one before", async () => {
    const begun: number[][] = [];
    let ended = 0;
    const doubled = await inParts(
      [1, 2, 3, 4, 5, 6, 7],
      async (part) => {
        begun.push([...part]);
        expect(begun.length - ended).to.be.at.most(2);
        await macrotask();
        ended++;
        return part.map((item) => 2 * item);
      },
      3,
    );
    expect(doubled).to.deep.equal([2, 4, 6, 8, 10, 12, 14]);
    expect(begun).to.deep.equal([[1, 2, 3], [4, 5, 6], [7]]);
    const { classifier } = numbers({ batchSize: 5000, maxTokens: 1_000_000 });
    const texts = counting(0, 9000);
    expect((await classifier.predict(texts)).map(({ value }) => value)).to.deep.equal(texts.map(Number));
    const { message } = await rejection(classifier.predict([...texts, 5 as never]), "ERR_INVALID_ARG");
    expect(message).to.contain("predict: expected a string or a pair of strings at index 9000, got 5");
  });

  it("let a small call pass a large one, and the large one's texts fill its batch", async () => {
    const { model, classifier } = numbers({}, (text) => (text < 100 ? 1 + (text % 5) : 4));
    const { promise, open } = gate();
    model.gate = promise;
    const started = model.nextRun();
    const large = classifier.predict(counting(0, 40));
    await started;
    const small = classifier.predict("100").then(() => model.batches.length);
    await macrotask();
    open();
    expect(await small).to.be.at.most(3);
    await large;
    expect(model.batches.find((batch) => batch.includes(100))).to.have.length(4);
    expect(model.batches).to.have.length(11);
  });

  it("wait for others as maxWaitMs says, and go as soon as they are full", async () => {
    const { model, classifier } = numbers({ maxWaitMs: 1_000_000, batchSize: 2 });
    const first = classifier.predict("1");
    for (let turn = 0; turn < 5; turn++) await macrotask();
    expect(model.batches).to.have.length(0);
    expect(await Promise.all([first, classifier.predict("2")])).to.deep.equal([{ value: 1 }, { value: 2 }]);
    expect(model.batches).to.deep.equal([[1, 2]]);
  });

  it("go without others when maxWaitMs is over", async () => {
    const { classifier } = numbers({ maxWaitMs: 2 });
    expect(await classifier.predict("1")).to.deep.equal({ value: 1 });
  });

  it("fail for the caller whose text the model cannot read, and for no other in the batch", async () => {
    const { model, classifier } = numbers();
    model.failAt = 13;
    const [one, two, three] = await Promise.all(
      ["11", "13", "12"].map((text) => classifier.predict(text).catch(reason)),
    );
    expect(one).to.deep.equal({ value: 11 });
    expect((two as Error).message).to.equal("cannot read 13");
    expect(three).to.deep.equal({ value: 12 });
    expect(((await classifier.predict(counting(0, 30)).catch(reason)) as Error).message).to.equal("cannot read 13");
    const runs = model.batches.length;
    await macrotask();
    expect(model.batches.length, "nothing goes on for a call that failed").to.equal(runs);
  });

  it("drop what an aborted call had waiting, at once, and answer the others", async () => {
    const { model, classifier } = numbers();
    const { promise, open } = gate();
    model.gate = promise;
    const started = model.nextRun();
    const first = classifier.predict("1");
    await started;
    const controller = new AbortController();
    const aborted = classifier.predict(counting(20, 40), { signal: controller.signal }).catch(reason);
    const kept = classifier.predict("2");
    await macrotask();
    controller.abort(new Error("enough"));
    expect(((await aborted) as Error).message, "while the model is still busy").to.equal("enough");
    expect(getEventListeners(controller.signal, "abort")).to.have.length(0);
    open();
    expect(await Promise.all([first, kept])).to.deep.equal([{ value: 1 }, { value: 2 }]);
    expect(model.batches).to.deep.equal([[1], [2]]);
    expect(((await classifier.predict("3", { signal: controller.signal }).catch(reason)) as Error).message).to.equal(
      "enough",
    );
    expect(model.batches).to.have.length(2);
  });

  it("leave no listener on a signal that outlives the call", async () => {
    const { classifier } = numbers();
    const { signal } = new AbortController();
    await classifier.predict(counting(0, 9), { signal });
    expect(getEventListeners(signal, "abort")).to.have.length(0);
  });

  it("reject after dispose, also those that wait for company", async () => {
    const { model, classifier } = numbers({ maxWaitMs: 1_000_000 });
    const waiting = classifier.predict("1");
    await macrotask();
    await macrotask();
    classifier.dispose();
    await rejection(waiting, "ERR_MODULE_DISPOSED");
    await rejection(classifier.predict("2"), "ERR_MODULE_DISPOSED");
    expect(model.running).to.equal(0);

    const busy = numbers();
    const { promise, open } = gate();
    busy.model.gate = promise;
    const started = busy.model.nextRun();
    const first = busy.classifier.predict("1");
    await started;
    const second = busy.classifier.predict("2").catch(reason);
    await macrotask();
    busy.classifier.dispose();
    open();
    expect(await first).to.deep.equal({ value: 1 });
    expect(await second).to.include({ code: "ERR_MODULE_DISPOSED" });
  });

  it("have the number format of their callers, who share none across formats, and nobody's scope or grad mode", async () => {
    const { model, classifier } = numbers();
    const half = autocast(() => classifier.predict("1"), { device: "cpu", dtype: "bfloat16" });
    const plain = scope(() => classifier.predict("2"));
    const inferred = inferenceMode(() => classifier.predict("3"));
    expect(await Promise.all([half, plain, inferred])).to.deep.equal([{ value: 1 }, { value: 2 }, { value: 3 }]);
    const formats = Object.fromEntries(
      model.batches.flatMap((batch, i) => batch.map((number) => [number, model.dtypes[i]])),
    );
    expect(formats).to.deep.equal({ 1: "bfloat16", 2: "float32", 3: "float32" });
  });

  it("keep the model in use: dropout stays off until the last call, and nobody trains beside them", async () => {
    const { model, classifier } = numbers();
    model.train();
    const { promise, open } = gate();
    model.gate = promise;
    const started = model.nextRun();
    const controller = new AbortController();
    const given = classifier.predict("1", { signal: controller.signal }).catch(reason);
    await started;
    expect(model.training).to.equal(false);
    await rejection(
      exclusive(model as TextClassifier, "fit", () => Promise.resolve()),
      "ERR_BUSY",
    );
    controller.abort();
    await given;
    await rejection(
      exclusive(model as TextClassifier, "fit", () => Promise.resolve()),
      "ERR_BUSY",
    ); // the batch is still with the model
    open();
    while (!model.training) await macrotask(); // restored when the batch is done
    await exclusive(
      model as TextClassifier,
      "fit",
      async () => void (await rejection(classifier.predict("2"), "ERR_BUSY")),
    );
  });

  it("refuse options that are none", async () => {
    for (const options of [
      { maxWaitMs: -1 },
      { maxWaitMs: NaN },
      { maxWaitMs: "5" },
      { batchSize: 1.5 },
      { maxTokens: 0 },
      { batch_size: 4 },
      { windows: 5 },
      { maxLength: 1 },
    ]) {
      expect(() => numbers(options as never), JSON.stringify(options))
        .to.throw()
        .with.property("code", "ERR_INVALID_ARG");
    }
    const { classifier, model } = numbers();
    expect(() => new Classifier(model, new FakeTokenizer(), null as never))
      .to.throw()
      .with.property("code", "ERR_INVALID_ARG");
    for (const options of [null, { signal: {} }, { topk: 1 }, { threshold: 2 }]) {
      await rejection(classifier.predict("1", options as never), "ERR_INVALID_ARG");
    }
  });
});
