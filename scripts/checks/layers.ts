/** The layering rule of `lib`: a folder imports only from itself and from folders above it in one list. */
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

/** Top to bottom: data flows down the page. A plain file of `lib` is a layer of its own. */
export const LAYERS: readonly string[] = [
  "errors.ts",
  "files",
  "native",
  "setup",
  "build",
  "tensor",
  "autograd",
  "functional",
  "jit",
  "nn",
  "optim",
  "hub",
  "text",
  "data",
  "models",
  "metrics",
  "train",
  "search",
  "predict",
  "display",
  "index.ts",
  "cli",
];

/** Every violation as `file:line: why`, in order of files. */
export function layerViolations(lib: string, layers: readonly string[] = LAYERS): string[] {
  return readdirSync(lib, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .sort()
    .flatMap((name) => fileViolations(lib, name, layers));
}

function fileViolations(lib: string, name: string, layers: readonly string[]): string[] {
  const own = layerOf(name);
  const rank = layers.indexOf(own);
  if (rank < 0) return [`${name}:1: ${own} is in no layer; layers are ${layers.join(", ")}`];
  const file = path.join(lib, name);
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  const violations: string[] = [];
  for (const { specifier, position } of importsOf(source)) {
    if (!specifier.startsWith(".")) continue;
    const at = `${name}:${source.getLineAndCharacterOfPosition(position).line + 1}`;
    const target = path.relative(lib, path.resolve(path.dirname(file), specifier));
    if (target.startsWith("..")) {
      violations.push(`${at}: imports ${specifier}, which is outside lib`);
      continue;
    }
    const layer = layerOf(target.includes(path.sep) ? target : `${target.replace(/\.(ts|js)$/, "")}.ts`);
    const above = layers.indexOf(layer);
    if (above < 0) violations.push(`${at}: imports ${specifier}, which is in no layer`);
    else if (above > rank) violations.push(`${at}: ${own} imports from ${layer}, which lies below it`);
  }
  return violations;
}

function layerOf(name: string): string {
  return name.split(path.sep)[0] ?? name;
}

/** Imports, re-exports, `import()`, `require()` and types by `import("…")`. */
function importsOf(source: ts.SourceFile): { specifier: string; position: number }[] {
  const found: { specifier: string; position: number }[] = [];
  const visit = (node: ts.Node): void => {
    const specifier = specifierOf(node);
    if (specifier && ts.isStringLiteralLike(specifier)) {
      found.push({ specifier: specifier.text, position: specifier.getStart() });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function specifierOf(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return node.argument.literal;
  if (ts.isImportEqualsDeclaration(node) && ts.isExternalModuleReference(node.moduleReference)) {
    return node.moduleReference.expression;
  }
  if (!ts.isCallExpression(node)) return undefined;
  const dynamic = node.expression.kind === ts.SyntaxKind.ImportKeyword;
  const required = ts.isIdentifier(node.expression) && node.expression.text === "require";
  return dynamic || required ? node.arguments[0] : undefined;
}
