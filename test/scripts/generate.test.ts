/**
 * The generator of operators: schemas to signatures, what is left out and why, descriptions; and that nothing is
 * forgotten.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { Libtorch } from "../../lib/native/describe-libtorch";
import { libtorchInfo, native } from "../../lib/native/load";
import { FUNCTIONS } from "../../lib/tensor/operators.generated";
import { describeOperator } from "../../scripts/generate/describe";
import { exclusion, renderExclusions } from "../../scripts/generate/exclusions";
import { nativeFunctions, parseMethods } from "../../scripts/generate/native-functions";
import { camelCase, parseSchema } from "../../scripts/generate/schema";
import { checkNames, signatures, withoutCovered, writeSignature } from "../../scripts/generate/signature";

const ROOT = join(__dirname, "..", "..");
const generated = (): string => readFileSync(join(ROOT, "lib", "tensor", "operators.generated.ts"), "utf8");
const written = (schema: string, self?: number): string[] => signatures(parseSchema(schema), self).map(writeSignature);
const allow = { operator: () => 1 };

describe("signatures from schemas", () => {
  it("positional, keyword and optional arguments", () => {
    expect(written("aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor")).to.deep.equal([
      "(self: Tensor, other: Tensor, options?: { alpha?: Scalar }): Tensor;",
    ]);
    expect(written("aten::softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor", 0)).to.deep.equal([
      "(dim: Int, dtype?: DType | null): Tensor;",
      "(options: { dim: Int; dtype?: DType | null }): Tensor;",
      "(dim: Int, options: { dtype?: DType | null }): Tensor;",
    ]);
    expect(written("aten::argsort.stable(Tensor self, *, bool stable, int dim=-1) -> Tensor")).to.deep.equal([
      "(self: Tensor, options: { stable: boolean; dim?: Int }): Tensor;",
    ]);
    expect(
      written("aten::f(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor"),
    ).to.deep.equal([
      "(self: Tensor, dim?: Int | readonly Int[] | null, keepdim?: boolean, options?: { dtype?: DType | null }): Tensor;",
      "(self: Tensor, options: { dim?: Int | readonly Int[] | null; keepdim?: boolean; dtype?: DType | null }): Tensor;",
      "(self: Tensor, dim: Int | readonly Int[] | null, options: { keepdim?: boolean; dtype?: DType | null }): Tensor;",
    ]);
    expect(written("aten::f(Tensor x, Tensor? w, bool t, float[]? s=None) -> ()")).to.deep.equal([
      "(x: Tensor, w: Tensor | null | undefined, t: boolean, s?: readonly number[] | null): void;",
      "(x: Tensor, w: Tensor | null | undefined, options: { t: boolean; s?: readonly number[] | null }): void;",
      "(x: Tensor, w: Tensor | null | undefined, t: boolean, options: { s?: readonly number[] | null }): void;",
    ]);
  });

  it("lists, named results, enumerations and words that TypeScript keeps", () => {
    expect(written("aten::f(Tensor[] a, Tensor?[] b, int[2] c, SymInt[] d, bool[3] e) -> Tensor(a)[]")).to.deep.equal([
      "(a: readonly Tensor[], b: readonly (Tensor | null | undefined)[], c: Int | readonly Int[], d: readonly Int[], e: boolean | readonly boolean[]): Tensor[];",
      "(a: readonly Tensor[], b: readonly (Tensor | null | undefined)[], options: { c: Int | readonly Int[]; d: readonly Int[]; e: boolean | readonly boolean[] }): Tensor[];",
    ]);
    expect(written("aten::topk(Tensor self, SymInt k) -> (Tensor values, Tensor indices)", 0)).to.deep.equal([
      "(k: Int): [values: Tensor, indices: Tensor];",
      "(options: { k: Int }): [values: Tensor, indices: Tensor];",
    ]);
    expect(written("aten::f(Tensor a) -> (Tensor, int)")).to.deep.equal(["(a: Tensor): [Tensor, number];"]);
    expect(written("aten::l1_loss(Tensor self, int reduction) -> Tensor")).to.deep.equal([
      "(self: Tensor, reduction: Reduction): Tensor;",
      "(self: Tensor, options: { reduction: Reduction }): Tensor;",
    ]);
    expect(written("aten::f(Tensor function, int in) -> ScalarType")).to.deep.equal([
      "(function_: Tensor, in_: Int): DType;",
      "(function_: Tensor, options: { in: Int }): DType;",
    ]);
  });

  it("one that another covers is left out", () => {
    const all = [
      "aten::randn(SymInt[] size, *, ScalarType? dtype=None) -> Tensor",
      "aten::randn.generator(SymInt[] size, *, Generator? generator, ScalarType? dtype=None) -> Tensor",
    ].flatMap((schema) => signatures(parseSchema(schema)));
    expect(withoutCovered(all).map(writeSignature)).to.deep.equal([
      "(size: readonly Int[], options?: { generator?: Generator | null; dtype?: DType | null }): Tensor;",
      "(options: { size: readonly Int[]; generator?: Generator | null; dtype?: DType | null }): Tensor;",
    ]);
    expect(withoutCovered([...all, ...all]).length, "of two alike one stays").to.equal(2);
    const sorts = [
      "aten::argsort(Tensor self, int dim=-1, bool descending=False) -> Tensor",
      "aten::argsort.stable(Tensor self, *, bool stable, int dim=-1, bool descending=False) -> Tensor",
    ].flatMap((schema) => signatures(parseSchema(schema), 0));
    expect(withoutCovered(sorts).map(writeSignature), "more that has to be given covers nothing").to.include.members([
      "(options: { dim?: Int; descending?: boolean }): Tensor;",
      "(options: { stable: boolean; dim?: Int; descending?: boolean }): Tensor;",
    ]);
  });

  it("names that camelCase cannot carry are noticed", () => {
    expect(["cross_entropy_loss", "add_", "numpy_T", "linalg__powsum"].map(camelCase)).to.deep.equal([
      "crossEntropyLoss",
      "add_",
      "numpyT",
      "linalgPowsum",
    ]);
    expect(() => checkNames(parseSchema("aten::f(Tensor self, int dim_1=0) -> Tensor"))).to.throw("dim_1");
    expect(() =>
      checkNames(parseSchema('aten::f(Tensor self, str UPLO="L", bool keep_dim=False) -> Tensor')),
    ).to.not.throw();
  });

  it("a text that is no schema", () => {
    for (const text of ["", "aten::f", "prim::f() -> ()", "aten::f(Tensor!! a) -> ()"]) {
      expect(() => parseSchema(text), text).to.throw("expected the schema");
    }
  });
});

describe("what is left out", () => {
  it("has a reason", () => {
    const reason = (schema: string): string | undefined => exclusion(parseSchema(schema), allow);
    expect(reason("aten::add.Tensor(Tensor self, Tensor other) -> Tensor")).to.equal(undefined);
    expect(reason("aten::_softmax(Tensor self) -> Tensor")).to.contain("underscore");
    expect(reason("aten::add.out(Tensor self, *, Tensor(a!) out) -> Tensor(a!)")).to.contain("out=");
    expect(reason("aten::f_backward(Tensor self) -> Tensor")).to.contain("autograd");
    expect(reason("aten::record_stream(Tensor(a!) self, Stream s) -> ()")).to.contain("Stream");
    expect(reason("aten::get_gradients(int id) -> Dict(Tensor, Tensor)")).to.contain("Dict(Tensor, Tensor)");
    expect(reason("aten::f(__torch__.classes.C[] a) -> Tensor")).to.contain("__torch__.classes.C");
  });

  it("is asked of the addon, whose deny list refuses some", () => {
    const schema = parseSchema("aten::from_file(str filename) -> Tensor");
    expect(exclusion(schema, native())).to.match(/^refused by the addon: \w/);
  });

  it("is a sorted list by reason", () => {
    const text = renderExclusions(
      new Map([
        ["b", ["z", "y.out"]],
        ["a", ["x"]],
      ]),
      "2.13.0",
    );
    expect(text).to.match(/libtorch 2\.13\.0.*by reason: 3\./);
    expect(text.slice(text.indexOf("\n\n"))).to.equal("\n\n# a (1)\nx\n\n# b (2)\ny.out\nz\n");
  });

  it("and what is public are together all overloads that libtorch has", () => {
    const listed = new Set(
      readFileSync(join(ROOT, "scripts", "generate", "excluded-operators.txt"), "utf8")
        .split("\n")
        .filter((line) => line && !line.startsWith("#")),
    );
    const functions = new Set(FUNCTIONS.map(([, operator]) => operator));
    const text = generated();
    let count = 0;
    for (const schema of native().schemas().map(parseSchema)) {
      const isPublic = functions.has(schema.name) && text.includes(`\`${schema.text}\``);
      expect([isPublic, listed.has(schema.qualified)], schema.text).to.deep.equal(
        isPublic ? [true, false] : [false, true],
      );
      count += 1;
    }
    expect(count).to.be.greaterThan(3000);
  });
});

describe("methods", () => {
  it("are those of native_functions.yaml", () => {
    const yaml =
      "- func: abs(Tensor self) -> Tensor\n  variants: function, method\n- func: zeros(int[] size) -> Tensor\n  dispatch:\n    CPU: zeros\n- func: add_.Tensor(Tensor(a!) self) -> Tensor\n  variants: method\n";
    expect([...parseMethods(yaml)]).to.deep.equal(["abs", "add_.Tensor"]);
  });

  describe("whose file", () => {
    let folder = "";
    const python = process.env["TORCHWRIGHT_PYTHON"];
    const yaml = join("packaged", "ATen", "native", "native_functions.yaml");
    const libtorch = (root: string): Libtorch => ({ ...libtorchInfo(), root, version: "2.13.0" });

    /** A Python that says what a real one would of its torch and torchgen. */
    function fakePython(says: string): void {
      const program = join(folder, "python");
      writeFileSync(program, `#!/bin/sh\n${says}\n`, { mode: 0o755 });
      process.env["TORCHWRIGHT_PYTHON"] = program;
    }

    beforeEach(function () {
      if (process.platform === "win32") this.skip();
      folder = mkdtempSync(join(tmpdir(), "torchwright-generate-"));
      mkdirSync(join(folder, "wheel", "torchgen", yaml, ".."), { recursive: true });
      writeFileSync(join(folder, "wheel", "torchgen", yaml), "the file");
    });
    afterEach(() => {
      if (python === undefined) delete process.env["TORCHWRIGHT_PYTHON"];
      else process.env["TORCHWRIGHT_PYTHON"] = python;
      rmSync(folder, { recursive: true, force: true });
    });

    it("lies beside libtorch", async () => {
      fakePython("exit 1");
      expect(await nativeFunctions(libtorch(join(folder, "wheel", "torch")))).to.equal("the file");
    });

    it("or in the reference Python, if its torch is of the same version", async () => {
      fakePython(`echo 2.13.0+cpu; echo "${join(folder, "wheel", "torchgen")}"`);
      expect(await nativeFunctions(libtorch(join(folder, "archive", "libtorch")))).to.equal("the file");
    });

    it("or nowhere, which is said with the remedy", async () => {
      const failure = async (says: string): Promise<string> => {
        fakePython(says);
        return nativeFunctions(libtorch(join(folder, "archive", "libtorch"))).then(
          () => "found",
          (error: unknown) => String(error),
        );
      };
      for (const says of [
        `echo 2.12.0; echo "${join(folder, "wheel", "torchgen")}"`,
        "exit 1",
        "echo 2.13.0; echo /nowhere",
      ]) {
        expect(await failure(says), says)
          .to.contain(join("archive", "torchgen", yaml))
          .and.to.contain("npx torchwright setup --from <wheel");
      }
    });
  });
});

describe("descriptions", () => {
  const describe_ = (schema: string, others: readonly string[] = [], descriptions = {}): string =>
    describeOperator([parseSchema(schema)], new Set(others), { torch: "2.13.0", descriptions });

  it("are PyTorch's, or say what the schema says", () => {
    expect(describe_("aten::f(Tensor self) -> Tensor", [], { f: "Does it." })).to.equal("Does it.");
    expect(describe_("aten::f_x_(Tensor(a!) self) -> Tensor(a!)", ["f_x"])).to.equal("In-place form of fX.");
    expect(describe_("aten::f(Tensor self) -> Tensor", ["f_"])).to.equal("Form of f_ that leaves its input as it is.");
    expect(describe_("aten::view_copy(Tensor self) -> Tensor", ["view"])).to.equal(
      "As view, with a copy in place of a view.",
    );
    expect(describe_("aten::f(Tensor input, Tensor the_weight, Tensor? bias=None) -> (Tensor a, Tensor b)")).to.equal(
      "Gives a and b from input and theWeight.",
    );
    expect(describe_("aten::f(Tensor(a) self, *, Generator? generator=None) -> Tensor(a)")).to.equal(
      "Gives a tensor from self; shares memory with its input; draws random numbers.",
    );
    expect(describe_("aten::f(Tensor(a!) self) -> ()")).to.equal("Gives nothing from self; changes self in place.");
  });

  it("stand before every operator, as one plain line and its schemas", () => {
    const comments = [...generated().matchAll(/^ {2}\/\*\*\n([\s\S]*?)\n {3}\*\/\n {2}(\w+)\(/gm)];
    expect(comments.length).to.be.greaterThan(FUNCTIONS.length);
    for (const [, comment = "", name = ""] of comments) {
      const [description = "", blank, ...schemas] = comment.split("\n").map((line) => line.replace(/^ {3}\* ?/, ""));
      expect(description, name)
        .to.match(/^(\p{Lu}|self)[^`\\]*\.$/u)
        .and.to.not.match(/https?:|:\w+:|\bSee /);
      expect(description.length, name).to.be.lessThan(201);
      expect(blank, name).to.equal("");
      expect(schemas.length, name).to.be.greaterThan(0);
      for (const schema of schemas) expect(schema, name).to.match(/^`aten::\w+(\.\w+)?\(.*\) -> .+`$/);
    }
  });
});
