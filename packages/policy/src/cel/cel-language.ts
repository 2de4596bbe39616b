import { Environment, type ParseResult } from "@marcbachmann/cel-js";
import { Duration } from "@marcbachmann/cel-js/evaluator";
import { RE2JS } from "re2js";
import { celTypes, type CelInput } from "./cel-variables.ts";

/** Far above what a person writes: an expression of 4,096 characters has about 1,500 nodes at most. */
const limits = { maxAstNodes: 2_000, maxDepth: 64, maxListElements: 256, maxMapEntries: 256, maxCallArguments: 8 };

/** What went wrong with an expression, with its place in the text where that is known. */
export interface CelFault {
  /** One line. */
  readonly rule: string;
  /** Counted from 1, in UTF-16 units. */
  readonly place?: { readonly line: number; readonly column: number };
}

export type CelOutcome =
  | { readonly ok: true; readonly value: boolean }
  | { readonly ok: false; readonly fault: CelFault };

const environment = new Environment({ limits, enableOptionalTypes: true });
for (const [name, schema] of Object.entries(celTypes)) environment.registerVariable({ name, schema: { ...schema } });

/** What is wrong with an expression whatever the request: its syntax, a name or type that does not fit, a result that is no boolean. */
export function checkExpression(expression: string): CelFault | undefined {
  const { valid, type, error } = environment.check(expression);
  if (!valid) return faultOf(error, expression);
  const pattern = literalPatterns(environment.parse(expression).ast).find(({ args }) => !isPattern(args));
  if (pattern !== undefined)
    return { rule: "it is no regular expression of RE2", ...placeAt(expression, pattern.start) };
  return type === "bool"
    ? undefined
    : { rule: `its result must be a bool, and is a ${type ?? "value of unknown type"}` };
}

interface Literal {
  readonly args: unknown;
  readonly start: number;
}

/** Arguments of `matches` that stand in the expression as they are: what is wrong with others shows when it is asked. */
function literalPatterns(node: unknown): readonly Literal[] {
  if (Array.isArray(node)) return node.flatMap(literalPatterns);
  if (typeof node !== "object" || node === null || !("op" in node) || !("args" in node)) return [];
  const { op, args } = node;
  if (op !== "rcall" || !Array.isArray(args) || args[0] !== "matches") return literalPatterns(args);
  const [pattern] = (args[2] ?? []) as readonly (Literal & { readonly op: string })[];
  return [...(pattern?.op === "value" ? [pattern] : []), ...literalPatterns(args)];
}

function isPattern(text: unknown): boolean {
  try {
    RE2JS.compile(String(text));
    return true;
  } catch {
    return false;
  }
}

/** Expressions are written seldom and asked often. */
const compiled = new Map<string, ParseResult>();
const maxCompiled = 256;

/** The value of an expression that `checkExpression` let pass, or let not: then it has a fault here too. */
export function evaluateExpression(expression: string, { request, requester }: CelInput): CelOutcome {
  try {
    const fault = compiled.has(expression) ? undefined : checkExpression(expression);
    if (fault !== undefined) return { ok: false, fault };
    const duration = Duration.fromMilliseconds(request.duration);
    const value: unknown = compile(expression)({ request: { ...request, duration }, requester });
    if (typeof value === "boolean") return { ok: true, value };
    return { ok: false, fault: { rule: "its result is no bool" } };
  } catch (error) {
    return { ok: false, fault: faultOf(error, expression) };
  }
}

function compile(expression: string): ParseResult {
  const known = compiled.get(expression);
  if (known !== undefined) return known;
  if (compiled.size >= maxCompiled) compiled.clear();
  const parsed = environment.parse(expression);
  compiled.set(expression, parsed);
  return parsed;
}

/** The library's messages go on with the source under a first line that says all. */
function faultOf(error: unknown, expression: string): CelFault {
  const { summary, message, range } = error as { summary?: string; message?: string; range?: { start: number } };
  const [rule = ""] = (summary ?? message ?? String(error)).split("\n");
  return range === undefined ? { rule } : { rule, ...placeAt(expression, range.start) };
}

function placeAt(expression: string, offset: number): Required<Pick<CelFault, "place">> {
  const before = expression.slice(0, offset).split("\n");
  return { place: { line: before.length, column: (before.at(-1) ?? "").length + 1 } };
}
