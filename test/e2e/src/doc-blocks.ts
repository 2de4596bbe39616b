import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The folder that commands of the documentation are typed in. */
export const repository: string = fileURLToPath(new URL("../../../", import.meta.url));

/** A shell block of a page that is meant to be run as it stands. */
export interface DocBlock {
  /** `docs/operate/rotation.md:31` */
  readonly at: string;
  readonly script: string;
}

/** Pages whose commands have tests of their own, since they change AWS, order operations, or need what is not in every cluster. */
const testedElsewhere: ReadonlySet<string> = new Set([
  "docs/operate/aws-setup.md",
  "docs/operate/doctor.md",
  "docs/operate/emergency.md",
  "docs/operate/install.md",
  "docs/operate/monitoring.md",
]);

/** Blocks that begin with none of the marks of test/docs/test/commands.test.ts, in the order of their pages. */
export function runnableBlocks(): readonly DocBlock[] {
  return [...markdownBelow("docs/operate"), ...markdownBelow("deploy/examples")]
    .filter((page) => !testedElsewhere.has(page))
    .flatMap(blocksOf);
}

function markdownBelow(folder: string): readonly string[] {
  return readdirSync(path.join(repository, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .map((file) => path.join(folder, file))
    .toSorted();
}

const marked = /^# (?:not run|parsed|examples\.test\.ts runs it)\b/;

function blocksOf(page: string): readonly DocBlock[] {
  const text = readFileSync(path.join(repository, page), "utf8");
  return [...text.matchAll(/^```sh\n([^]*?)^```$/gm)]
    .map((match) => ({
      at: `${page}:${text.slice(0, match.index).split("\n").length + 1}`,
      script: match[1] ?? "",
    }))
    .filter(({ script }) => !marked.test(script));
}
