import { printable } from "../output/printable.ts";
import { paint, renderTable } from "../output/table.ts";
import { type CheckedResult, diagnosesOf, type Diagnosis } from "./run-checks.ts";

/** What `doctor` prints: causes with their cures, what follows from them, what could not be checked, and a sum. */
export function renderDoctor(
  results: readonly CheckedResult[],
  { isWide, hasColor }: { readonly isWide: boolean; readonly hasColor: boolean },
): string {
  const all = diagnosesOf(results);
  const causes = all.filter(({ followsFrom }) => followsFrom === undefined);
  const effects = all.filter(({ followsFrom }) => followsFrom !== undefined);
  const skipped = results.filter(({ result }) => result === "Skipped");
  const sections = [
    ...(isWide ? [renderChecks(results, hasColor)] : []),
    ...causes.map((cause) => renderCause(cause, hasColor)),
    ...(effects.length === 0 ? [] : [`What follows from that:\n${effects.map(renderEffect).join("")}`]),
    ...(skipped.length === 0 ? [] : [`Not checked:\n${renderSkipped(skipped)}`]),
    sumOf(results, causes.length, effects.length),
  ];
  return sections.join("\n");
}

function renderCause({ id, subject, cause, cure }: Diagnosis, hasColor: boolean): string {
  const head = paint({ text: id, tone: "bad" }, hasColor);
  return `${head} (${printable(subject)})\n  cause: ${printable(cause)}\n  cure:  ${printable(cure)}\n`;
}

function renderEffect({ id, subject, cause, followsFrom }: Diagnosis): string {
  return `  ${id} (${printable(subject)}), from ${followsFrom ?? ""}: ${printable(cause)}\n`;
}

/** Checks that lack the same thing stand in one line. */
function renderSkipped(skipped: readonly CheckedResult[]): string {
  return [...Map.groupBy(skipped, ({ reason = "" }) => reason)]
    .map(([reason, checks]) => `  ${checks.map(({ check }) => check).join(", ")}: ${printable(reason)}\n`)
    .join("");
}

function renderChecks(results: readonly CheckedResult[], hasColor: boolean): string {
  const tones = { Passed: "good", Failed: "bad" } as const;
  return renderTable<CheckedResult>(
    [
      { title: "GROUP", cell: ({ group }) => group },
      { title: "CHECK", cell: ({ check }) => check },
      {
        title: "RESULT",
        cell: ({ result }) => (result === "Skipped" ? result : { text: result, tone: tones[result] }),
      },
      { title: "TRUE WHEN PASSED", cell: ({ title }) => title },
      { title: "READS", cell: ({ reads }) => reads },
    ],
    results,
    { isWide: true, hasColor },
  );
}

function sumOf(results: readonly CheckedResult[], causes: number, effects: number): string {
  const count = (result: CheckedResult["result"]): number => results.filter((one) => one.result === result).length;
  const found =
    causes === 0 ? "nothing is wrong" : `${causes} wrong, ${effects} ${effects === 1 ? "follows" : "follow"} from that`;
  return `${results.length} checks: ${count("Passed")} passed, ${count("Failed")} failed, ${count("Skipped")} skipped: ${found}\n`;
}
