/** A TorchScript module: compiled in-process from source, or loaded from a file that Python exported. */
import { describe, TorchwrightError } from "../errors";
import type { ArgumentSchema, ModuleSpec } from "../native/requests";
import { native } from "../native/load";
import { replaceFile } from "../files/replace-file";
import { nativeInContext, outsideScopes } from "../tensor/context";
import { countMove } from "../tensor/moves";
import type { OperatorResult } from "../tensor/operators";
import { decodeResult, encodeArguments } from "../tensor/operators";
import type { Tensor } from "../tensor/tensor";
import { wrap } from "../tensor/tensor";

const finalizers = new FinalizationRegistry<number>((number) => native().releaseModule(number));

/** Whether dropout is on, by the paths of all parts: one map for a module and the handles on its parts. */
type Modes = Map<string, boolean>;

/**
 * A handle on a `torch::jit::Module`. Its parameters belong to it: they live until {@link ScriptModule.dispose}.
 * A module's calls, `train()` and `to()` run in order on the executor.
 */
export class ScriptModule {
  readonly #number: number;
  readonly #modes: Modes;
  /** Where this is in the module that `#modes` tells of. */
  readonly #path: string;
  #parameters: readonly (readonly [string, Tensor])[] | undefined;
  #buffers: readonly (readonly [string, Tensor])[] | undefined;

  private constructor(number: number, modes?: Modes, path = "") {
    if (typeof number !== "number") {
      throw new TorchwrightError("ERR_INVALID_ARG", "ScriptModule: expected jit.load to make one, got a call of new");
    }
    this.#number = number;
    this.#modes = modes ?? new Map(native().moduleModes(number));
    this.#path = path;
    finalizers.register(this, number, this);
  }

  /**
   * Compiles a tree of module descriptions.
   *
   * @throws TorchwrightError ERR_SCRIPT_COMPILE with TorchScript's own report
   * @internal
   */
  static compile(spec: ModuleSpec): ScriptModule {
    return new ScriptModule(nativeInContext().compileModule(spec));
  }

  /** @internal Opens a file whose archive was checked; use `jit.load`. */
  static async open(path: string, device: string): Promise<ScriptModule> {
    return new ScriptModule(await nativeInContext().loadModule(path, device));
  }

  /** A part that can be called on its own and shares everything with this module: `encoder.layer.0`. */
  submodule(path: string): ScriptModule {
    const number = native().submodule(this.#number, path);
    return new ScriptModule(number, this.#modes, [this.#path, path].filter((part) => part !== "").join("."));
  }

  /** Paths of all parts, `""` for the module itself. */
  names(): readonly string[] {
    return native().moduleNames(this.#number);
  }

  /**
   * Runs a method off the JavaScript thread. `named` arguments go by the method's own names.
   *
   * @returns tensors, arrays and records as the method returns tensors, tuples or lists, and dictionaries
   * @throws TorchwrightError ERR_SCRIPT_CALL when the arguments do not fit the method, ERR_SHAPE_MISMATCH
   *   and ERR_OPERATOR_FAILED from the operators inside
   */
  async call(
    method: string,
    args: readonly unknown[],
    named?: Readonly<Record<string, unknown>>,
  ): Promise<OperatorResult> {
    checkArguments("call", args);
    const { kinds, names, values } = encodeArguments(args);
    if (!named) return decodeResult(await nativeInContext().callModule(this.#number, method, kinds, names, ...values));
    const all = encodeArguments([...args, ...Object.values(named)]);
    return decodeResult(
      await nativeInContext().callModule(this.#number, method, all.kinds, Object.keys(named), ...all.values),
    );
  }

  /** {@link ScriptModule.call} of `forward`. */
  forward(args: readonly unknown[], named?: Readonly<Record<string, unknown>>): Promise<OperatorResult> {
    return this.call("forward", args, named);
  }

  /**
   * Runs `forward` without keeping its activations: backward runs it again, with the same random numbers. Gradients
   * are the same, also where no argument requires grad. As `torch.utils.checkpoint`.
   *
   * @param args tensors, or values without gradient
   * @returns as {@link ScriptModule.call}; a tensor or several
   * @throws TorchwrightError as {@link ScriptModule.call}; ERR_SCRIPT_CALL where the result is anything but tensors;
   *   ERR_INVALID_ARG from a backward pass of part of the leaves or with a graph of its own, which it would be wrong in
   */
  async checkpoint(args: readonly unknown[]): Promise<OperatorResult> {
    checkArguments("checkpoint", args);
    const { kinds, names, values } = encodeArguments(args);
    return decodeResult(await nativeInContext().checkpointModule(this.#number, "forward", kinds, names, ...values));
  }

  /** The arguments of a method, without `self`. */
  schema(method = "forward"): readonly ArgumentSchema[] {
    return native().moduleSchema(this.#number, method);
  }

  /** Parameters by their nested names, in order of registration. The same objects on every call. */
  namedParameters(): readonly (readonly [string, Tensor])[] {
    this.#parameters ??= outsideScopes(() =>
      native()
        .moduleParameters(this.#number)
        .map(([name, handle]) => [name, wrap(handle)] as const),
    );
    return this.#parameters;
  }

  /** Buffers with their names, nested ones with dots. */
  namedBuffers(): readonly (readonly [string, Tensor])[] {
    this.#buffers ??= outsideScopes(() =>
      native()
        .moduleBuffers(this.#number)
        .map(([name, handle]) => [name, wrap(handle)] as const),
    );
    return this.#buffers;
  }

  /** All parameters, in the order of `namedParameters`. */
  parameters(): readonly Tensor[] {
    return this.namedParameters().map(([, tensor]) => tensor);
  }

  /** Whether dropout is on: after compilation it is, and a file that was loaded says what it was when saved. */
  get training(): boolean {
    return this.#modes.get(this.#path) ?? true;
  }

  /** Switches dropout and the like on, or off with false. */
  train(mode = true): void {
    // Queued: calls made after this line see it. A rejection means the process is ending.
    native()
      .setTraining(this.#number, mode)
      .catch(() => undefined);
    for (const path of this.#modes.keys()) {
      if (this.#path === "" || path === this.#path || path.startsWith(`${this.#path}.`)) this.#modes.set(path, mode);
    }
  }

  /** Switches dropout and the like off. */
  eval(): void {
    this.train(false);
  }

  /** Moves parameters and buffers in place; baked-in devices of a traced module move too. */
  async to(device: string): Promise<this> {
    countMove();
    await nativeInContext().moveModule(this.#number, device);
    return this;
  }

  /** True where tracing fixed some dropout on or off, so that `train()` and `eval()` cannot switch it. */
  get hasBakedDropout(): boolean {
    return native().bakedDropout(this.#number);
  }

  /**
   * Writes a TorchScript archive that `torch.jit.load` opens, beside its place first and then renamed.
   *
   * @throws TorchwrightError ERR_FILE_WRITE
   */
  async save(path: string): Promise<void> {
    if (typeof path !== "string" || path === "") {
      throw new TorchwrightError("ERR_INVALID_ARG", `save: expected a path, got ${describe(path)}`);
    }
    try {
      await replaceFile(path, (beside) => nativeInContext().saveModule(this.#number, beside));
    } catch (cause) {
      if (cause instanceof TorchwrightError) throw cause;
      throw new TorchwrightError("ERR_FILE_WRITE", `save: ${path} could not be written: ${(cause as Error).message}`, {
        cause,
      });
    }
  }

  /** Frees the handles of parameters and buffers and the module itself. */
  dispose(): void {
    for (const [, tensor] of [...(this.#parameters ?? []), ...(this.#buffers ?? [])]) tensor.dispose();
    finalizers.unregister(this);
    native().releaseModule(this.#number);
  }

  /** The same as `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

function checkArguments(operation: string, args: unknown): void {
  if (Array.isArray(args)) return;
  throw new TorchwrightError(
    "ERR_INVALID_ARG",
    `${operation}: expected the method's arguments in an array, got ${describe(args)}`,
  );
}
