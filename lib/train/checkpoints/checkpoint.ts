/**
 * One checkpoint: a model folder that also holds what training needs to go on as if nothing had been.
 *
 * `model.safetensors` and what else the model's `save` writes, so that it can be opened for predictions;
 * `optimizer.safetensors` and `rng_state.safetensors`; `trainer_state.json`. The manifest lists these, so that damage
 * is noticed.
 */
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { noGrad } from "../../autograd/grad-mode";
import type { LoaderState } from "../../data/loading/state";
import { TorchwrightError } from "../../errors";
import { listedInManifest, verifyManifest } from "../../models/manifest";
import type { TextClassifier } from "../../models/model";
import { readHeader, readTensors, writeSafetensors } from "../../models/safetensors";
import type { Optimizer } from "../../optim/optimizer";
import { randomState, setRandomState } from "../../tensor/random-state";
import { scope } from "../../tensor/scope";
import type { Tensor } from "../../tensor/tensor";
import type { Tokenizer } from "../../text/tokenizer";
import type { BestModelState } from "../best-model";
import type { LearningRateState } from "../learning-rate";
import type { RunState } from "../run";

const FORMAT = "torchwright-checkpoint";
const STATE = "trainer_state.json";
const OPTIMIZER = "optimizer.safetensors";
const RANDOM = "rng_state.safetensors";
const WEIGHTS = "model.safetensors";
/** Of models that save no safetensors, as TorchScript modules, or not all that training changes. */
const OWN_WEIGHTS = "weights.safetensors";

/** What is not in tensors; plain data. */
export interface CheckpointState {
  /** Where the loader goes on. */
  readonly position: LoaderState;
  readonly schedule: LearningRateState;
  readonly run: RunState;
  readonly bestModel: BestModelState;
  /** Class names by class id. */
  readonly labels: readonly string[];
  /** Where weights are averaged. */
  readonly average?: { readonly count: number };
}

/** What a run is made of. */
export interface Parts {
  readonly model: TextClassifier;
  readonly optimizer: Optimizer;
  readonly scaler?: NamedStates | undefined;
  readonly average?: NamedStates | undefined;
}

/** A part with tensors under names of its own. */
interface NamedStates {
  namedStates(): readonly (readonly [string, Tensor])[];
}

function trainingStates({ model, optimizer, scaler, average }: Parts): (readonly [string, Tensor])[] {
  const names = namesOf(model);
  return [
    ...optimizer.namedStates((parameter) => names.get(parameter) as string),
    ...(scaler?.namedStates() ?? []),
    ...(average?.namedStates() ?? []),
  ];
}

/** Files of the model folder beside the checkpoint's own. */
export interface Companions {
  readonly tokenizer: Tokenizer;
  /** By name. */
  readonly files: Readonly<Record<string, string>>;
}

/** Writes a checkpoint whole or not at all. Throws ERR_FILE_WRITE. */
export async function writeCheckpoint(
  folder: string,
  parts: Parts,
  state: CheckpointState,
  companions: Companions,
): Promise<void> {
  const { model } = parts;
  await model.save(folder, {
    ...companions,
    more: async (temporary) => {
      await writeSafetensors(join(temporary, OPTIMIZER), trainingStates(parts));
      await scope(() =>
        writeSafetensors(
          join(temporary, RANDOM),
          devicesOf(model).map((device) => [device, randomState(device)]),
        ),
      );
      if (!(await hasAll(join(temporary, WEIGHTS), stateOf(model)))) {
        await writeSafetensors(join(temporary, OWN_WEIGHTS), stateOf(model));
      }
      await writeFile(
        join(temporary, STATE),
        `${JSON.stringify({ format: FORMAT, version: 1, ...state }, encodeNumber)}\n`,
      );
    },
  });
}

/**
 * What a checkpoint says, once all its files are known to be whole.
 * @throws TorchwrightError ERR_CHECKSUM for damage, ERR_FILE_NOT_FOUND for a folder that is none
 */
export async function readState(folder: string): Promise<CheckpointState> {
  const file = join(folder, STATE);
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new TorchwrightError(
      "ERR_FILE_NOT_FOUND",
      `resume: expected a checkpoint in ${folder}: ${(cause as Error).message}`,
      { cause },
    );
  });
  const listed = await listedInManifest(folder);
  const unlisted = [STATE, OPTIMIZER, RANDOM].find((name) => !listed.includes(name));
  if (unlisted !== undefined) throw damaged(folder, `its manifest.json is missing or does not list ${unlisted}`);
  await verifyManifest(folder);
  const state = (JSON.parse(text, decodeNumber) ?? {}) as Readonly<Record<string, unknown>>;
  if (state["format"] !== FORMAT || state["version"] !== 1) {
    throw damaged(
      folder,
      `${STATE} is of the format ${JSON.stringify(state["format"])}, version ${JSON.stringify(state["version"])}, and this release knows version 1`,
    );
  }
  // Its content is what was written, as the SHA-256 says; whoever wrote it may have been another program.
  const missing = ["position", "schedule", "run", "bestModel", "labels"].find(
    (name) => typeof state[name] !== "object" || state[name] === null,
  );
  if (missing !== undefined) throw damaged(folder, `${STATE} does not say ${missing}`);
  return state as unknown as CheckpointState;
}

/** JSON has no NaN and no infinity. */
function encodeNumber(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? { number: String(value) } : value;
}

function decodeNumber(_key: string, value: unknown): unknown {
  const { number, ...more } = (typeof value === "object" && value !== null ? value : {}) as {
    readonly number?: unknown;
  };
  return typeof number === "string" && Object.keys(more).length === 0 ? Number(number) : value;
}

/**
 * Puts weights, optimizer and random generators back, in place; all is there before anything changes.
 * @throws TorchwrightError ERR_WEIGHTS_MISMATCH for another model, or other parameters that are trained
 */
export async function restore(folder: string, parts: Parts): Promise<void> {
  const { model } = parts;
  const fills = [
    await fillFrom(await weightsIn(folder), stateOf(model)),
    await fillFrom(join(folder, OPTIMIZER), trainingStates(parts)),
  ];
  for (const fill of fills) await fill();
  await scope(async () => {
    const entries = await readHeader(join(folder, RANDOM));
    const states = await readTensors(join(folder, RANDOM), entries);
    const devices = devicesOf(model);
    entries.forEach(({ name }, i) => devices.includes(name) && setRandomState(name, states[i] as Tensor));
  });
}

/**
 * Puts the weights alone back, and their average where there is one. Throws as {@link readState} does, and
 * ERR_WEIGHTS_MISMATCH.
 */
export async function restoreWeights(folder: string, { model, average }: Parts): Promise<void> {
  await readState(folder);
  const fills = [
    await fillFrom(await weightsIn(folder), stateOf(model)),
    await fillFrom(join(folder, OPTIMIZER), average?.namedStates() ?? []),
  ];
  for (const fill of fills) await fill();
}

/** Reads no weights, only what they are. Throws ERR_WEIGHTS_MISMATCH for a checkpoint of another model. */
export async function checkWeights(folder: string, model: TextClassifier): Promise<void> {
  await fillFrom(await weightsIn(folder), stateOf(model));
}

async function weightsIn(folder: string): Promise<string> {
  return join(folder, (await exists(join(folder, OWN_WEIGHTS))) ? OWN_WEIGHTS : WEIGHTS);
}

/** What fills tensors by name from a file, which may hold more and is known to hold them. */
async function fillFrom(file: string, targets: readonly (readonly [string, Tensor])[]): Promise<() => Promise<void>> {
  const entries = new Map((await readHeader(file)).map((entry) => [entry.name, entry]));
  const pairs = targets.map(([name, target]) => {
    const entry = entries.get(name);
    if (entry?.shape.join() === target.shape.join() && entry.dtype === target.dtype) return { entry, target };
    const found = entry ? `${entry.dtype} [${entry.shape.join(", ")}]` : "nothing";
    throw new TorchwrightError(
      "ERR_WEIGHTS_MISMATCH",
      `resume: expected ${name} as ${target.dtype} [${target.shape.join(", ")}] in ${file}, got ${found}; resume with the model and options that the run began with`,
    );
  });
  return async () => {
    for (const { entry, target } of pairs) {
      await scope(async () => {
        const [source] = await readTensors(file, [entry]);
        noGrad(() => target.copy_(source as Tensor));
      });
    }
  };
}

/** Parameters, and what else training changes. */
function stateOf(model: TextClassifier): (readonly [string, Tensor])[] {
  return [...model.namedParameters(), ...(model.namedBuffers?.() ?? [])];
}

function namesOf(model: TextClassifier): Map<Tensor, string> {
  return new Map(model.namedParameters().map(([name, parameter]) => [parameter, name]));
}

/** Devices whose generators a run draws from. */
function devicesOf(model: TextClassifier): string[] {
  return [...new Set(["cpu", model.device])];
}

function damaged(folder: string, why: string): TorchwrightError {
  return new TorchwrightError("ERR_CHECKSUM", `${folder}: expected a whole checkpoint, but ${why}`);
}

async function hasAll(file: string, tensors: readonly (readonly [string, Tensor])[]): Promise<boolean> {
  if (!(await exists(file))) return false;
  const names = new Set((await readHeader(file)).map(({ name }) => name));
  return tensors.every(([name]) => names.has(name));
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
