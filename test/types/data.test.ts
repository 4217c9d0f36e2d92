import { expectTypeOf } from "expect-type";
import type {
  Batch,
  Example,
  LoaderState,
  LoaderStats,
  ProblemType,
  RandomSampler,
  Sampler,
  TextInput,
  Tokenizer,
} from "../../lib/index";
import { DataLoader, Dataset, IterableDataset, TextDataset, trainWordPiece, WeightedSampler } from "../../lib/index";

interface Ticket {
  readonly body: string;
  readonly queue: string;
  readonly customer: number;
}

declare const texts: TextDataset;
declare const tickets: Dataset<Ticket>;
declare const stream: IterableDataset<Ticket>;
declare const tokenizer: Tokenizer;

/** The body is compiled, never run. */
function typesOnly(_body: () => unknown): void {}

describe("types of data", () => {
  it("datasets keep the types of their rows", () => {
    typesOnly(() => {
      expectTypeOf(tickets.filter(({ customer }) => customer > 3)).toEqualTypeOf<Dataset<Ticket>>();
      expectTypeOf(tickets.map(({ body }) => body.length)).toEqualTypeOf<Dataset<number>>();
      expectTypeOf(stream.map(async ({ body }) => ({ body }))).toEqualTypeOf<IterableDataset<{ body: string }>>();
      expectTypeOf(stream.collect()).toEqualTypeOf<Promise<Dataset<Ticket>>>();
      expectTypeOf(tickets.get(0)).toEqualTypeOf<Ticket>();
      expectTypeOf(texts.get(0)).toEqualTypeOf<Example>();
      expectTypeOf(texts.take(3)).toEqualTypeOf<TextDataset>();
      expectTypeOf(texts.problemType).toEqualTypeOf<ProblemType | undefined>();
      expectTypeOf(Dataset.fromCsv("a.csv")).toEqualTypeOf<Promise<Dataset<Readonly<Record<string, string>>>>>();
      expectTypeOf(IterableDataset.fromJsonLines<Ticket>("a.jsonl")).toEqualTypeOf<IterableDataset<Ticket>>();
    });
    expectTypeOf<readonly [string, string]>().toExtend<TextInput>();
    expectTypeOf<ReturnType<typeof trainWordPiece>>().resolves.toExtend<Tokenizer>();
    typesOnly((): unknown[] => [
      trainWordPiece(new Set(["a"]), { vocabSize: 100 }),
      // @ts-expect-error rows are no texts
      trainWordPiece([{ text: "a" }]),
      // @ts-expect-error Python's spelling
      trainWordPiece(["a"], { vocab_size: 100 }),
    ]);
    typesOnly((): unknown[] => [
      TextDataset.fromCsv("file.csv", { text: "body", label: "queue", delimiter: "\t", onBadRow: "skip" }),
      TextDataset.from([{ text: "a", label: ["x", "y"] }]),
      TextDataset.from([{ text: "a", label: { x: 1 } }]),
      // @ts-expect-error the column of the text is needed
      TextDataset.fromCsv("file.csv", { label: "queue" }),
      // @ts-expect-error the reader asks for the columns that are named
      TextDataset.fromCsv("file.csv", { text: "body", columns: ["body"] }),
      // @ts-expect-error a text is text
      TextDataset.from([{ text: 5 }]),
      // @ts-expect-error rows have other fields
      tickets.map((row) => String(row.subject)),
      // @ts-expect-error datasets of one kind
      tickets.concat(texts),
      // @ts-expect-error made by its factories only
      new TextDataset([]),
    ]);
  });

  it("a split has a validation part where it was asked for", () => {
    typesOnly(() => {
      expectTypeOf(texts.split({ test: 0.1, stratify: true })).toExtend<{ train: TextDataset; test: TextDataset }>();
      expectTypeOf(texts.split({ test: 0.1, validation: 0.1 }).validation).toEqualTypeOf<TextDataset>();
      expectTypeOf(tickets.split({ test: 1, groupBy: ({ customer }) => customer }).test).toEqualTypeOf<
        Dataset<Ticket>
      >();
      // @ts-expect-error it was not asked for
      void texts.split({ test: 0.1 }).validation;
      // @ts-expect-error rows of any kind have no label to stratify by
      tickets.split({ test: 0.1, stratify: true });
      // @ts-expect-error a test part is needed
      texts.split({ validation: 0.1 });
    });
  });

  it("a loader gives batches, or what its collate makes", () => {
    typesOnly(() => {
      expectTypeOf(new DataLoader(texts, { tokenizer, batchSize: 32, shuffle: true })).toEqualTypeOf<
        DataLoader<Batch>
      >();
      expectTypeOf(new DataLoader(texts, { tokenizer, collate: ({ encodings }) => encodings.length })).toEqualTypeOf<
        DataLoader<number>
      >();
      expectTypeOf<DataLoader["stats"]>().returns.toEqualTypeOf<LoaderStats>();
      expectTypeOf<DataLoader["state"]>().returns.toEqualTypeOf<LoaderState>();
      expectTypeOf<RandomSampler>().toExtend<Sampler>();
      expectTypeOf<DataLoader["countBatches"]>().returns.toEqualTypeOf<Promise<number | undefined>>();
    });
    typesOnly(() => [
      new DataLoader(
        stream.map(({ body }) => body),
        { tokenizer },
      ),
      new DataLoader(texts, {
        tokenizer,
        sampler: new WeightedSampler(new Float64Array(3)),
        distributed: { rank: 0, world: 2 },
      }),
      new DataLoader(texts, {
        tokenizer,
        sampler: { description: "backwards", order: ({ rows }) => new Uint32Array(rows) },
      }),
      // @ts-expect-error a stream of tickets is no stream of texts
      new DataLoader(stream, { tokenizer }),
      // @ts-expect-error a loader needs a tokenizer
      new DataLoader(texts, { batchSize: 32 }),
      // @ts-expect-error snake case is Python's
      new DataLoader(texts, { tokenizer, batch_size: 32 }),
      // @ts-expect-error a place has a rank and a world
      new DataLoader(texts, { tokenizer, distributed: { rank: 0 } }),
    ]);
  });
});
