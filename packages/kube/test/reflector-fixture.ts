import { afterEach } from "vitest";
import { KubeClient, Reflector, type ReflectorOptions } from "../src/index.ts";
import { capturedLog, type Widget, widgetList, widgets } from "./objects.ts";
import { ScriptedServer, type Step } from "./scripted-server.ts";

export type Told = [key: string, previous: string | undefined, current: string | undefined];

/** A reflector at work. */
export interface Running {
  readonly server: ScriptedServer;
  readonly reflector: Reflector<Widget>;
  /** Per change its key, and the resourceVersions before and after. */
  readonly told: Told[];
  readonly lines: Record<string, unknown>[];
  readonly stop: () => Promise<void>;
}

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** Runs a reflector against a server that follows the script, until the end of the test. */
export async function reflect(
  script: { readonly lists: readonly Step[]; readonly watches: readonly Step[] },
  options: Partial<ReflectorOptions<Widget>> = {},
  { requestTimeoutMs = 5_000 }: { readonly requestTimeoutMs?: number } = {},
): Promise<Running> {
  const server = await ScriptedServer.withScript(script);
  const client = new KubeClient(server.connection(), {
    userAgent: "test/1",
    requestTimeoutMs,
    retryAfterBudgetMs: 0,
  });
  const { log, lines } = capturedLog();
  // 0: no delay.
  const reflector = new Reflector<Widget>({ client, type: widgets, log, jitter: () => 0, ...options });
  const told: Told[] = [];
  reflector.onChange((key, { previous, current }) => {
    told.push([key, previous?.metadata.resourceVersion, current?.metadata.resourceVersion]);
  });
  const controller = new AbortController();
  const running = reflector.run(controller.signal);
  const stop = async (): Promise<void> => {
    controller.abort();
    await running;
  };
  cleanups.push(async () => {
    await stop();
    await client.close();
    await server.close();
  });
  return { server, reflector, told, lines, stop };
}

export const list =
  (resourceVersion: string, ...items: Widget[]): Step =>
  (exchange) => {
    exchange.json(200, widgetList(resourceVersion, items));
  };
export const events =
  (...lines: [type: string, object: unknown][]): Step =>
  (exchange) => {
    exchange.write();
    for (const [type, object] of lines) exchange.event(type, object);
  };
export const refused =
  (code: number, reason: string): Step =>
  (exchange) => {
    exchange.status(code, reason);
  };
