import { renderChart } from "@capstan/tools/chart";
import { parseAllDocuments } from "yaml";

/** A container of a rendered Deployment, as far as it is run here. */
export interface ProgramContainer {
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string }[];
}

/** A Deployment as the chart renders it. */
export interface Deployment {
  readonly kind: "Deployment";
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: {
        readonly serviceAccountName: string;
        readonly securityContext: Readonly<Record<string, unknown>>;
        readonly containers: readonly ProgramContainer[];
      };
    };
  };
}

/** Any rendered object. */
export interface Rendered {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** What the chart renders, parsed. */
export async function renderObjects(options: Parameters<typeof renderChart>[0]): Promise<readonly Rendered[]> {
  return parseAllDocuments(await renderChart(options))
    .map((document) => document.toJS() as Rendered | null)
    .filter((object) => object !== null);
}

/** The Deployments among them. */
export function deploymentsOf(objects: readonly Rendered[]): readonly Deployment[] {
  return objects.filter((object): object is Rendered & Deployment => object.kind === "Deployment");
}
