import { fileURLToPath } from "node:url";
import { buildGoProgram } from "@capstan/test-cluster";

/** The path of the Go side, built once into the user's cache. @throws ClusterError */
export async function benchGo(log: (line: string) => void): Promise<string> {
  const directory = fileURLToPath(new URL("../go/", import.meta.url));
  return await buildGoProgram({ directory, name: "bench-go" }, { log });
}

/** A number of a JSON answer. @throws TypeError when it is none */
export function numberIn(answer: unknown, field: string): number {
  const value = (answer as { readonly [field: string]: unknown } | null)?.[field];
  if (typeof value !== "number") throw new TypeError(`an answer has no number ${field}`);
  return value;
}
