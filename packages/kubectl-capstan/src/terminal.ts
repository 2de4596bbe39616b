/** Where a command's words go. */
export interface Terminal {
  /** Data: what a script reads. */
  readonly out: (text: string) => void;
  /** Words for people: progress, questions, hints and errors. */
  readonly err: (text: string) => void;
  /** Somebody is there to answer {@link ask}. */
  readonly isInteractive: boolean;
  /** The data goes to a terminal that shows colours. */
  readonly hasColor: boolean;
  /** Shows the question among the words and returns the line typed, "" at the end of input. */
  readonly ask: (question: string) => Promise<string>;
  /** All of standard input, for commands that take `-` for a file. */
  readonly readInput: () => Promise<Uint8Array>;
}
