/**
 * A process that takes a model from a hub: `<endpoint> <cache> <name>`. It prints the folder, or code and message of
 * the error.
 */
import { modelFolder } from "../../lib/hub/model-folder";

/** Fewer modules to load than for `MODEL_FILES`, and the same files. */
const FILES = {
  required: ["config.json", "model.safetensors"],
  oneOf: [],
  optional: ["manifest.json", "calibration.json"],
  naming: {},
};

const [endpoint = "", cacheDir = "", name = ""] = process.argv.slice(2);
modelFolder("fetch", name, { endpoint, cacheDir, token: false, progress: "silent" }, FILES).then(
  (folder) => console.log(folder),
  (error: unknown) => {
    const { code, message } = error as { code?: string; message: string };
    console.log(`${code} ${message}`);
    process.exitCode = 1;
  },
);
