/**
 * The types of the native addon's exports: the whole surface that TypeScript sees of C++.
 */
import type { DeviceInfo, DeviceStatistics, DriverProperties, MemoryCounters, Tf32Settings } from "./device-statistics";
import type { Shortage } from "./out-of-memory";
import type { ArgumentSchema, FunctionSpec, ModuleSpec, Program, SafetensorsEntry } from "./requests";
import type {
  ArrayForm,
  ComplexParts,
  GeneratorHandle,
  Handle,
  NativeResult,
  TensorDetails,
  TensorMeta,
  TypedArray,
} from "./values";

type CallBack = (
  number: number,
  context: number,
  gradEnabled: boolean,
  handles: readonly (Handle | undefined)[],
) => { readonly results: readonly (Handle | undefined)[]; readonly temporary: readonly Handle[] };

/** What backward is asked for; `context` is a number of `captureContext`. */
type BackwardArguments = [
  outputs: readonly Handle[],
  gradients: readonly (Handle | undefined)[],
  inputs: readonly Handle[],
  retainGraph: boolean,
  createGraph: boolean,
  allowUnused: boolean,
  context: number,
];

/** A method of a module, how its arguments are to be read, and the arguments. */
type MethodCall = [
  module: number,
  method: string,
  kinds: number,
  names: readonly string[] | undefined,
  ...args: unknown[],
];

export interface NativeAddon {
  /**
   * Once per environment: how C++ makes an error, so that it has a code and the caller's stack; how it calls
   * JavaScript back, and how it says which callbacks are gone.
   */
  initialize(
    makeError: (code: string, message: string, shortage?: Shortage) => Error,
    callBack: CallBack,
    forget: (numbers: readonly number[]) => void,
  ): void;
  /** Stops and joins the executor; false when a task did not end in time. */
  shutdown(timeoutMs: number): boolean;
  /** Ends the process at once, without destructors: only after `shutdown` failed. */
  exitNow(code: number): never;

  /** Number of an operator for `call`; throws ERR_UNKNOWN_OPERATOR. */
  operator(name: string, internal: boolean): number;
  /** Every registered `aten::` schema as text. */
  schemas(): string[];
  /**
   * Calls an operator now; `names` are the keywords of the last arguments. Null stands for the first argument, which
   * the operator has changed in place.
   */
  call(operator: number, kinds: number, names: readonly string[] | undefined, ...args: unknown[]): NativeResult | null;
  /**
   * The hot path of `call`; see `tensor/invoke.ts`. Undefined where the host allows no memory of the addon's to be
   * shared.
   */
  frame(): Float64Array | undefined;
  /** Number of the plan for arguments of these kinds; 0 where only `call` can tell what they fit. */
  plan(operator: number, signature: number): number;
  /**
   * Runs the plan and arguments in the frame; a single tensor's handle comes back in its first cell, which is 0
   * otherwise.
   */
  readonly run: () => NativeResult;
  /** Queues a list of operators over parameters and their gradients on the executor. */
  queueProgram(program: Program): Promise<NativeResult>;

  fromTypedArray(
    data: TypedArray | Uint8ClampedArray,
    shape: readonly number[],
    dtype: string,
    device: string,
    form?: ArrayForm,
  ): Handle;
  /** Copies out, converting to what a typed array can hold; complex numbers as pairs. */
  toTypedArray(handle: Handle): TypedArray;
  /** As `toTypedArray`, after everything queued before it, without blocking. */
  readAsync(handle: Handle): Promise<TypedArray>;
  /** The tensor's own memory. */
  shareOut(handle: Handle): TypedArray;
  /** A tensor over an array that `shareOut` gave, or a large one of `toTypedArray` or `readAsync`. */
  shareIn(data: TypedArray | Uint8ClampedArray, shape: readonly number[]): Handle;
  item(handle: Handle): number | bigint | boolean | ComplexParts;
  meta(handle: Handle): TensorMeta;
  details(handle: Handle): TensorDetails;
  release(handle: Handle): void;
  /** The first `count` of a list. */
  releaseMany(handles: Float64Array, count: number): void;
  /** False for a handle that was released. */
  isLive(handle: Handle): boolean;
  setRequiresGrad(handle: Handle, requiresGrad: boolean): void;
  /** The gradient; `known` is returned again when it still is the gradient. */
  grad(handle: Handle, known: Handle | undefined): Handle | undefined;
  setGrad(handle: Handle, grad: Handle | undefined): void;
  /** Queued: drops (`toNone`) or zeroes the gradients. */
  zeroGrad(handles: readonly Handle[], toNone: boolean): Promise<void>;

  createGenerator(device: string): GeneratorHandle;
  releaseGenerator(generator: GeneratorHandle): void;
  setGeneratorSeed(generator: GeneratorHandle, seed: number | bigint): void;
  /** The seed it was last given; `fresh` first draws one from the system. */
  generatorSeed(generator: GeneratorHandle, fresh: boolean): bigint;
  generatorState(generator: GeneratorHandle): Handle;
  setGeneratorState(generator: GeneratorHandle, state: Handle): void;

  /** Accumulates in the leaves, or in `inputs` alone where there are some. */
  backward(...args: BackwardArguments): Promise<void>;
  backwardSync(...args: BackwardArguments): void;
  /** Gradients of `inputs`; `undefined` for one that was not used. */
  gradients(...args: BackwardArguments): Promise<(Handle | undefined)[]>;
  gradientsSync(...args: BackwardArguments): (Handle | undefined)[];
  /** Takes over the callback's number: it gets the gradient and may give another. */
  registerHook(handle: Handle, callback: number): void;
  /** The outputs as results of a node whose backward is the callback; takes its number over. */
  attachFunction(spec: FunctionSpec, callback: number): Handle[];
  /** For this thread; an autocast dtype is undefined where autocast is off. */
  setModes(grad: boolean, inference: boolean, autocastCpu: string | undefined, autocastCuda: string | undefined): void;
  /** Counts who wants anomaly detection, which is the process's. */
  anomalyScope(begins: boolean, checkNan: boolean): void;
  /** The JavaScript stack that nodes made from here on remember. */
  setCallStack(stack: string | undefined): void;

  compileModule(spec: ModuleSpec): number;
  loadModule(path: string, device: string): Promise<number>;
  releaseModule(module: number): void;
  /** A part of a module, `encoder.layer.0`, as a module of its own that shares everything. */
  submodule(module: number, path: string): number;
  moduleNames(module: number): string[];
  /** Runs a method on the executor. */
  callModule(...call: MethodCall): Promise<NativeResult>;
  /** As `callModule`, without keeping activations: backward runs the method again. */
  checkpointModule(...call: MethodCall): Promise<NativeResult>;
  moduleSchema(module: number, method: string): ArgumentSchema[];
  moduleParameters(module: number): [string, Handle][];
  moduleBuffers(module: number): [string, Handle][];
  /**
   * Whether each part, by its path, is in training mode. Reads without waiting: for a module that no task knows yet.
   */
  moduleModes(module: number): [string, boolean][];
  setTraining(module: number, training: boolean): Promise<void>;
  moveModule(module: number, device: string): Promise<void>;
  /** Queued: exchanges elements and gradients of leaves under their handles; integral ones keep their dtype. */
  moveTensors(handles: readonly Handle[], device: string | undefined, dtype: string | undefined): Promise<void>;
  /** For each handle the place in the list of the first one that stands for the same tensor. */
  firstSame(handles: readonly Handle[]): number[];
  saveModule(module: number, path: string): Promise<void>;
  /** Whether a loaded module's graphs fix some dropout on or off. */
  bakedDropout(module: number): boolean;

  readSafetensors(path: string, entries: readonly SafetensorsEntry[]): Promise<Handle[]>;
  /** Writes header and tensors in order, flushed to disk; resolves with the bytes written. */
  writeSafetensors(path: string, header: string, handles: readonly Handle[]): Promise<number>;

  deviceInfo(): DeviceInfo;
  synchronize(device: string): Promise<void>;
  manualSeed(seed: number | bigint): void;
  /** State of a device's default generator, uint8 on the CPU. */
  randomState(device: string): Handle;
  setRandomState(device: string, state: Handle): void;
  numThreads(): number;
  setNumThreads(threads: number): void;
  memory(): MemoryCounters;
  /** Of one device, or of all. */
  resetPeak(device: string | undefined): void;
  memoryStats(device: string): DeviceStatistics;
  emptyCache(): void;

  /** The event loop turned; see `tensor/reclaim.ts`. */
  turned(): void;
  /** Whether this turn has made so much native memory, or so many tensors, that they should be watched. */
  pressed(made: number): boolean;
  /** Releases the handle in a collection that finds `object` dead, without waiting for finalizers. */
  watch(object: object, handle: Handle): void;

  makeEvent(device: string, enableTiming: boolean): number;
  recordEvent(event: number, device: string): void;
  queryEvent(event: number): boolean;
  synchronizeEvent(event: number): Promise<void>;
  /** Milliseconds. */
  elapsedTime(from: number, to: number): number;
  releaseEvent(event: number): void;
  seedDevice(device: string, seed: number | bigint): void;
  matmulPrecision(): "highest" | "high" | "medium";
  setMatmulPrecision(precision: string): void;
  allowTf32(): Tf32Settings;
  setAllowTf32(matmul: boolean, cudnn: boolean): void;
}

/** The loader addon: knows no torch header, so that it can speak before libtorch is there. */
export interface LoaderAddon {
  /** Version of the libtorch headers that both addons were built with. */
  readonly headersVersion: string;
  /**
   * Takes the process for the copy of this package in `folder`, and returns the folder that has it: another one
   * where a second copy was first. Without a folder, gives the process back.
   */
  claim(process: number, owner: string | undefined): string | undefined;
  /** Opens one shared library by absolute path; throws with the system's message. */
  open(path: string): void;
  /** Asks NVIDIA's driver library; undefined where it does not answer. */
  deviceProperties(device: number): DriverProperties | undefined;
}
