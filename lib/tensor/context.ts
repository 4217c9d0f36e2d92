/**
 * What an operator inherits from the code around it: the scope that will free its result, whether autograd
 * records, autocast, anomaly detection. All follow the asynchronous call chain, so they hold across `await`.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { NativeAddon } from "../native/addon";
import { native } from "../native/load";
import type { DType } from "./dtype";
import type { Tensor } from "./tensor";

/** Whoever collects the tensors made under it. */
export interface TensorOwner {
  own(tensor: Tensor): void;
}

/** What libtorch keeps for each thread. Never changed in place: two modes are compared by identity. */
export interface Modes {
  readonly grad: boolean;
  readonly inference: boolean;
  readonly autocast: { readonly cpu?: DType; readonly cuda?: DType };
  /** Whether nodes of the graph remember the JavaScript stack that made them. */
  readonly anomaly: boolean;
}

/** What holds along one chain of calls. */
export interface Context {
  readonly owner: TensorOwner | undefined;
  readonly modes: Modes;
}

const DEFAULT_MODES: Modes = { grad: true, inference: false, autocast: {}, anomaly: false };
const OUTERMOST: Context = { owner: undefined, modes: DEFAULT_MODES };
const storage = new AsyncLocalStorage<Context>();

export function currentContext(): Context {
  return storage.getStore() ?? OUTERMOST;
}

/** Runs `fn`, sync or async, with parts of the context replaced. */
export function withContext<T>(change: Partial<Context>, fn: () => T): T {
  return storage.run({ ...currentContext(), ...change }, fn);
}

/** Runs `fn`, sync or async, with parts of the modes replaced. */
export function withModes<T>(change: Partial<Modes>, fn: () => T): T {
  return withContext({ modes: { ...currentContext().modes, ...change } }, fn);
}

/** Runs `fn` so that no scope frees what it makes: for parameters, optimizer states, gradients. */
export function outsideScopes<T>(fn: () => T): T {
  return withContext({ owner: undefined }, fn);
}

/** What this thread has been told; undefined where native code set something else. */
let applied: Modes | undefined = DEFAULT_MODES;

/** The addon, with this thread's modes set to the caller's. Every operator and task goes through here. */
export function nativeInContext(): NativeAddon {
  enterContext();
  return native();
}

/** The caller's context, with this thread's modes set to it: one look-up for an operator that needs both. */
export function enterContext(): Context {
  const context = currentContext();
  const { modes } = context;
  if (modes !== applied || modes.anomaly) applyModes(modes);
  return context;
}

function applyModes(modes: Modes): void {
  const addon = native();
  if (modes !== applied) {
    addon.setModes(modes.grad, modes.inference, modes.autocast.cpu, modes.autocast.cuda);
    if (!modes.anomaly) addon.setCallStack(undefined);
    applied = modes;
  }
  if (modes.anomaly) addon.setCallStack(callersStack());
}

/** Runs what native code calls back, on a thread whose modes it has set and will set back. */
export function calledBack<T>(fn: () => T): T {
  const before = applied;
  applied = undefined;
  try {
    return fn();
  } finally {
    applied = before;
  }
}

const INTERNAL = /[\\/](?:lib|dist)[\\/](?:tensor|autograd|jit|functional|native)[\\/]|node:internal/;

/** The stack below this library's own frames, with more of it than V8 keeps by default. */
function callersStack(): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 30;
  const lines = (new Error().stack ?? "").split("\n").slice(1);
  Error.stackTraceLimit = limit;
  const first = lines.findIndex((line) => !INTERNAL.test(line));
  return lines.slice(Math.max(first, 0)).join("\n");
}
