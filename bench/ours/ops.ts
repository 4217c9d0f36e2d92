/**
 * Our side of the boundary's costs: `node ops.js`, counterpart of `bench/peers/ops.py`.
 *
 * A task is `<setting>/<operator>` or `copy/<way>`; each of its samples is the mean of many calls in nanoseconds, or
 * one copy in milliseconds.
 */
import { libtorchInfo, ops, scope, Tensor } from "../../lib/index";
import { serve, type Task } from "./serve";

const CALLS = 2000;
const CALLS_COLLECTED = 10_000;
const CALLS_PER_SCOPE = 100;
const COPIED_FLOATS = 25_000_000;

type Loop = (calls: number) => void;

/** Each operator in a loop of its own, as a program would have it. */
function loops(requiresGrad: boolean): Readonly<Record<string, Loop>> {
  const numbers = (rows: number, columns: number): number[][] =>
    Array.from({ length: rows }, (_, row) => Array.from({ length: columns }, (_, column) => (row + 1) / (column + 1)));
  const a = Tensor.from(numbers(2, 2), { requiresGrad });
  const b = Tensor.from(numbers(2, 2), { requiresGrad });
  const x = Tensor.from(numbers(4, 4), { requiresGrad });
  const rows = Tensor.from(numbers(4, 16), { requiresGrad });
  const weight = Tensor.from(numbers(1, 16)[0] ?? [], { requiresGrad });
  const bias = Tensor.from(numbers(1, 16)[0] ?? [], { requiresGrad });
  return {
    add: (calls) => {
      for (let i = 0; i < calls; i++) ops.add(a, b);
    },
    mm: (calls) => {
      for (let i = 0; i < calls; i++) ops.mm(a, b);
    },
    select: (calls) => {
      for (let i = 0; i < calls; i++) x.select(0, 1);
    },
    view: (calls) => {
      for (let i = 0; i < calls; i++) x.view([16]);
    },
    layerNorm: (calls) => {
      for (let i = 0; i < calls; i++) ops.layerNorm(rows, [16], weight, bias);
    },
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Nanoseconds of a call: `count` means over `CALLS` calls each, freed by scopes. */
function inScopes(loop: Loop): Task {
  return (count) => {
    const ns: number[] = [];
    for (let i = 0; i < count; i++) {
      const started = performance.now();
      for (let j = 0; j < CALLS / CALLS_PER_SCOPE; j++) scope(() => loop(CALLS_PER_SCOPE));
      ns.push(((performance.now() - started) * 1e6) / CALLS);
    }
    return { ns };
  };
}

/**
 * One mean over `count` times `CALLS_COLLECTED` calls, so that collections, rare and long, and the finalizers, which
 * run when the loop turns, are in it with their full cost.
 */
function collected(loop: Loop): Task {
  return async (count) => {
    const started = performance.now();
    for (let done = 0; done < count * CALLS_COLLECTED; done += CALLS) {
      loop(CALLS);
      await turn();
    }
    return { ns: [((performance.now() - started) * 1e6) / (count * CALLS_COLLECTED)] };
  };
}

/** Milliseconds of a copy, of which the collector may take what is dropped between two. */
function perCopy(copy: () => unknown): Task {
  return async (count) => {
    const ms: number[] = [];
    for (let i = 0; i < count; i++) {
      const started = performance.now();
      await copy();
      ms.push(performance.now() - started);
      await turn();
    }
    return { ms };
  };
}

async function main(): Promise<void> {
  const tasks: Record<string, Task> = {};
  for (const [suffix, recording] of [
    ["scope", false],
    ["recordingScope", true],
  ] as const) {
    for (const [name, loop] of Object.entries(loops(recording))) {
      tasks[`${suffix}/${name}`] = inScopes(loop);
      tasks[`${recording ? "recordingCollected" : "collected"}/${name}`] = collected(loop);
    }
  }
  let data: Float32Array | undefined;
  let tensor: Tensor | undefined;
  const source = (): Float32Array => (data ??= new Float32Array(COPIED_FLOATS).fill(1));
  const large = (): Tensor => (tensor ??= Tensor.from(source()));
  await serve(
    {
      ...tasks,
      "copy/from": perCopy(() => Tensor.from(source()).dispose()),
      "copy/toTypedArray": perCopy(() => void large().toTypedArray()),
      "copy/read": perCopy(async () => void (await large().read())),
    },
    { node: process.versions.node, libtorch: libtorchInfo().version },
  );
}

void main();
