import type { KubeObject, NewObject } from "@capstan/kube";
import { stringify } from "yaml";

/** What `-o` can be where objects are listed. */
export const listFormats = ["table", "wide", "json", "yaml", "name"] as const;

/** What `-o` can be where objects are written. */
export const objectFormats = ["json", "yaml", "name"] as const;

/** An object of the API server's, or one that could be sent to it. */
export type PrintedObject = KubeObject | NewObject<KubeObject>;

export type ObjectFormat = (typeof objectFormats)[number];

export function isObjectFormat(format: string | undefined): format is ObjectFormat {
  return objectFormats.some((known) => known === format);
}

/** The objects as the API server holds them: one List, or one `kind.group/name` a line. */
export function formatObjects(format: ObjectFormat, objects: readonly PrintedObject[]): string {
  if (format === "name") return objects.map((object) => `${objectName(object)}\n`).join("");
  const list = { apiVersion: "v1", kind: "List", metadata: { resourceVersion: "" }, items: objects.map(withoutNoise) };
  return format === "json" ? `${JSON.stringify(list, undefined, 4)}\n` : stringify(list, { lineWidth: 0 });
}

/** `kind.group/name`, which kubectl takes as an argument; of an object without a name yet, the beginning of its name. */
export function objectName({ kind, apiVersion, metadata }: PrintedObject): string {
  const slash = apiVersion.indexOf("/");
  const group = slash < 0 ? "" : `.${apiVersion.slice(0, slash)}`;
  return `${kind.toLowerCase()}${group}/${metadata.name ?? (metadata as NewObject<KubeObject>["metadata"]).generateName ?? ""}`;
}

/** kubectl hides managedFields too. */
function withoutNoise(object: PrintedObject): unknown {
  const { managedFields: _, ...metadata } = object.metadata as PrintedObject["metadata"] & { managedFields?: unknown };
  return { ...object, metadata };
}
