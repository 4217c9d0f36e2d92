/**
 * What stands behind the name `nn`. TypeScript makes a name that is value and type at once (`new nn.Linear(…)`,
 * `layer: nn.Linear`) of a module only, so the list of names needs this file; `lib/index.ts` alone imports it.
 */
export { Buffer } from "./buffer";
export { Dropout } from "./dropout";
export { Embedding } from "./embedding";
export type { EmbeddingOptions } from "./embedding";
export { GELU } from "./gelu";
export * as init from "./init";
export { LayerNorm } from "./layer-norm";
export type { LayerNormOptions } from "./layer-norm";
export { Linear } from "./linear";
export type { LinearOptions } from "./linear";
export { Module } from "./module";
export { ModuleList } from "./module-list";
export type { FloatType } from "./move";
export type { AnyModule } from "./part";
export { Parameter } from "./parameter";
export { ReLU } from "./relu";
export { Sequential } from "./sequential";
export type { Layer, SequentialOutput } from "./sequential";
export type { StateDict, StateReport } from "./state";
export { Tanh } from "./tanh";
