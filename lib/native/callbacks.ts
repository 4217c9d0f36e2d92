/**
 * The functions that native code calls back, by number: gradient hooks and custom functions. Native code
 * holds numbers only, so no JavaScript value is touched off its thread; it says when nobody can call one any more.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { TorchwrightError } from "../errors";
import type { Handle } from "./values";

/** What a callback gives: `undefined` stands for no tensor. `temporary` are freed once the results are taken over. */
export interface CallbackAnswer {
  readonly results: readonly (Handle | undefined)[];
  readonly temporary: readonly Handle[];
}

/** Gets tensors' handles, and whether backward records a graph of its own (`createGraph`). */
export type NativeCallback = (handles: readonly (Handle | undefined)[], gradEnabled: boolean) => CallbackAnswer;

type RunInContext = <T>(fn: () => T) => T;

const functions = new Map<number, NativeCallback>();
const contexts = new Map<number, RunInContext>();
let lastFunction = 0;
let lastContext = 0;

/** Keeps a function until native code forgets its number; the call that takes the number over must follow at once. */
export function addCallback(fn: NativeCallback): number {
  functions.set(++lastFunction, fn);
  return lastFunction;
}

/** For native code. */
export function forgetCallbacks(numbers: readonly number[]): void {
  for (const number of numbers) functions.delete(number);
}

/** For native code: runs a function in the async context of the call that led to it. */
export function callBack(
  number: number,
  context: number,
  gradEnabled: boolean,
  handles: readonly (Handle | undefined)[],
): CallbackAnswer {
  const fn = functions.get(number);
  if (!fn) throw new TorchwrightError("ERR_NATIVE", `callback: no function has number ${number}`);
  const run = contexts.get(context);
  return run ? run(() => fn(handles, gradEnabled)) : fn(handles, gradEnabled);
}

/** Remembers the caller's async context for the callbacks of one native call, until {@link releaseContext}. */
export function captureContext(): number {
  const number = (lastContext = (lastContext % 0xffff_fffe) + 1);
  contexts.set(number, AsyncLocalStorage.snapshot());
  return number;
}

export function releaseContext(number: number): void {
  contexts.delete(number);
}

/** Functions that native code may still call; for tests. */
export function callbackCount(): number {
  return functions.size;
}
