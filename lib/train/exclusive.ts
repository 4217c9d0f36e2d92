/**
 * One user per model at a time: two runs on one model would mix their gradients and their modes.
 */
import { TorchwrightError } from "../errors";

const users = new WeakMap<object, string>();

/**
 * Runs `work` as the model's only user.
 * @throws ERR_BUSY when the model has one already
 */
export async function exclusive<T>(model: object, operation: string, work: () => Promise<T>): Promise<T> {
  const user = users.get(model);
  if (user !== undefined) {
    throw new TorchwrightError(
      "ERR_BUSY",
      `${operation}: expected a model that is free, got one that ${user} is using; await ${user} first`,
    );
  }
  users.set(model, operation);
  try {
    return await work();
  } finally {
    users.delete(model);
  }
}
