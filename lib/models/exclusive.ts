/**
 * Who works with a model: one that changes its weights or its mode alone, or any number that predict. Two runs on one
 * model would mix their gradients and their modes.
 */
import { TorchwrightError } from "../errors";
import type { TextClassifier } from "./model";

/** A model, or a handle on one, whose `core` is then the model. */
type Usable = object;
type Switchable = Pick<TextClassifier, "core" | "training" | "train" | "eval">;

interface Users {
  readonly operation: string;
  /** Whether more may join. */
  readonly shared: boolean;
  readonly wasTraining: boolean;
  count: number;
}

const users = new WeakMap<object, Users>();

const coreOf = (model: Usable): object => (model as Pick<TextClassifier, "core">).core ?? model;

function busy(operation: string, user: string): TorchwrightError {
  return new TorchwrightError(
    "ERR_BUSY",
    `${operation}: expected a model that is free, got one that ${user} is using; await ${user} first`,
  );
}

/**
 * Runs `work` as the model's only user.
 * @throws ERR_BUSY when the model has one already
 */
export async function exclusive<T>(model: Usable, operation: string, work: () => Promise<T>): Promise<T> {
  const core = coreOf(model);
  const user = users.get(core);
  if (user !== undefined) throw busy(operation, user.operation);
  users.set(core, { operation, shared: false, wasTraining: false, count: 1 });
  try {
    return await work();
  } finally {
    users.delete(core);
  }
}

/**
 * Runs `work` with dropout off, beside others that do the same; the last one restores the model's mode.
 * @throws ERR_BUSY while someone has the model alone: to switch its mode would spoil that run
 */
export async function predicting<T>(model: Switchable, operation: string, work: () => Promise<T>): Promise<T> {
  const core = coreOf(model);
  let group = users.get(core);
  if (group === undefined) {
    group = { operation, shared: true, wasTraining: model.training, count: 0 };
    if (group.wasTraining) model.eval();
    users.set(core, group);
  }
  if (!group.shared) throw busy(operation, group.operation);
  group.count += 1;
  try {
    return await work();
  } finally {
    group.count -= 1;
    if (group.count === 0) {
      users.delete(core);
      if (group.wasTraining) model.train();
    }
  }
}
