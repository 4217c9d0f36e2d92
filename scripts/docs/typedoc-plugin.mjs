// What the API reference makes of the sources where TypeDoc alone would show less, or more, than a reader needs.
import { Comment, Converter, LiteralType, ReflectionKind, UnionType } from "typedoc";
import ts from "typescript";

/** Called by TypeDoc. */
export function load(app) {
  const names = new Map();
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (context, reflection) => {
    const symbol = context.getSymbolFromReflection(reflection);
    if (!symbol) return;
    if (reflection.kindOf(ReflectionKind.TypeAlias)) names.set(reflection, writtenOut(context.checker, symbol));
    else if (!reflection.comment && reflection.kindOf(ReflectionKind.Variable))
      reflection.comment = commentOfValue(context, symbol);
  });
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const [reflection, type] of names) reflection.type = type ?? reflection.type;
    // Protected members are for subclasses inside of the library, but `nn.Module.register`, which heads of one's own call.
    for (const reflection of project.getReflectionsByKind(ReflectionKind.All)) {
      if (reflection.flags.isProtected && reflection.name !== "register") project.removeReflection(reflection);
    }
  });
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
    for (const reflection of project.getReflectionsByKind(ReflectionKind.All)) document(reflection);
  });
}

/** `(typeof DTYPES)[number]` becomes `"float32" | …`: a reader wants the names, not the table that has them. */
function writtenOut(checker, symbol) {
  const declaration = symbol.declarations?.find(ts.isTypeAliasDeclaration);
  if (!declaration || declaration.typeParameters || !/\btypeof [A-Z]+\b/.test(declaration.type.getText()))
    return undefined;
  const type = checker.getDeclaredTypeOfSymbol(symbol);
  if (!type.isUnion() || !type.types.every((one) => one.isStringLiteral())) return undefined;
  return new UnionType(type.types.map((one) => new LiteralType(one.value)));
}

/** A member of `F`, `cuda` or `jit` is described by the function or class that it is. */
function commentOfValue(context, symbol) {
  const { checker } = context;
  const declaration = symbol.declarations?.[0];
  let value = symbol; // of `{ ...functions }`
  if (declaration && ts.isShorthandPropertyAssignment(declaration))
    value = checker.getShorthandAssignmentValueSymbol(declaration);
  else if (declaration && ts.isPropertyAssignment(declaration))
    value = checker.getSymbolAtLocation(declaration.initializer);
  if (!value) return undefined;
  if (value.flags & ts.SymbolFlags.Alias) value = checker.getAliasedSymbol(value);
  return context.getComment(value, ReflectionKind.Function) ?? context.getComment(value, ReflectionKind.Class);
}

/** What says itself needs no comment of its own. */
function document(reflection) {
  const { signatures = [], getSignature, setSignature, type } = reflection;
  // Generated operators, and `predict(text)` beside `predict(texts)`: one description stands above all forms.
  const described = signatures.find((signature) => signature.comment);
  for (const signature of signatures) signature.comment ??= described?.comment?.clone();
  if (setSignature && getSignature) setSignature.comment ??= getSignature.comment?.clone();
  // `type: "start"` of an event; the table of error codes, whose values are their descriptions.
  if (reflection.kindOf(ReflectionKind.Property) && type?.type === "literal" && typeof type.value === "string") {
    const part = type.value.includes(" ")
      ? { kind: "text", text: type.value }
      : { kind: "code", text: `\`${type.value}\`` };
    reflection.comment ??= new Comment([part]);
  }
}
