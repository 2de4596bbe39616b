import { PluginError } from "../exit-code.ts";

/** One object of a manifest, read field by field; what has another type than its field ends with an error that names it. */
export class ManifestFields {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #path: string;

  /** @throws {PluginError} when the value is no object */
  constructor(value: unknown, path: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new PluginError(`${path} is not an object: write it as a mapping of fields`);
    }
    this.#values = value as Readonly<Record<string, unknown>>;
    this.#path = path;
  }

  /** An empty object where the field is absent. */
  object(name: string): ManifestFields {
    return new ManifestFields(this.#values[name] ?? {}, this.#at(name));
  }

  has(name: string): boolean {
    return this.#values[name] !== undefined && this.#values[name] !== null;
  }

  text(name: string): string | undefined {
    return this.#read(name, "a text", (value) => (typeof value === "string" ? value : undefined));
  }

  /** @throws {PluginError} also when it is absent */
  requiredText(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw new PluginError(`${this.#at(name)} is missing`);
    return value;
  }

  number(name: string): number | undefined {
    return this.#read(name, "a number", (value) => (typeof value === "number" ? value : undefined));
  }

  flag(name: string): boolean | undefined {
    return this.#read(name, "true or false", (value) => (typeof value === "boolean" ? value : undefined));
  }

  texts(name: string): readonly string[] | undefined {
    return this.#read(name, "a list of texts", (value) => (isTexts(value) ? value : undefined));
  }

  /** A mapping of texts to texts, like labels. */
  labels(name: string): Readonly<Record<string, string>> | undefined {
    return this.#read(name, "a mapping of texts", (value) =>
      typeof value === "object" && value !== null && isTexts(Object.values(value))
        ? (value as Readonly<Record<string, string>>)
        : undefined,
    );
  }

  /** A mapping of texts to lists of texts, like a user's extra. */
  lists(name: string): Readonly<Record<string, readonly string[]>> | undefined {
    return this.#read(name, "a mapping of lists", (value) =>
      typeof value === "object" && value !== null && Object.values(value).every(isTexts)
        ? (value as Readonly<Record<string, readonly string[]>>)
        : undefined,
    );
  }

  objects(name: string): readonly ManifestFields[] | undefined {
    const items = this.#read(name, "a list of objects", (value) => (Array.isArray(value) ? value : undefined));
    return items?.map((item, index) => new ManifestFields(item, `${this.#at(name)}[${index}]`));
  }

  #at(name: string): string {
    return this.#path === "" ? name : `${this.#path}.${name}`;
  }

  #read<T>(name: string, type: string, read: (value: unknown) => T | undefined): T | undefined {
    if (!this.has(name)) return undefined;
    const value = read(this.#values[name]);
    if (value === undefined) throw new PluginError(`${this.#at(name)} is not ${type}`);
    return value;
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
