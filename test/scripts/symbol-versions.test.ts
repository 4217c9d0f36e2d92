/** The addons ask for no newer glibc or libstdc++ than libtorch does, and the check that says so can fail. */
import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { locateLibtorch } from "../../lib/native/locate";
import { neededSymbols } from "../../scripts/checks/elf-versions";
import { librarySymbols, newestVersions, tooNew } from "../../scripts/checks/symbol-versions";
import { inFolder } from "../support/tiny-bert";

/** A library that binds memcpy to a version of our choice; glibc has both. */
function library(folder: string, version: string): string {
  const source = path.join(folder, `${version}.c`);
  const file = path.join(folder, `${version}.so`);
  writeFileSync(
    source,
    `#include <string.h>\n__asm__(".symver memcpy, memcpy@${version}");\nvoid *f(void *a, void *b, size_t n) { return memcpy(a, b, n); }\n`,
  );
  execFileSync("c++", ["-x", "c", "-shared", "-fPIC", "-O0", "-fno-builtin", "-o", file, source]);
  return file;
}

describe("symbol versions", () => {
  it("are read from a library's ELF file", () =>
    inFolder(async (folder) => {
      for (const version of ["GLIBC_2.2.5", "GLIBC_2.14"]) {
        expect(neededSymbols(library(folder, version))).to.deep.include({ symbol: "memcpy", version });
      }
    }));

  it("are too new by number, not by text, or where libtorch asks for none of their family", () => {
    const limits = newestVersions([
      { symbol: "a", version: "GLIBC_2.9" },
      { symbol: "b", version: "GLIBC_2.28" },
      { symbol: "c", version: undefined },
    ]);
    expect([...limits]).to.deep.equal([["GLIBC", [2, 28]]]);
    const of = (version: string | undefined) => tooNew([{ symbol: "x", version }], limits).length;
    expect([of("GLIBC_2.9"), of("GLIBC_2.28"), of("GLIBC_2.2.5"), of(undefined)]).to.deep.equal([0, 0, 0, 0]);
    expect([of("GLIBC_2.28.1"), of("GLIBC_2.33"), of("GLIBC_3.0"), of("GLIBCXX_3.4")]).to.deep.equal([1, 1, 1, 1]);
  });

  it("of the addons are no newer than libtorch's", () => {
    const limits = newestVersions(librarySymbols(locateLibtorch().libDir));
    expect([...limits.keys()]).to.include.members(["GLIBC", "GLIBCXX", "CXXABI"]);
    for (const name of ["loader.node", "torchwright.node"]) {
      const symbols = neededSymbols(path.join(__dirname, "../../build/Release", name));
      expect(
        symbols.map(({ symbol }) => symbol),
        name,
      ).to.include("napi_create_function");
      expect(tooNew(symbols, limits), name).to.deep.equal([]);
    }
  });

  it("cannot be read from another file", () => {
    expect(() => neededSymbols(__filename)).to.throw(/expected an ELF file/);
  });
});
