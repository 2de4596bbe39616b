import { readFileSync } from "node:fs";

/** Names a file with how wrong the clock of a test-only publisher is: `+86400000`, `-86400000`, or `frozen`. Empty: right. */
export const clockErrorVariable = "CAPSTAN_TEST_CLOCK_ERROR";

/** A clock that is as wrong as the file says at each moment. A frozen one stands where it stood when it was first read so. */
export function withError(now: () => Date, file: string | undefined): () => Date {
  if (file === undefined || file === "") return now;
  let frozenAt: Date | undefined;
  return () => {
    const error = readFileSync(file, "utf8").trim();
    if (error === "frozen") return (frozenAt ??= now());
    frozenAt = undefined;
    return new Date(now().getTime() + Number(error));
  };
}
