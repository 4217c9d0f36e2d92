/** The loops whose memory is watched. Each runs in a process of its own. */
import { AdamW, clipGradNorm, decayGroups, LinearSchedule, noGrad, ops, scope, Tensor, Trainer } from "../../lib/index";
import { smallLoader, smallModel } from "./model";
import { Recorder } from "./readings";
import type { Readings } from "./readings";

type InScope = (step: () => Promise<void>) => Promise<void>;
const scoped: InScope = (step) => scope(step);
const unscoped: InScope = (step) => step();

/** The Trainer, which frees every step's tensors itself. */
async function trainer(steps: number): Promise<Readings> {
  const [model, loader, recorder] = [smallModel(), await smallLoader(), new Recorder(steps)];
  const callbacks = [({ type }: { readonly type: string }): void => void (type === "step" && recorder.stepped())];
  await new Trainer(model, { device: "cpu", maxSteps: steps, progress: "silent", callbacks }).fit(loader);
  return recorder.read();
}

/** The README's loop by hand. */
async function loop(steps: number, inScope: InScope): Promise<Readings> {
  const [model, loader, recorder] = [smallModel(), await smallLoader(), new Recorder(steps)];
  const optimizer = new AdamW(decayGroups(model, 0.01), { lr: 1e-4 });
  const schedule = new LinearSchedule(optimizer, { warmupSteps: 0, totalSteps: steps });
  while (!recorder.done) {
    for await (const batch of loader) {
      await inScope(async () => {
        const { loss } = await model.forward(batch);
        await loss.backward();
        await clipGradNorm(model.parameters(), 1);
        await optimizer.step();
        schedule.step();
        optimizer.zeroGrad();
      });
      recorder.stepped();
      if (recorder.done) break;
    }
  }
  return recorder.read();
}

/** 100 MB, written, so that they are resident. */
const BUFFER = 25_000_000;

/** A scalar whose graph alone holds 100 MB: the product saves its second factor, a view of a large buffer. */
function costlyLoss(weight: Tensor): Tensor {
  return scope(() => weight.mul(ops.ones([BUFFER]).narrow(0, 0, 1000)).sum());
}

/** Every awaited promise is a task of the executor: each `await` lets the event loop turn. */
async function graph(steps: number, inScope: InScope): Promise<Readings> {
  const recorder = new Recorder(steps);
  const weight = Tensor.from(new Float32Array(1000), { requiresGrad: true });
  const optimizer = new AdamW([weight], { lr: 1e-4 });
  while (!recorder.done) {
    await inScope(async () => {
      const loss = costlyLoss(weight);
      await loss.backward(undefined, { retainGraph: true });
      await optimizer.step();
      optimizer.zeroGrad();
    });
    recorder.stepped();
  }
  return recorder.read();
}

/** Every awaited promise is settled already: the event loop does not turn once, so no finalizer runs. */
async function settled(steps: number): Promise<Readings> {
  const recorder = new Recorder(steps);
  const weight = Tensor.from(new Float32Array(1000), { requiresGrad: true });
  while (!recorder.done) {
    const loss = costlyLoss(weight);
    loss.backwardSync(undefined, { retainGraph: true });
    const { grad } = weight;
    if (grad) noGrad(() => weight.sub_(grad, { alpha: 1e-4 }));
    weight.grad = undefined;
    await Promise.resolve(loss.item());
    recorder.stepped();
  }
  return recorder.read();
}

/**
 * The same with small tensors: what their graphs hold is nodes, which no allocator of tensors counts. V8 notes each
 * tensor's finalizer until the loop turns, 70 bytes for each of 400 a step.
 */
async function settledNodes(steps: number): Promise<Readings> {
  const recorder = new Recorder(steps);
  const weight = Tensor.from([1, 2, 3], { requiresGrad: true });
  while (!recorder.done) {
    let x = weight.mul(1);
    for (let i = 0; i < 400; i++) x = x.add(1);
    await Promise.resolve();
    recorder.stepped();
  }
  return recorder.read();
}

/** Who of these has a peak that is measured against whose. */
export const VARIANTS = {
  trainer: { run: trainer, flat: true },
  scoped: { run: (steps) => loop(steps, scoped), flat: true },
  unscoped: { run: (steps) => loop(steps, unscoped), against: "scoped" },
  "graph-scoped": { run: (steps) => graph(steps, scoped), flat: true },
  "graph-unscoped": { run: (steps) => graph(steps, unscoped), against: "graph-scoped" },
  "graph-settled": { run: settled, against: "graph-scoped" },
  "nodes-settled": { run: settledNodes, against: "scoped", slope: 40 },
} satisfies Record<string, Variant>;

interface Variant {
  readonly run: (steps: number) => Promise<Readings>;
  /** Live tensors are the same at the end of every step, and resident memory does not grow. */
  readonly flat?: boolean;
  /** Most MB per 1,000 steps, where it is not what the others may have. */
  readonly slope?: number;
  /** Its peak stays below twice this variant's and 500 MB. */
  readonly against?: string;
}

export type VariantName = keyof typeof VARIANTS;
