/** A compiled model that an adapter can be put into, and taken out of by merging it. */
import { zeroGrads } from "../../autograd/zero-grads";
import { describe, TorchwrightError } from "../../errors";
import type { HubOptions } from "../../hub/options";
import { ScriptModule } from "../../jit/script-module";
import type { ModuleSpec } from "../../native/requests";
import type { Handle } from "../../native/values";
import { outsideScopes, withModes } from "../../tensor/context";
import { manualSeed, synchronize } from "../../tensor/device";
import { scope } from "../../tensor/scope";
import type { Tensor } from "../../tensor/tensor";
import { openFolder } from "../../text/open-folder";
import { ADAPTER_FILES } from "../hub-files";
import { loadVerified } from "../manifest";
import { adaptedSpec, MERGED_WEIGHT } from "./adapted-spec";
import { readAdapter, writeAdapter } from "./adapter-folder";
import { type AdaptedLayer, type AdapterPlan, checkNames, planAdapter } from "./adapter-plan";
import { drawFactors, factorNames, placeFactor } from "./factors";
import { type LoraConfig, type Refuse, type ResolvedLoraConfig, resolveLoraConfig } from "./lora-config";
import { readPeftConfig } from "./peft-config";

type Tensors = ReadonlyMap<string, Tensor>;

/** An adapter that is in. */
interface Attached {
  readonly plan: AdapterPlan;
  /** What of the model's own parameters required grad before, by name. */
  readonly required: ReadonlyMap<string, boolean>;
}

/**
 * Holds the module that computes. With an adapter it is another one, compiled over the same parameters with the
 * adapter's beside them: the weights are not copied, and forward stays one native call. Each exchange frees the handles
 * on parameters that were given out before.
 */
export class AdaptableModule {
  #module: ScriptModule;
  #attached: Attached | undefined;
  readonly #spec: (handles: ReadonlyMap<string, Handle>) => ModuleSpec;

  /**
   * @param module is owned from here
   * @param spec describes the module without an adapter, over parameters by name
   */
  constructor(module: ScriptModule, spec: (handles: ReadonlyMap<string, Handle>) => ModuleSpec) {
    this.#module = module;
    this.#spec = spec;
  }

  /** What computes, now. */
  get module(): ScriptModule {
    return this.#module;
  }

  /** Of the adapter; undefined without one. */
  get config(): ResolvedLoraConfig | undefined {
    return this.#attached?.plan.config;
  }

  /** Puts a new adapter in. Throws ERR_INVALID_ARG, with nothing changed. */
  async add(options: LoraConfig): Promise<void> {
    const refuse: Refuse = (key, expected, got) =>
      new TorchwrightError(
        "ERR_INVALID_ARG",
        `addAdapter: expected ${key === undefined ? "" : `${key} to be `}${expected}, got ${describe(got)}`,
      );
    this.#refuseSecond("addAdapter");
    const config = resolveLoraConfig(options, refuse);
    await this.#settle();
    const own = new Map(this.#module.namedParameters());
    const model = this.#spec(handlesOf(own));
    checkNames(config, model, refuse);
    const plan = planAdapter(config, model, own, refuse);
    plainly(() =>
      scope(() => {
        if (config.seed !== undefined) manualSeed(config.seed);
        this.#attach(plan, new Map(plan.layers.flatMap((layer) => drawFactors(layer, config.initLoraWeights))));
      }),
    );
  }

  /** Puts an adapter of a folder in. Throws as reading does, with nothing changed. */
  async load(given: string, options: HubOptions): Promise<void> {
    if (typeof given !== "string") {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `loadAdapter: expected a folder's path or a name on the hub, got ${describe(given)}`,
      );
    }
    this.#refuseSecond("loadAdapter");
    const folder = await openFolder("loadAdapter", given, options, ADAPTER_FILES);
    const { config, savesHead, refuse } = await readPeftConfig(folder);
    const own = new Map(this.#module.namedParameters());
    const plan = planAdapter(config, this.#spec(handlesOf(own)), own, refuse);
    await plainly(() =>
      scope(async () => {
        const tensors = await loadVerified(
          folder,
          () => readAdapter(folder, plan, savesHead, own),
          () => undefined,
        );
        await this.#settle();
        this.#attach(plan, tensors);
      }),
    );
  }

  /** Writes the adapter alone. Throws ERR_INVALID_ARG without one, ERR_FILE_WRITE. */
  async save(folder: string): Promise<void> {
    await writeAdapter(folder, this.#expect("saveAdapter").plan, new Map(this.#module.namedParameters()));
  }

  /** Takes the adapter out, its updates merged into the weights. Throws ERR_INVALID_ARG without one. */
  async merge(): Promise<void> {
    const { required } = this.#expect("mergeAdapter");
    await plainly(() =>
      scope(async () => {
        const own = new Map(await this.mergedParameters());
        await this.#settle();
        const next = compile(this.#spec(handlesOf(own)));
        for (const [name, tensor] of own) tensor.requiresGrad = required.get(name) ?? true;
        this.#exchange(next, undefined);
      }),
    );
  }

  /** The model's own parameters by name, updates merged into them; the scope around owns those that are new. */
  async mergedParameters(): Promise<readonly (readonly [string, Tensor])[]> {
    const module = this.#module;
    if (!this.#attached) return module.namedParameters();
    const { plan, required } = this.#attached;
    const merge = async ({ path }: AdaptedLayer): Promise<readonly [string, Tensor]> => {
      using part = module.submodule(path);
      return [`${path}.weight`, (await part.call(MERGED_WEIGHT, [])) as Tensor];
    };
    const merged = new Map(await plainly(() => Promise.all(plan.layers.map(merge))));
    return module
      .namedParameters()
      .flatMap(([name, tensor]) => (required.has(name) ? [[name, merged.get(name) ?? tensor] as const] : []));
  }

  dispose(): void {
    this.#module.dispose();
  }

  /** So that nothing below has to wait for work in the queue, which would hold up the event loop. */
  async #settle(): Promise<void> {
    await synchronize(this.#module.parameters()[0]?.device);
  }

  /**
   * Freezes the model but for what is trained whole, which takes the values that `tensors` has for it, and puts the
   * factors in.
   */
  #attach(plan: AdapterPlan, tensors: Tensors): void {
    const own = new Map(this.#module.namedParameters());
    const factors = new Map<string, Tensor>();
    for (const layer of plan.layers) {
      const like = own.get(`${layer.path}.weight`) as Tensor;
      for (const name of factorNames(layer)) factors.set(name, placeFactor(tensors.get(name) as Tensor, like));
    }
    const next = compile(
      adaptedSpec(this.#spec(handlesOf(own)), plan.layers, plan.config.loraDropout, handlesOf(factors)),
    );
    const required = new Map([...own].map(([name, tensor]) => [name, tensor.requiresGrad]));
    for (const [name, tensor] of own) {
      const stored = tensors.get(name);
      if (stored) tensor.copy_(stored);
      tensor.requiresGrad = plan.trained.has(name);
    }
    this.#exchange(next, { plan, required });
  }

  #exchange(next: ScriptModule, attached: Attached | undefined): void {
    zeroGrads(this.#module.parameters());
    copyModes(this.#module, next);
    this.#module.dispose();
    this.#module = next;
    this.#attached = attached;
  }

  #refuseSecond(operation: string): void {
    if (this.#attached) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `${operation}: expected a model without an adapter, got one that has one; call mergeAdapter first, or open the base model anew`,
      );
    }
  }

  #expect(operation: string): Attached {
    if (this.#attached) return this.#attached;
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `${operation}: expected a model with an adapter, got one without; call addAdapter or loadAdapter first`,
    );
  }
}

/** Runs `fn` as outside of noGrad, inferenceMode and autocast around it, which would change what weights are. */
function plainly<T>(fn: () => T): T {
  return withModes({ grad: false, inference: false, autocast: {} }, fn);
}

function compile(spec: ModuleSpec): ScriptModule {
  return outsideScopes(() => ScriptModule.compile(spec));
}

function handlesOf(tensors: Tensors): ReadonlyMap<string, Handle> {
  return new Map([...tensors].map(([name, { handle }]) => [name, handle]));
}

/** Part by part, as each may have been switched on its own. */
function copyModes(from: ScriptModule, to: ScriptModule): void {
  const there = new Set(to.names());
  to.train(from.training);
  for (const path of from.names()) {
    if (path === "" || !there.has(path)) continue;
    using before = from.submodule(path);
    using after = to.submodule(path);
    if (after.training !== before.training) after.train(before.training);
  }
}
