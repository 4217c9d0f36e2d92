/** For tests of the hub: one on loopback with a model, an empty cache, and what of it was asked for. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { modelFolder } from "../../lib/hub/model-folder";
import type { HubOptions } from "../../lib/hub/options";
import type { FileSelection } from "../../lib/hub/selection";
import { MODEL_FILES } from "../../lib/models/hub-files";
import { NO_HUB_VARIABLES, withEnvironment } from "../support/environment";
import { type HubRepository, type HubServer, repositoryOf, serveHub } from "../support/hub-server";

/** Bytes that are no text and repeat nowhere. */
export const WEIGHTS = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i * 31 + (i >> 3)) & 255));

/** As a model of the hub is: with much that is not needed. */
export const FILES: Readonly<Record<string, Buffer | string>> = {
  ".gitattributes": "*.bin filter=lfs",
  "README.md": "# A model",
  "config.json": '{"model_type":"bert"}',
  "flax_model.msgpack": "flax",
  "model.safetensors": WEIGHTS,
  "onnx/model.onnx": "onnx",
  "pytorch_model.bin": "a pickle",
  "tf_model.h5": "tensorflow",
  "tokenizer.json": "{}",
  "vocab.txt": "[PAD]\n",
};

export interface ScratchHub {
  readonly hub: HubServer;
  readonly cacheDir: string;
  readonly repository: HubRepository;
  /** The folder of `org/tiny` with a model's files. */
  folder(options?: HubOptions, name?: string, selection?: FileSelection): Promise<string>;
  /** What was asked for since the last call: `hub /org/tiny/resolve/main/config.json`. */
  asked(): string[];
  close(): Promise<void>;
}

export async function scratchHub(files: Readonly<Record<string, Buffer | string>> = FILES): Promise<ScratchHub> {
  const repository = repositoryOf(files);
  const hub = await serveHub({ "org/tiny": repository });
  const cacheDir = await mkdtemp(path.join(tmpdir(), "hub-cache-"));
  return {
    hub,
    cacheDir,
    repository,
    folder: (options = {}, name = "org/tiny", selection = MODEL_FILES) =>
      withEnvironment({ ...NO_HUB_VARIABLES, HF_HUB_DISABLE_IMPLICIT_TOKEN: "1" }, () =>
        modelFolder("test", name, { endpoint: hub.url, cacheDir, progress: "silent", ...options }, selection),
      ),
    asked: () => hub.requests.splice(0).map(({ host, path: place }) => `${host} ${place}`),
    close: async () => {
      await hub.close();
      await rm(cacheDir, { recursive: true, force: true });
    },
  };
}
