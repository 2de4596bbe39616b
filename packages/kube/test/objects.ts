import { createLogger, type KubeObject, type Logger, type ResourceType } from "../src/index.ts";

export interface Widget extends KubeObject {
  readonly spec?: { readonly size?: number; readonly owner?: string };
}

export const widgets: ResourceType = {
  group: "example.dev",
  version: "v1",
  plural: "widgets",
  kind: "Widget",
  namespaced: true,
};

export const widgetsPath = "/apis/example.dev/v1/widgets";

export function widget(
  name: string,
  resourceVersion: string,
  more: { uid?: string; spec?: Widget["spec"] } = {},
): Widget {
  return {
    apiVersion: "example.dev/v1",
    kind: "Widget",
    metadata: { name, namespace: "demo", resourceVersion, uid: more.uid ?? `uid-${name}` },
    ...(more.spec && { spec: more.spec }),
  };
}

export function widgetList(resourceVersion: string, items: readonly Widget[], token?: string): unknown {
  return {
    apiVersion: "example.dev/v1",
    kind: "WidgetList",
    metadata: { resourceVersion, ...(token !== undefined && { continue: token }) },
    items,
  };
}

export function bookmark(resourceVersion: string): Widget {
  return { apiVersion: "example.dev/v1", kind: "Widget", metadata: { resourceVersion } } as Widget;
}

/** Collects parsed log lines. */
export function capturedLog(level: "debug" | "info" = "debug"): { log: Logger; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const to = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  return { log: createLogger({ program: "test", level, to }), lines };
}
