import { getEventListeners } from "node:events";
import { setImmediate as macrotask } from "node:timers/promises";
import { expect } from "chai";
import { Classifier } from "../../lib/predict/classifier";
import { memory } from "../../lib/tensor/memory";
import { FakeClassifier } from "../support/fake-classifier";
import { FakeTokenizer } from "../support/fake-tokenizer";
import { rejection, thrown } from "../support/rejection";
import { tinyBert, tinyTokenizer } from "../support/tiny-bert";

const reason = (error: unknown): unknown => error;

/** A source that counts what was taken of it, and whether it was closed. */
class Source implements AsyncIterable<string> {
  taken = 0;
  closed = false;

  constructor(
    private readonly length: number,
    private readonly failAt = Infinity,
  ) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    try {
      while (this.taken < this.length) {
        if (this.taken === this.failAt) throw new Error("the source failed");
        yield String(this.taken++);
      }
    } finally {
      this.closed = true;
    }
  }
}

describe("Classifier.stream", () => {
  const make = (lengthOf?: (text: number) => number) => {
    const model = new FakeClassifier(["n"], "regression");
    const tokenizer = new FakeTokenizer({ ...(lengthOf && { lengthOf }) });
    return { model, tokenizer, classifier: new Classifier(model, tokenizer, { batchSize: 4 }) };
  };
  const valuesOf = async (stream: AsyncIterable<{ readonly value: number }>): Promise<number[]> => {
    const values: number[] = [];
    for await (const { value } of stream) values.push(value);
    return values;
  };

  it("gives predictions in the order of the texts, whatever their lengths, in shared batches", async () => {
    const { model, classifier } = make((text) => 1 + ((text * 7) % 8));
    const source = new Source(50);
    expect(await valuesOf(classifier.stream(source))).to.deep.equal(Array.from({ length: 50 }, (_, i) => i));
    expect(source.closed).to.equal(true);
    expect(model.mostRunning).to.equal(1);
    expect(model.batches.length).to.be.below(30);
  });

  it("takes arrays and generators, and texts of every kind that predict takes", async () => {
    const { classifier } = make();
    expect(await valuesOf(classifier.stream(["3", "1"]))).to.deep.equal([3, 1]);
    expect(await valuesOf(classifier.stream(new Set(["5"])))).to.deep.equal([5]);
    expect(await valuesOf(classifier.stream([]))).to.deep.equal([]);
    using bert = new Classifier(tinyBert(), await tinyTokenizer());
    const texts = ["this film was good", ["this film was good", "that book was dull"] as const, ""];
    const alone = await bert.predict(texts, { topK: 2 });
    let at = 0;
    for await (const { top } of bert.stream(texts, { topK: 2 })) {
      top.forEach(({ probability }, k) =>
        expect(probability).to.be.closeTo(alone[at]?.top[k]?.probability ?? NaN, 1e-6),
      );
      at++;
    }
    expect(at).to.equal(3);
  });

  it("reads no further ahead than prefetch batches", async () => {
    const { classifier } = make();
    const source = new Source(100);
    let consumed = 0;
    for await (const { value } of classifier.stream(source, { prefetch: 2 })) {
      expect(value).to.equal(consumed++);
      for (let turn = 0; turn < 5; turn++) await macrotask(); // a slow consumer
      expect(source.taken - consumed).to.be.at.most(8);
      if (consumed === 30) break;
    }
    expect(source.closed, "closed by break").to.equal(true);
  });

  it("tokenizes what comes next while the model works", async () => {
    const { model, tokenizer, classifier } = make();
    let open = (): void => undefined;
    model.gate = new Promise((resolve) => (open = resolve));
    const started = model.nextRun();
    const all = valuesOf(classifier.stream(new Source(8)));
    await started;
    for (let turn = 0; turn < 5; turn++) await macrotask();
    expect(model.running).to.equal(1);
    expect(tokenizer.calls.length).to.equal(8);
    open();
    expect(await all).to.have.length(8);
  });

  it("predicts a text that is there without waiting for the next", async () => {
    const { classifier } = make();
    let give = (): void => undefined;
    async function* slowly(): AsyncGenerator<string> {
      yield "1";
      await new Promise<void>((resolve) => (give = resolve));
      yield "2";
    }
    const stream = classifier.stream(slowly());
    expect((await stream.next()).value).to.deep.equal({ value: 1 });
    give();
    expect((await stream.next()).value).to.deep.equal({ value: 2 });
    expect((await stream.next()).done).to.equal(true);
  });

  it("leaves nothing behind when the loop is left", async () => {
    using classifier = new Classifier(tinyBert(), await tinyTokenizer(), { batchSize: 2 });
    const held = memory().liveTensors;
    const source = new Source(1000);
    for await (const { label } of classifier.stream(source)) {
      expect(label).to.be.oneOf(["good", "bad"]);
      break;
    }
    expect(source.closed).to.equal(true);
    const { taken } = source;
    await macrotask();
    expect(source.taken).to.equal(taken);
    expect(memory().liveTensors).to.equal(held);
  });

  it("throws the source's error in its place, after the predictions before it", async () => {
    const { classifier } = make();
    const seen: number[] = [];
    const source = new Source(100, 7);
    const error = await (async () => {
      for await (const { value } of classifier.stream(source)) seen.push(value);
    })().catch(reason);
    expect((error as Error).message).to.equal("the source failed");
    expect(seen).to.deep.equal([0, 1, 2, 3, 4, 5, 6]);
  });

  it("names the index of a text that is none, in its place, and closes the source", async () => {
    const { classifier } = make();
    const seen: number[] = [];
    let closed = false;
    function* texts(): Generator<string> {
      try {
        yield "4";
        yield "5";
        yield 6 as never;
        yield "7";
      } finally {
        closed = true;
      }
    }
    const error = await rejection(
      (async () => {
        for await (const { value } of classifier.stream(texts())) seen.push(value);
      })(),
      "ERR_INVALID_ARG",
    );
    expect(error.message).to.equal("stream: expected a string or a pair of strings at index 2, got 6");
    expect(seen).to.deep.equal([4, 5]);
    expect(closed).to.equal(true);
  });

  it("names the index where the model is gone", async () => {
    const { classifier } = make();
    const stream = classifier.stream(new Source(100));
    await stream.next();
    classifier.dispose();
    const error = await rejection(
      (async () => {
        for await (const _ of stream);
      })(),
      "ERR_MODULE_DISPOSED",
    );
    expect(error.message).to.match(/^stream: failed at index \d+: forward: /);
  });

  it("ends with the signal's reason, and leaves no listener", async () => {
    const { model, classifier } = make();
    const controller = new AbortController();
    const source = new Source(100);
    const seen: number[] = [];
    const error = await (async () => {
      for await (const { value } of classifier.stream(source, { signal: controller.signal })) {
        seen.push(value);
        if (value === 3) controller.abort(new Error("enough"));
      }
    })().catch(reason);
    expect((error as Error).message).to.equal("enough");
    expect(seen).to.deep.equal([0, 1, 2, 3]);
    expect(source.closed).to.equal(true);
    expect(model.running).to.equal(0);
    expect(getEventListeners(controller.signal, "abort")).to.have.length(0);
  });

  it("refuses at once what is no source or option", () => {
    const { classifier } = make();
    const call =
      (...args: unknown[]) =>
      () =>
        (classifier.stream as (...args: unknown[]) => unknown).apply(classifier, args);
    for (const args of [
      [],
      [null],
      ["a text"],
      [5],
      [{}],
      [["1"], { prefetch: 0 }],
      [["1"], { prefetch: 1.5 }],
      [["1"], { topK: 1 }],
      [["1"], { ahead: 1 }],
      [["1"], null],
    ]) {
      thrown(call(...args), "ERR_INVALID_ARG");
    }
  });
});
