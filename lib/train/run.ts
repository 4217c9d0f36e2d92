/**
 * The books of one training run: counts, rates, history, and the events that listeners get.
 */
import type { Batch } from "../data/batch";
import { TorchwrightError } from "../errors";
import type { ModelProblem } from "../models/model";
import { memory } from "../tensor/memory";
import type { Best } from "./best-model";
import { historyWithReading } from "./describe-run";
import type { AnyEvaluation } from "./evaluation";
import type {
  EvaluationEntry,
  History,
  LogEntry,
  MemoryEntry,
  ResumeEntry,
  StoppedBy,
  TrainerCallback,
  TrainerEvent,
} from "./events";
import { ConfusionMatrix } from "../metrics/confusion-matrix";
import { withReading } from "../metrics/metric-sections";
import { type Counts, Meter } from "./meter";
import type { StepPlan } from "./plan-steps";
import type { NonFinitePolicy, Reading, StepMonitor } from "./step-monitor";

/** What a run is about to do. */
export interface RunSetup {
  readonly plan: StepPlan;
  /** Batches per epoch. */
  readonly batches: number;
  /** Optimizer steps per epoch. */
  readonly updates: number;
  /** Examples per epoch. */
  readonly examples: number;
  readonly device: string;
  readonly nonFinite: NonFinitePolicy;
}

/** A run's books as plain data, with all steps logged. */
export interface RunState {
  /** Optimizer steps done. */
  readonly step: number;
  /** Sum of the losses. */
  readonly lossSum: number;
  /** Steps that were left out for gradients that were not finite. */
  readonly skippedSteps: number;
  /** Examples, tokens and seconds. */
  readonly counts: Counts;
  /** Every log. */
  readonly log: readonly LogEntry[];
  /** Confusion matrices as their `toJSON` gives them. */
  readonly evaluations: readonly EvaluationEntry[];
}

const NOTHING_PENDING = { batches: 0, examples: 0, tokens: 0, padded: 0 };

export class Run {
  /** Optimizer steps done. */
  step = 0;
  /** Batches whose gradients wait for the next step, and what is in them. */
  pending = NOTHING_PENDING;
  readonly #meter = new Meter();
  readonly #log: LogEntry[] = [];
  readonly #evaluations: EvaluationEntry[] = [];
  #loggedStep = 0;
  #lossSum = 0;
  #skippedSteps = 0;
  #learningRate = 0;

  constructor(
    private readonly setup: RunSetup,
    private readonly listeners: readonly TrainerCallback[],
  ) {}

  get plan(): StepPlan {
    return this.setup.plan;
  }

  get done(): boolean {
    return this.step >= this.setup.plan.totalSteps;
  }

  /** To be saved; steps that were not logged yet would be missing. */
  state(): RunState {
    return {
      step: this.step,
      lossSum: this.#lossSum,
      skippedSteps: this.#skippedSteps,
      counts: this.#meter.counts,
      log: this.#log,
      evaluations: this.#evaluations,
    };
  }

  /** Goes on with the books of a run that was broken off. */
  async resume(
    { step, lossSum, skippedSteps, counts, log, evaluations }: RunState,
    from: Omit<ResumeEntry, "step" | "epoch">,
  ): Promise<void> {
    this.step = this.#loggedStep = step;
    this.#lossSum = lossSum;
    this.#skippedSteps = skippedSteps;
    this.#meter.load(counts);
    this.#log.push(...log);
    for (const { metrics, ...entry } of evaluations) {
      const confusionMatrix = metrics.problemType === "single-label" && {
        confusionMatrix: ConfusionMatrix.from(metrics.confusionMatrix),
      };
      this.#evaluations.push({ ...entry, metrics: withReading({ ...metrics, ...confusionMatrix }) });
    }
    await this.#emit({ type: "resume", step, epoch: this.#epoch, ...from });
  }

  /** Books a checkpoint that was written; its time is no training time. */
  async checkpoint(write: () => Promise<string>): Promise<void> {
    this.#meter.pause();
    const folder = await write();
    await this.#emit({ type: "checkpoint", step: this.step, epoch: this.#epoch, folder });
    this.#meter.resume();
  }

  /** Seconds of training, without evaluations and checkpoints, also of the part before a break. */
  get seconds(): number {
    return this.#meter.seconds;
  }

  /** Step of the last evaluation; undefined before the first. */
  get evaluatedStep(): number | undefined {
    return this.#evaluations.at(-1)?.step;
  }

  async start(): Promise<void> {
    const { plan, batches, examples, device } = this.setup;
    await this.#emit({ type: "start", ...plan, batches, examples, device });
  }

  /** Books a batch that the device has been given. */
  took({ size, tokens, padded }: Batch): void {
    const { pending } = this;
    this.pending = {
      batches: pending.batches + 1,
      examples: pending.examples + size,
      tokens: pending.tokens + tokens,
      padded: pending.padded + padded,
    };
  }

  /** Forgets the batches of an update that is to begin anew, as memory ran out. */
  async split(parts: number): Promise<void> {
    this.pending = NOTHING_PENDING;
    await this.#emit({ type: "split", step: this.step, epoch: this.#epoch, parts });
  }

  /** Books a step that the device has been given, over all batches since the one before. */
  async stepped(learningRate: number): Promise<void> {
    const { examples, tokens, padded } = this.pending;
    this.pending = NOTHING_PENDING;
    this.step += 1;
    this.#learningRate = learningRate;
    this.#meter.add(examples, tokens, padded);
    await this.#emit({ type: "step", step: this.step, epoch: this.#epoch, learningRate, examples, tokens });
  }

  /**
   * Reads the device and books what it says; nothing where no step was done since the last time.
   * @throws ERR_NON_FINITE naming the first step whose loss or gradient was NaN or infinite, unless such steps are
   *   skipped
   */
  async log(monitor: StepMonitor): Promise<void> {
    const steps = this.step - this.#loggedStep;
    if (steps === 0) return;
    const reading = await monitor.read();
    const { skipped, failed, lossScale } = reading;
    if (failed > 0 && this.setup.nonFinite === "stop") throw this.#nonFinite(reading);
    this.#loggedStep = this.step;
    this.#lossSum += reading.lossSum;
    this.#skippedSteps += skipped;
    const entry: LogEntry = {
      step: this.step,
      epoch: this.#epoch,
      loss: reading.lossSum / (steps - skipped),
      learningRate: this.#learningRate,
      gradNorm: reading.gradNorm,
      ...(skipped > 0 && { skippedSteps: skipped }),
      ...(lossScale !== undefined && { lossScale }),
      ...this.#meter.lap(),
      memory: this.#memory(),
    };
    this.#log.push(entry);
    await this.#emit({ type: "log", ...entry });
  }

  /** Books an evaluation, whose time is no training time. */
  async evaluate(work: () => Promise<AnyEvaluation>): Promise<AnyEvaluation> {
    this.#meter.pause();
    const entry = { step: this.step, epoch: this.#epoch, metrics: await work() };
    this.#evaluations.push(entry);
    await this.#emit({ type: "evaluate", ...entry });
    this.#meter.resume();
    return entry.metrics;
  }

  async end(stoppedBy: StoppedBy, best: Best | undefined): Promise<History<ModelProblem>> {
    const history = historyWithReading<ModelProblem>({
      stoppedBy,
      steps: this.step,
      totalSteps: this.setup.plan.totalSteps,
      epochs: this.#epoch,
      loss: this.#lossSum / (this.step - this.#skippedSteps),
      skippedSteps: this.#skippedSteps,
      examples: this.#meter.examples,
      tokens: this.#meter.tokens,
      seconds: this.#meter.seconds,
      device: this.setup.device,
      ...(best && { best }),
      log: this.#log,
      evaluations: this.#evaluations,
    });
    await this.#emit({ type: "end", history });
    return history;
  }

  get #epoch(): number {
    return this.step / this.setup.updates;
  }

  #memory(): MemoryEntry {
    const { allocatedBytes = 0, peakBytes = 0 } = memory().devices[this.setup.device] ?? {};
    return { allocatedBytes, peakBytes };
  }

  async #emit(event: TrainerEvent): Promise<void> {
    for (const listener of this.listeners) await listener(event);
  }

  #nonFinite(reading: Reading): TorchwrightError {
    const first = this.step - reading.failed + 1;
    const what = Number.isFinite(reading.lossSum) ? "gradient norm" : "loss";
    return new TorchwrightError(
      "ERR_NON_FINITE",
      `fit: expected a finite loss and gradient, got a ${what} that is NaN or infinite at step ${first} of ` +
        `${this.setup.plan.totalSteps}; the model keeps the weights that it had before that step. ` +
        "A lower learning rate, more warm-up or a smaller maxGradNorm usually helps",
    );
  }
}
