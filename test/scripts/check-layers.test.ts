/** The layering check itself: what it must find, and what it must leave alone. */
import { expect } from "chai";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { LAYERS, layerViolations } from "../../scripts/checks/layers";

describe("layering check", () => {
  let lib: string;

  const write = (name: string, text: string): void => {
    mkdirSync(path.dirname(path.join(lib, name)), { recursive: true });
    writeFileSync(path.join(lib, name), text);
  };

  beforeEach(() => {
    lib = mkdtempSync(path.join(tmpdir(), "torchwright-"));
  });
  afterEach(() => rmSync(lib, { recursive: true }));

  it("allows a folder itself, folders above it, packages and Node", () => {
    write("errors.ts", "");
    write(
      "tensor/tensor.ts",
      'import { a } from "../native/load"; import { E } from "../errors"; import "./dtype"; import "node:fs";',
    );
    write("train/trainer.ts", 'import { T } from "../tensor/tensor"; import x from "csv-parse";');
    write("index.ts", 'export { T } from "./train/trainer"; export * from "./errors";');
    expect(layerViolations(lib)).to.deep.equal([]);
  });

  it("finds an import from below, with file and line", () => {
    write("tensor/tensor.ts", '// one\nimport { b } from "../autograd/backward";\n');
    expect(layerViolations(lib)).to.deep.equal([
      "tensor/tensor.ts:2: tensor imports from autograd, which lies below it",
    ]);
  });

  it("finds every form of import: types, re-exports, import(), require() and type queries", () => {
    for (const text of [
      'import type { T } from "../train/trainer";',
      'export { T } from "../train/trainer";',
      'export * from "../train/trainer";',
      'const t = import("../train/trainer");',
      'const t = require("../train/trainer");',
      'import t = require("../train/trainer");',
      'let t: import("../train/trainer").T;',
    ]) {
      write("data/loader.ts", text);
      expect(layerViolations(lib), text).to.have.length(1);
    }
  });

  it("ignores imports in comments and strings", () => {
    write("tensor/tensor.ts", '// import "../train/trainer";\nconst s = \'import "../train/trainer"\';\n');
    expect(layerViolations(lib)).to.deep.equal([]);
  });

  it("finds imports of the index, of what is outside lib, and folders that are in no layer", () => {
    write("text/a.ts", 'import { T } from "../index";\nimport { s } from "../../scripts/s";\n');
    write("misc/b.ts", "");
    expect(layerViolations(lib)).to.deep.equal([
      `misc/b.ts:1: misc is in no layer; layers are ${LAYERS.join(", ")}`,
      "text/a.ts:1: text imports from index.ts, which lies below it",
      "text/a.ts:2: imports ../../scripts/s, which is outside lib",
    ]);
  });

  it("finds nothing in lib as it is", () => {
    expect(layerViolations(path.join(__dirname, "../../lib"))).to.deep.equal([]);
  });
});
