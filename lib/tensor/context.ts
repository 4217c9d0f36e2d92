/**
 * What an operator inherits from the code around it: the scope that will free its result, and
 * whether autograd records. Both follow the asynchronous call chain, so they hold across `await`.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { NativeAddon } from "../native/addon";
import { native } from "../native/load";
import type { Tensor } from "./tensor";

/** Whoever collects the tensors made under it. */
export interface TensorOwner {
  own(tensor: Tensor): void;
}

interface Context {
  readonly owner: TensorOwner | undefined;
  readonly gradEnabled: boolean;
}

const OUTERMOST: Context = { owner: undefined, gradEnabled: true };
const storage = new AsyncLocalStorage<Context>();

export function currentContext(): Context {
  return storage.getStore() ?? OUTERMOST;
}

/** Runs `fn`, sync or async, with parts of the context replaced. */
export function withContext<T>(change: Partial<Context>, fn: () => T): T {
  return storage.run({ ...currentContext(), ...change }, fn);
}

/** Runs `fn` so that no scope frees what it makes: for parameters, optimizer states, gradients. */
export function outsideScopes<T>(fn: () => T): T {
  return withContext({ owner: undefined }, fn);
}

let nativeGradMode = true;

/** The addon, with this thread's grad mode set to the caller's. Every operator and task goes through here. */
export function nativeInContext(): NativeAddon {
  const addon = native();
  const { gradEnabled } = currentContext();
  if (gradEnabled !== nativeGradMode) {
    addon.setGradMode(gradEnabled);
    nativeGradMode = gradEnabled;
  }
  return addon;
}
