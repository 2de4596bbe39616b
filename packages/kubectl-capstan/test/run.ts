import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "@capstan/kube";
import { type ExitCode, runPlugin } from "../src/index.ts";

/** The moment that every test starts at. */
export const startedAt = Date.parse("2026-11-22T10:00:00Z");

/** Time that passes only while somebody waits for it, and then at once. */
export function jumpingClock(): Clock {
  let elapsed = 0;
  return {
    now: () => startedAt + elapsed,
    monotonic: () => elapsed,
    setTimer(callback, ms) {
      const timer = setImmediate(() => {
        elapsed += ms;
        callback();
      });
      return () => {
        clearImmediate(timer);
      };
    },
  };
}

export interface Surroundings {
  readonly server?: { readonly url: string };
  /** Makes the terminal interactive; the line typed at each question. */
  readonly answer?: string;
  readonly hasColor?: boolean;
  /** Told what goes to standard output, when it does. */
  readonly onOut?: (text: string) => void;
  /** Default: one that jumps over every wait. */
  readonly clock?: Clock;
  /** What stands on standard input. */
  readonly input?: string | Uint8Array;
  /** Further variables of the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Namespace of the kubeconfig's context. */
  readonly namespace?: string;
}

export interface Ended {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

/** Runs the plugin in this process with a kubeconfig for the server, on real sockets. */
export async function run(argv: readonly string[], surroundings: Surroundings = {}): Promise<Ended> {
  const { server, answer, hasColor = false, input = "", env = {}, namespace = "demo" } = surroundings;
  const home = await mkdtemp(join(tmpdir(), "kubectl-capstan-"));
  let out = "";
  let err = "";
  try {
    if (server !== undefined) await writeFile(join(home, "config"), kubeconfig(server.url, namespace));
    const code = await runPlugin(argv, {
      terminal: {
        out: (text) => {
          out += text;
          surroundings.onOut?.(text);
        },
        err: (text) => (err += text),
        isInteractive: answer !== undefined,
        hasColor,
        ask: (question) => {
          err += `${question}\n`;
          return Promise.resolve(answer ?? "");
        },
        readInput: () => Promise.resolve(typeof input === "string" ? new TextEncoder().encode(input) : input),
      },
      env: { HOME: home, ...(server === undefined ? {} : { KUBECONFIG: join(home, "config") }), ...env },
      clock: surroundings.clock ?? jumpingClock(),
    });
    return { code, out: withoutPlace(out), err: withoutPlace(err) };
  } finally {
    await rm(home, { recursive: true });
  }

  /** Ports and folders differ from run to run. */
  function withoutPlace(text: string): string {
    return text.replaceAll(home, "HOME").replaceAll(server?.url ?? home, "SERVER");
  }
}

function kubeconfig(server: string, namespace: string): string {
  return JSON.stringify({
    "current-context": "test",
    contexts: [{ name: "test", context: { cluster: "test", user: "alice", namespace } }],
    clusters: [{ name: "test", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "alice", user: { token: "alice-token" } }],
  });
}
