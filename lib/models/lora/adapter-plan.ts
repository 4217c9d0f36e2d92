/**
 * What an adapter changes in a model: which layers get an update, and which parameters are trained. Rules and names are
 * PEFT's.
 */
import type { ModuleSpec } from "../../native/requests";
import type { Tensor } from "../../tensor/tensor";
import { expression, type Refuse, type ResolvedLoraConfig } from "./lora-config";

/** The head, which is trained whole. */
export const HEAD = "classifier";

/** A layer that gets an update of low rank. */
export interface AdaptedLayer {
  /** `bert.encoder.layer.0.attention.self.query` */
  readonly path: string;
  readonly r: number;
  /** What the update is multiplied by. */
  readonly scaling: number;
  readonly inputs: number;
  readonly outputs: number;
}

export interface AdapterPlan {
  readonly config: ResolvedLoraConfig;
  readonly layers: readonly AdaptedLayer[];
  /** Names of the model's own parameters that are trained and saved with the adapter. */
  readonly trained: ReadonlySet<string>;
}

type Parameters = ReadonlyMap<string, Tensor>;

/**
 * Applies a configuration to a model. Throws what `refuse` makes of targets that are no linear layers or that there are
 * not.
 *
 * @param parameters the model's own, by name
 */
export function planAdapter(
  config: ResolvedLoraConfig,
  model: ModuleSpec,
  parameters: Parameters,
  refuse: Refuse,
): AdapterPlan {
  const modules = modulesOf(model);
  const kept = [...config.modulesToSave, HEAD];
  const paths = [...modules.keys()].filter((path) => !isInside(kept, path) && isTarget(config, path, modules));
  if (paths.length === 0) {
    throw refuse("targetModules", `linear layers of the model, as ${examples(modules)}`, config.targetModules);
  }
  for (const path of paths) {
    if (modules.get(path) !== "Linear") {
      throw refuse("targetModules", "linear layers alone", `${path} (${modules.get(path) ?? ""})`);
    }
  }
  const layers = paths.map((path): AdaptedLayer => {
    const [outputs = 0, inputs = 0] = parameters.get(`${path}.weight`)?.shape ?? [];
    const r = byPattern(config.rankPattern, path) ?? config.r;
    const alpha = byPattern(config.alphaPattern, path) ?? config.loraAlpha;
    return { path, r, scaling: alpha / (config.useRslora ? Math.sqrt(r) : r), inputs, outputs };
  });
  const adapted = new Set(paths);
  const isTrained = (name: string): boolean => {
    const path = name.slice(0, name.lastIndexOf("."));
    if (isInside(kept, path)) return true;
    return name.endsWith(".bias") && (config.bias === "all" || (config.bias === "lora_only" && adapted.has(path)));
  };
  return { config, layers, trained: new Set([...parameters.keys()].filter(isTrained)) };
}

/**
 * Refuses names and numbers that stand for nothing in the model, as slips of the pen do. PEFT lets them pass; so they
 * are allowed in its files.
 */
export function checkNames(config: ResolvedLoraConfig, model: ModuleSpec, refuse: Refuse): void {
  const modules = modulesOf(model);
  const paths = [...modules.keys()];
  const unknown = config.modulesToSave.find((name) => !paths.some((path) => isInside([name], path)));
  if (unknown !== undefined) throw refuse("modulesToSave", "modules of the model", unknown);
  const targets = typeof config.targetModules === "string" ? [] : config.targetModules;
  const idle = targets.find(
    (name) => !paths.some((path) => endsIn([name], path) && !isInside([...config.modulesToSave, HEAD], path)),
  );
  if (idle !== undefined) {
    throw refuse(
      "targetModules",
      `linear layers of the model that are not trained whole, as ${examples(modules)}`,
      idle,
    );
  }
  const beyond = [config.layersToTransform ?? []]
    .flat()
    .find((layer) => !paths.some((path) => layerOf(`${path}.`) === layer));
  if (beyond !== undefined) throw refuse("layersToTransform", "layers of the model", beyond);
}

/** Class names of all modules by their paths, in order. */
function modulesOf(spec: ModuleSpec, path = ""): Map<string, string> {
  const parts = (spec.modules ?? []).flatMap(([name, part]) => [
    ...modulesOf(part, path === "" ? name : `${path}.${name}`),
  ]);
  return new Map([[path, spec.className], ...parts]);
}

function isTarget(
  { targetModules, excludeModules, layersToTransform }: ResolvedLoraConfig,
  path: string,
  modules: ReadonlyMap<string, string>,
): boolean {
  if (excludeModules !== undefined && fits(excludeModules, path)) return false;
  if (typeof targetModules === "string" && targetModules.toLowerCase() === "all-linear") {
    return modules.get(path) === "Linear";
  }
  if (!fits(targetModules, path)) return false;
  const layers = [layersToTransform ?? []].flat();
  return layers.length === 0 || layers.includes(layerOf(path) ?? -1);
}

function fits(names: string | readonly string[], path: string): boolean {
  return typeof names === "string" ? (expression(names)?.test(path) ?? false) : endsIn(names, path);
}

function endsIn(names: readonly string[], path: string): boolean {
  return names.some((name) => path === name || path.endsWith(`.${name}`));
}

/** Whether a module is one of those named, or a part of one. */
function isInside(names: readonly string[], path: string): boolean {
  return names.some((name) => `.${path}.`.includes(`.${name}.`));
}

/** Number of the encoder's layer that a module is in. */
function layerOf(path: string): number | undefined {
  const [, layer] = /^.*?\.[^.]*\.(\d+)\./.exec(path) ?? [];
  return layer === undefined ? undefined : Number(layer);
}

function byPattern(patterns: Readonly<Record<string, number>>, path: string): number | undefined {
  return Object.entries(patterns).find(([pattern]) => expression(`(?:.*\\.)?(?:${pattern})`)?.test(path))?.[1];
}

/** What linear layers are called: the ends of their names. */
function examples(modules: ReadonlyMap<string, string>): string {
  const linear = [...modules].filter(([path, kind]) => kind === "Linear" && path !== HEAD);
  return [...new Set(linear.map(([path]) => path.slice(path.lastIndexOf(".") + 1)))].join(", ");
}
