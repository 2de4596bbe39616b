/** The page that shows the transcripts, from the repository's root. */
export const transcriptsPage = "docs/operate/what-you-see.md";

/** What somebody typed, and what came of it. */
export interface Transcript {
  readonly name: string;
  readonly command: string;
  readonly output: string;
}

const block = /^<!-- transcript: (?<name>[a-z-]+) -->\n\n```console\n(?<session>[^]*?)^```$/gm;

/** The transcripts of a page, in its order. */
export function readTranscripts(markdown: string): readonly Transcript[] {
  return [...markdown.matchAll(block)].map(({ groups: { name = "", session = "" } = {} }) => {
    const [first = "", ...rest] = session.split("\n");
    return { name, command: first.replace(/^\$ /, ""), output: rest.join("\n") };
  });
}

/**
 * The page with these transcripts instead of those that it has.
 *
 * @throws Error that names a transcript that the page has no place for, or a place without a transcript
 */
export function withTranscripts(markdown: string, transcripts: readonly Transcript[]): string {
  const left = new Map(transcripts.map((transcript) => [transcript.name, transcript]));
  const filled = markdown.replaceAll(block, (_whole: string, name: string) => {
    const transcript = left.get(name);
    if (transcript === undefined) throw new Error(`the page shows transcript ${name}, and no scene makes it`);
    left.delete(name);
    return `<!-- transcript: ${name} -->\n\n\`\`\`console\n$ ${transcript.command}\n${transcript.output}\`\`\``;
  });
  if (left.size > 0) {
    throw new Error(
      `the page has no place for ${[...left.keys()].join(", ")}: <!-- transcript: NAME --> and a console block`,
    );
  }
  return filled;
}
