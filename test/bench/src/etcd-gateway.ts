import { readdirSync, readFileSync } from "node:fs";
import type { Cluster } from "@capstan/test-cluster";

/** An object as the API server stores it. */
export type StoredObject = Readonly<Record<string, unknown>> & { readonly metadata: Readonly<Record<string, unknown>> };

/** etcd's own HTTP interface, at the address that the API server was given. */
export class EtcdGateway {
  readonly #url: string;

  constructor(cluster: Cluster) {
    this.#url = clientUrlOf(cluster);
  }

  /** Text in the format of Prometheus. */
  async metrics(): Promise<string> {
    return (await fetch(`${this.#url}/metrics`)).text();
  }

  /** What is stored under a key. */
  async read(key: string): Promise<StoredObject> {
    const { kvs } = (await this.#call("kv/range", { key: base64(key) })) as {
      readonly kvs?: readonly { value: string }[];
    };
    if (kvs?.[0] === undefined) throw new Error(`etcd has no ${key}`);
    return JSON.parse(Buffer.from(kvs[0].value, "base64").toString("utf8")) as StoredObject;
  }

  /**
   * Stores up to 128 objects in one transaction: etcd takes no more. They share a resourceVersion, as nothing does that
   * the API server writes: a watch that breaks between two of them and goes on from there misses the second.
   */
  async write(objects: readonly (readonly [key: string, value: StoredObject])[]): Promise<void> {
    const success = objects.map(([key, value]) => ({
      requestPut: { key: base64(key), value: base64(`${JSON.stringify(value)}\n`) },
    }));
    await this.#call("kv/txn", { success });
  }

  /** The keys that begin so. */
  async keys(prefix: string): Promise<readonly string[]> {
    // The first key that comes after all of them.
    const end = `${prefix.slice(0, -1)}${String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)}`;
    const query = { key: base64(prefix), rangeEnd: base64(end), keysOnly: true };
    const { kvs = [] } = (await this.#call("kv/range", query)) as { readonly kvs?: readonly { key: string }[] };
    return kvs.map(({ key }) => Buffer.from(key, "base64").toString("utf8"));
  }

  async remove(key: string): Promise<void> {
    await this.#call("kv/deleterange", { key: base64(key) });
  }

  async #call(path: string, body: object): Promise<unknown> {
    const answer = await fetch(`${this.#url}/v3/${path}`, { method: "POST", body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`etcd: POST ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }
}

function clientUrlOf({ directory }: Cluster): string {
  for (const pid of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    const commandLine = commandLineOf(pid);
    const url = /--etcd-servers=(http:[^\0]+)/.exec(commandLine)?.[1];
    if (url !== undefined && commandLine.includes(directory)) return url;
  }
  throw new Error(`no API server of the cluster in ${directory} runs`);
}

function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return ""; // It has ended meanwhile.
  }
}

function base64(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}
