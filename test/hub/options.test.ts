import { mkdir, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { type HubOptions, type HubSettings, resolveHubOptions } from "../../lib/hub/options";
import { NO_HUB_VARIABLES, withEnvironment } from "../support/environment";
import { rejection } from "../support/rejection";
import { inFolder } from "../support/tiny-bert";

const resolve = (variables: Record<string, string>, options: HubOptions = {}): Promise<HubSettings> =>
  withEnvironment({ ...NO_HUB_VARIABLES, HF_HUB_DISABLE_IMPLICIT_TOKEN: "1", ...variables }, () =>
    resolveHubOptions("test", options),
  );

describe("options of the hub", () => {
  it("are by default those of Python's huggingface_hub", async () => {
    expect(await resolve({})).to.deep.equal({
      revision: "main",
      token: undefined,
      cacheDir: path.join(homedir(), ".cache", "huggingface", "hub"),
      endpoint: "https://huggingface.co",
      offline: false,
      progress: "auto",
      signal: undefined,
      answerMs: 10_000,
      silenceMs: 10_000,
    });
  });

  // What huggingface_hub.constants.HF_HUB_CACHE is under the same variables.
  for (const [variables, cache] of [
    [{ HF_HUB_CACHE: "/a", HUGGINGFACE_HUB_CACHE: "/b", HF_HOME: "/c" }, "/a"],
    [{ HUGGINGFACE_HUB_CACHE: "/b", HF_HOME: "/c" }, "/b"],
    [{ HF_HOME: "/c", XDG_CACHE_HOME: "/d" }, "/c/hub"],
    [{ HF_HOME: "~/c" }, path.join(homedir(), "c/hub")],
    [{ XDG_CACHE_HOME: "/d", HF_HOME: "$XDG_CACHE_HOME/${XDG_CACHE_HOME}/e" }, "/d/d/e/hub"],
    [{ XDG_CACHE_HOME: "/d" }, "/d/huggingface/hub"],
  ] as const) {
    it(`find the cache: ${JSON.stringify(variables)}`, async () =>
      expect((await resolve(variables)).cacheDir).to.equal(cache));
  }

  it("come before the environment", async () => {
    const variables = {
      HF_HUB_CACHE: "/a",
      HF_ENDPOINT: "https://mirror.example/",
      HF_TOKEN: "hf_env",
      HF_HUB_OFFLINE: "1",
      HF_HUB_DISABLE_PROGRESS_BARS: "1",
    };
    const fromEnvironment = await resolve({ ...variables, HF_HUB_DISABLE_IMPLICIT_TOKEN: "0" });
    expect(fromEnvironment).to.deep.include({
      cacheDir: "/a",
      endpoint: "https://mirror.example",
      offline: true,
      progress: "silent",
    });
    expect(fromEnvironment.token).to.deep.equal({ value: "hf_env", source: "the environment variable HF_TOKEN" });
    const given = await resolve(variables, {
      cacheDir: "/z",
      endpoint: "http://own.example/hub/",
      token: "hf_own",
      localFilesOnly: false,
      progress: "auto",
    });
    expect(given).to.deep.include({
      cacheDir: "/z",
      endpoint: "http://own.example/hub",
      offline: false,
      progress: "auto",
    });
    expect(given.token).to.deep.equal({ value: "hf_own", source: "the option token" });
  });

  it("find the token that `hf auth login` stored, unless none is wanted", async () => {
    await inFolder(async (home) => {
      await mkdir(path.join(home, "elsewhere"));
      await writeFile(path.join(home, "token"), "hf_stored\n");
      await writeFile(path.join(home, "elsewhere", "token"), " hf_other ");
      const token = async (variables: Record<string, string>, options?: HubOptions): Promise<string | undefined> =>
        (await resolve({ HF_HOME: home, HF_HUB_DISABLE_IMPLICIT_TOKEN: "", ...variables }, options)).token?.value;
      expect(await token({})).to.equal("hf_stored");
      expect(await token({ HF_TOKEN_PATH: path.join(home, "elsewhere", "token") })).to.equal("hf_other");
      expect(await token({ HUGGING_FACE_HUB_TOKEN: "hf_old" })).to.equal("hf_old");
      expect(await token({ HUGGING_FACE_HUB_TOKEN: "hf_old", HF_TOKEN: "hf_new" })).to.equal("hf_new");
      expect(await token({ HF_HUB_DISABLE_IMPLICIT_TOKEN: "1" })).to.equal(undefined);
      expect(await token({}, { token: false })).to.equal(undefined);
    });
  });

  for (const [wrong, expected] of [
    [{ revision: "" }, "revision to be a branch, tag or commit"],
    [{ revision: "../../etc" }, "revision to be a branch, tag or commit"],
    [{ revision: "a..b" }, "revision"],
    [{ revision: "/a" }, "revision"],
    [{ token: "two words" }, "token to be a token, or false for none, got a string"],
    [{ token: true }, "token"],
    [{ cacheDir: "" }, "cacheDir to be a folder's path"],
    [{ endpoint: "huggingface.co" }, "endpoint to be an http or https address"],
    [{ endpoint: "file:///x" }, "endpoint"],
    [{ localFilesOnly: "yes" }, "localFilesOnly to be true or false"],
    [{ progress: "loud" }, "progress to be"],
    [{ signal: {} }, "signal to be an AbortSignal"],
  ] as const) {
    it(`are checked: ${JSON.stringify(wrong)}`, async () => {
      const error = await rejection(resolve({}, wrong as unknown as HubOptions), "ERR_INVALID_ARG");
      expect(error.message)
        .to.match(/^test: /)
        .and.to.contain(expected)
        .and.not.to.contain("two words");
    });
  }

  it("name the environment variable that is wrong, and show no token", async () => {
    expect((await rejection(resolve({ HF_ENDPOINT: "mirror" }), "ERR_INVALID_ARG")).message).to.contain("HF_ENDPOINT");
    const error = await rejection(
      resolve({ HF_TOKEN: "hf_a b", HF_HUB_DISABLE_IMPLICIT_TOKEN: "" }),
      "ERR_INVALID_ARG",
    );
    expect(error.message).to.contain("HF_TOKEN").and.not.to.contain("hf_a");
  });
});
