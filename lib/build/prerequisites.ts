/** What a build needs from the machine, each checked before anything is compiled, and named with its remedy. */
import { execFileSync } from "node:child_process";
import { TorchwrightError } from "../../lib/errors";

interface Prerequisite {
  readonly name: string;
  /** What is wrong, or undefined. */
  check(): string | undefined;
  readonly remedy: Readonly<Partial<Record<NodeJS.Platform, string>>>;
}

const CXX20_PROBE = "#include <concepts>\n#include <span>\ntemplate <std::integral T> T twice(T x) { return x + x; }\n";

const COMPILER: Prerequisite = {
  name: "a C++20 compiler (g++ 11 or clang 14, or newer)",
  check() {
    if (process.platform === "win32") return undefined; // cmake finds Visual Studio itself
    const names = process.env.CXX?.trim() ? [process.env.CXX.trim()] : ["c++", "g++", "clang++"];
    const problems = names.map((name) => {
      const [command = "", ...args] = name.split(/\s+/); // CXX may be "ccache g++", as CMake takes it
      return run(command, [...args, "-std=c++20", "-fsyntax-only", "-x", "c++", "-"], CXX20_PROBE);
    });
    return problems.includes(undefined) ? undefined : names.map((name, i) => `${name}: ${problems[i]}`).join("; ");
  },
  remedy: {
    linux: "apt-get install g++, or dnf install gcc-c++; CXX names another compiler",
    darwin: "xcode-select --install",
  },
};

const CMAKE: Prerequisite = {
  name: "cmake 3.18 or newer",
  check() {
    let version: string;
    try {
      version = execFileSync("cmake", ["--version"], { encoding: "utf8" });
    } catch {
      return "not found";
    }
    const [, major, minor] = /version (\d+)\.(\d+)/.exec(version) ?? [];
    const recent = Number(major) > 3 || (Number(major) === 3 && Number(minor) >= 18);
    return recent ? undefined : `too old: ${version.split("\n")[0]}`;
  },
  remedy: {
    linux: "apt-get install cmake, dnf install cmake, or pip install cmake",
    darwin: "brew install cmake",
    win32: "winget install Kitware.CMake",
  },
};

const MAKE: Prerequisite = {
  name: "make or ninja",
  check() {
    if (process.platform === "win32") return undefined;
    return ["make", "ninja"].some((name) => run(name, ["--version"]) === undefined) ? undefined : "neither was found";
  },
  remedy: { linux: "apt-get install make, or dnf install make", darwin: "xcode-select --install" },
};

/** @throws TorchwrightError ERR_PREREQUISITE that lists all that is missing, not only the first. */
export function checkBuildTools(): void {
  const missing = [COMPILER, CMAKE, MAKE].flatMap((wanted) => {
    const problem = wanted.check();
    const remedy = wanted.remedy[process.platform] ?? "install it with your system's package manager";
    return problem === undefined ? [] : [`  - ${wanted.name}: ${problem}. Remedy: ${remedy}`];
  });
  if (missing.length > 0) {
    throw new TorchwrightError(
      "ERR_PREREQUISITE",
      `building the addon needs what is missing here:\n${missing.join("\n")}`,
    );
  }
}

/** A sentence when `python` or its pip is missing: the default source of libtorch then falls away. */
export function pipProblem(python: string): string | undefined {
  if (run(python, ["--version"]) !== undefined) {
    return `python3 was not found. Remedy: ${
      process.platform === "linux" ? "apt-get install python3 python3-pip" : "install Python 3 from https://python.org"
    }`;
  }
  if (run(python, ["-m", "pip", "--version"]) === undefined) return undefined;
  return `${python} has no pip. Remedy: ${process.platform === "linux" ? "apt-get install python3-pip" : `${python} -m ensurepip`}`;
}

function run(command: string, args: readonly string[], input = ""): string | undefined {
  try {
    execFileSync(command, args, { input, stdio: ["pipe", "ignore", "pipe"], timeout: 60_000 });
    return undefined;
  } catch (error) {
    const { code, stderr } = error as { code?: string; stderr?: Buffer };
    return code === "ENOENT" ? "not found" : (stderr?.toString().split("\n")[0] || "failed").slice(0, 200);
  }
}
