/**
 * The types of the native addon's exports: the whole surface that TypeScript sees of C++.
 *
 * Nothing outside `lib/native`, `lib/tensor`, `lib/autograd`, `lib/jit`, `lib/nn` and `lib/optim` touches it.
 */

import type { Shortage } from "./out-of-memory";

/**
 * A tensor as the addon knows it: slot number and generation in one number.
 * A handle whose slot was freed or reused is an error, never another tensor.
 */
export type Handle = number;

/** What comes back from native code: a number is a tensor's handle, `{ value }` anything else. */
export type NativeResult =
  | Handle
  | undefined
  | { readonly value: number | bigint | boolean | string | number[] }
  | { readonly dict: readonly (readonly [string, NativeResult])[] }
  | readonly NativeResult[];

/** A random generator as the addon knows it; never given out twice. */
export type GeneratorHandle = number;

/**
 * How an argument is to be read. A tensor, a generator and a number are all plain numbers on their
 * way into C++, so each call carries two bits per argument, the first argument's lowest.
 */
export const ArgKind = { plain: 0, tensor: 1, tensorList: 2, generator: 3 } as const;

/** Typed arrays whose elements are a dtype of libtorch. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

/** Real and imaginary part, as `item` gives them. */
export interface ComplexParts {
  /** The real part. */
  readonly re: number;
  /** The imaginary part. */
  readonly im: number;
}

/**
 * How an array's elements make up a tensor's: one each, real and imaginary parts in turn (complex), or
 * float16's bits in a Uint16Array.
 */
export type ArrayForm = "values" | "pairs" | "float16";

export interface TensorMeta {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly device: string;
  readonly requiresGrad: boolean;
  readonly isLeaf: boolean;
}

/** What only printing asks for. */
export interface TensorDetails {
  /** `MulBackward0`; absent for a leaf. */
  readonly gradFn?: string;
  /** c10's name: `Strided`, `Sparse`, `SparseCsr`, … */
  readonly layout: string;
  readonly quantized: boolean;
}

/** Counters behind `memory()`; bytes are what the allocators handed out and have not taken back. */
export interface MemoryCounters {
  /** Slots in use in this environment's table of tensors. */
  readonly liveTensors: number;
  /** `devices.cpu.allocatedBytes`. */
  readonly cpuBytes: number;
  /** `devices.cpu.peakBytes`. */
  readonly cpuPeakBytes: number;
  /** Bytes that the caching CPU allocator keeps for reuse. */
  readonly cpuCachedBytes: number;
  /** By name: `"cpu"` and every CUDA device, `"cuda:0"`. */
  readonly devices: Readonly<Record<string, DeviceBytes>>;
}

/** What a device's allocator counts. */
export interface DeviceBytes {
  /** In use by tensors. */
  readonly allocatedBytes: number;
  /** Most of `allocatedBytes` since the last reset. */
  readonly peakBytes: number;
  /** In use and kept for reuse. */
  readonly reservedBytes: number;
  /** Most of `reservedBytes` since the last reset. */
  readonly peakReservedBytes: number;
}

/** All that a CUDA device's allocator counts. */
export interface DeviceStatistics extends DeviceBytes {
  /** Allocated, or freed but still used by a stream. */
  readonly activeBytes: number;
  /** Free pieces of blocks that are partly in use: fragmentation. */
  readonly inactiveSplitBytes: number;
  /** What `allocatedBytes` was before rounding. */
  readonly requestedBytes: number;
  /** Blocks handed out since the process began. */
  readonly allocations: number;
  /** Of those, how many needed memory from the driver. */
  readonly deviceAllocations: number;
  /** Allocations that worked only after the cache was given back. */
  readonly retries: number;
  /** Allocations that failed. */
  readonly outOfMemoryErrors: number;
  /** On the device, whoever uses it. */
  readonly freeBytes: number;
  /** Memory of the device. */
  readonly totalBytes: number;
}

export interface DriverProperties {
  readonly name: string;
  /** Compute capability. */
  readonly major: number;
  readonly minor: number;
  readonly multiprocessors: number;
}

/** Whether float32 products and convolutions may round their inputs to TF32. */
export interface Tf32Settings {
  /** In matrix products. */
  readonly matmul: boolean;
  /** In cuDNN's convolutions. */
  readonly cudnn: boolean;
}

export interface DeviceInfo {
  /** "cpu" where libtorch was built without an accelerator. */
  readonly accelerator: string;
  readonly count: number;
  /** Why `count` is 0, in libtorch's words where it has some. */
  readonly reason: string;
}

/** A module to compile: TorchScript source with the tensors and attributes it uses. */
export interface ModuleSpec {
  /** Qualified class name; modules of one name share one compiled type and must share `source`. */
  readonly className: string;
  /** Methods in TorchScript, as for `torch::jit::Module::define`. */
  readonly source: string;
  readonly parameters?: Readonly<Record<string, Handle>>;
  readonly buffers?: Readonly<Record<string, Handle>>;
  readonly attributes?: Readonly<Record<string, number | boolean | string>>;
  /** Names of numeric attributes that are TorchScript floats even where integral. */
  readonly floats?: readonly string[];
  readonly modules?: readonly (readonly [string, ModuleSpec])[];
}

/** An argument of a TorchScript method. */
export interface ArgumentSchema {
  /** Its name. */
  readonly name: string;
  /** Its type, as TorchScript writes it. */
  readonly type: string;
  /** Whether it may be left out. */
  readonly optional: boolean;
}

/** One call of a queued program; see {@link NativeAddon.queueProgram}. */
export type ProgramArgument =
  | { readonly list: number }
  | { readonly result: number }
  | { readonly tensor: Handle }
  | { readonly tensors: readonly Handle[] }
  | { readonly value: unknown };

export interface ProgramCall {
  /** Operator with its overload, `_foreach_add_.Scalar`. */
  readonly operator: string;
  /** All positional, then keyword arguments in schema order; missing trailing ones take defaults. */
  readonly args: readonly ProgramArgument[];
}

export interface Program {
  /** List 0: the parameters. List 1 is made where the program runs: their gradients. */
  readonly parameters: readonly Handle[];
  /** Lists 2 …: a tensor of each parameter's shape; rows without a gradient are left out of all lists. */
  readonly aligned: readonly (readonly Handle[])[];
  /** The lists after those: a scalar tensor for each parameter. */
  readonly scalars: readonly (readonly Handle[])[];
  readonly calls: readonly ProgramCall[];
  /** Which call's result to return. */
  readonly result?: number;
}

export interface SafetensorsEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Absolute byte offset in the file. */
  readonly offset: number;
  readonly bytes: number;
}

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

/** What the forward of a custom function left. */
export interface FunctionSpec {
  readonly inputs: readonly Handle[];
  readonly outputs: readonly Handle[];
  readonly saved: readonly Handle[];
  readonly dirty: readonly Handle[];
  readonly withoutGradient: readonly Handle[];
  /** Whether missing output gradients become zeros. */
  readonly materialize: boolean;
}

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
   * Calls an operator now; `names` are the keywords of the last arguments. Null stands for the first argument, which the
   * operator has changed in place.
   */
  call(operator: number, kinds: number, names: readonly string[] | undefined, ...args: unknown[]): NativeResult | null;
  /** The hot path of `call`; see `tensor/invoke.ts`. Undefined where the host allows no memory of the addon's to be shared. */
  frame(): Float64Array | undefined;
  /** Number of the plan for arguments of these kinds; 0 where only `call` can tell what they fit. */
  plan(operator: number, signature: number): number;
  /** Runs the plan and arguments in the frame; a single tensor's handle comes back in its first cell, which is 0 otherwise. */
  readonly run: () => NativeResult;
  /** Queues a list of operators over parameters and their gradients on the executor. */
  queueProgram(program: Program): Promise<NativeResult>;

  fromTypedArray(
    data: TypedArray | Uint8ClampedArray, shape: readonly number[], dtype: string, device: string, form?: ArrayForm,
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
  callModule(module: number, method: string, kinds: number, names: readonly string[] | undefined, ...args: unknown[]): Promise<NativeResult>;
  /** As `callModule`, without keeping activations: backward runs the method again. */
  checkpointModule(module: number, method: string, kinds: number, names: readonly string[] | undefined, ...args: unknown[]): Promise<NativeResult>;
  moduleSchema(module: number, method: string): ArgumentSchema[];
  moduleParameters(module: number): [string, Handle][];
  moduleBuffers(module: number): [string, Handle][];
  /** Whether each part, by its path, is in training mode. Reads without waiting: for a module that no task knows yet. */
  moduleModes(module: number): [string, boolean][];
  setTraining(module: number, training: boolean): Promise<void>;
  moveModule(module: number, device: string): Promise<void>;
  /** Queued: exchanges elements and gradients of leaves under their handles; integral ones keep their dtype. */
  moveTensors(handles: readonly Handle[], device: string | undefined, dtype: string | undefined): Promise<void>;
  /** For each handle the place in the list of the first one that stands for the same tensor. */
  firstSame(handles: readonly Handle[]): number[];
  saveModule(module: number, path: string): Promise<void>;
  /** Nodes of a loaded module's graphs that fix dropout on or off. */
  bakedDropout(module: number): boolean;

  readSafetensors(path: string, entries: readonly SafetensorsEntry[]): Promise<Handle[]>;
  /** Writes header and tensors in order, flushed to disk; resolves with the bytes written. */
  writeSafetensors(path: string, header: string, handles: readonly Handle[]): Promise<number>;

  deviceInfo(): DeviceInfo;
  synchronize(device: string): Promise<void>;
  manualSeed(seed: number): void;
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
  seedDevice(device: string, seed: number): void;
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
  claim(process: number, folder: string | undefined): string | undefined;
  /** Opens one shared library by absolute path; throws with the system's message. */
  open(path: string): void;
  /** Asks NVIDIA's driver library; undefined where it does not answer. */
  deviceProperties(device: number): DriverProperties | undefined;
}
