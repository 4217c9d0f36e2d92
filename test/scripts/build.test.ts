import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { locateLibtorch } from "../../lib/native/locate";
import { environmentSettings } from "../../lib/build/cmake";
import { inFolder } from "../support/tiny-bert";

const ROOT = join(__dirname, "..", "..");

describe("the addon's build", () => {
  it("is a release unless CMAKE_BUILD_TYPE says otherwise, and is done again when the environment's flags change", () => {
    expect(environmentSettings({}).config).to.equal("Release");
    expect(environmentSettings({ CMAKE_BUILD_TYPE: "Debug" }).config).to.equal("Debug");
    const settings = [{}, { CMAKE_BUILD_TYPE: "Debug" }, { CXXFLAGS: "-g" }, { LDFLAGS: "-g" }].map((env) =>
      environmentSettings(env).words.join("\0"),
    );
    expect(new Set(settings).size).to.equal(4);
  });

  it("compiles and links with the environment's flags, and with symbols where the type has them", () =>
    inFolder(async (out) => {
      const { root, version } = locateLibtorch();
      const { config } = environmentSettings({ CMAKE_BUILD_TYPE: "RelWithDebInfo" });
      execFileSync(
        process.execPath,
        [
          require.resolve("cmake-js/bin/cmake-js"),
          "configure",
          "--directory",
          join(ROOT, "binding"),
          "--out",
          out,
          "--config",
          config,
          "--log-level",
          "warn",
          `--CDLIBTORCH=${root}`,
          `--CDLIBTORCH_VERSION=${version}`,
          "--CDCMAKE_EXPORT_COMPILE_COMMANDS=ON",
        ],
        {
          cwd: ROOT,
          stdio: "pipe",
          env: { ...process.env, CXXFLAGS: "-DFROM_THE_ENVIRONMENT", LDFLAGS: "-Wl,-O1,--sort-common" },
        },
      );
      const commands = JSON.parse(readFileSync(join(out, "compile_commands.json"), "utf8")) as {
        readonly command: string;
      }[];
      expect(commands.length).to.be.greaterThan(10);
      for (const { command } of commands) expect(command).to.include("-DFROM_THE_ENVIRONMENT").and.match(/ -g /);
      const link = ["build.ninja", join("CMakeFiles", "torchwright.dir", "link.txt")]
        .map((name) => join(out, name))
        .find(existsSync);
      expect(readFileSync(link ?? "", "utf8")).to.include("-Wl,-O1,--sort-common");
    }));
});
