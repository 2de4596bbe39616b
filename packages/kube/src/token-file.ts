import { readFile } from "node:fs/promises";

/**
 * A service account's token as a file that others rotate (a kubelet does so about hourly). Every call reads it again:
 * callers keep the result for a while. While the file cannot be read, the last token is used: it is usually
 * still good, and the API server has the last word.
 */
export class TokenFile {
  readonly #path: string;
  #last: string | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async read(): Promise<string> {
    let token: string;
    try {
      token = (await readFile(this.#path, "utf8")).trim();
    } catch (cause) {
      if (this.#last !== undefined) return this.#last;
      throw new Error(`token file ${this.#path} cannot be read`, { cause });
    }
    if (token !== "") this.#last = token; // else: caught in the middle of a rewrite
    if (this.#last === undefined) throw new Error(`token file ${this.#path} is empty`);
    return this.#last;
  }
}
