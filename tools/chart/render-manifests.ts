import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { chartFolder, renderChart } from "./render-chart.ts";

/** What `kubectl apply -k` of a folder installs: templates of the chart, with its default values but for these. */
interface ManifestFolder {
  /** Below deploy/manifests. */
  readonly folder: string;
  /** First lines of its kustomization, as a comment. */
  readonly about: string;
  /** What the kustomization names besides the rendered files. */
  readonly resources: readonly string[];
  readonly templates: readonly string[];
  /** Rendered, but for whoever wants it to apply by name. */
  readonly optional: readonly string[];
  readonly values: Readonly<Record<string, unknown>>;
}

const folders: readonly ManifestFolder[] = [
  {
    folder: ".",
    about: `# kubectl apply -k deploy/manifests: everything of an installation. Without Helm: to fit it to your cluster, name this folder
# as a resource of a kustomization of your own, and patch there. The image's name is set by \`images\`.`,
    resources: ["../../packages/api/crds", "namespace.yaml"],
    templates: [
      "issuer-controller.yaml",
      "issuer-controller-deployment.yaml",
      "issuer-reissue.yaml",
      "crl-publisher.yaml",
      "crl-publisher-deployment.yaml",
      "crl-server.yaml",
      "crl-server-deployment.yaml",
      "services.yaml",
      "network-policies.yaml",
      "cert-manager-approval.yaml",
      "user-roles.yaml",
      "revocation-requested-by.yaml",
      "operation-requested-by.yaml",
      "publisher-writes-no-spec.yaml",
    ],
    optional: ["revoke-on-deletion.yaml"],
    values: { "revokeOnDeletion.enabled": true },
  },
  {
    folder: "monitoring",
    about: `# kubectl apply -k deploy/manifests/monitoring: for the Prometheus operator, and for Grafana's sidecar.`,
    resources: [],
    templates: ["service-monitor.yaml", "prometheus-rule.yaml", "dashboards.yaml"],
    optional: [],
    values: { "serviceMonitor.enabled": true, "prometheusRule.enabled": true, "dashboards.enabled": true },
  },
];

/** Not rendered: the kustomization has the CRDs from their own folder, notes are for Helm, `_` begins what others include. */
const notRendered = /^(_.*|NOTES\.txt|crds\.yaml)$/;

/**
 * Writes deploy/manifests anew from the chart.
 *
 * @throws Error when a template of the chart stands in neither list above
 */
export async function writeManifests({ helm }: { readonly helm: string }): Promise<void> {
  const known = new Set(folders.flatMap(({ templates, optional }) => [...templates, ...optional]));
  const unknown = (await readdir(path.join(chartFolder, "templates"))).filter(
    (file) => !notRendered.test(file) && !known.has(file),
  );
  if (unknown.length > 0)
    throw new Error(`tools/chart/render-manifests.ts does not say where ${unknown.join()} belongs`);
  for (const folder of folders) await writeFolder(folder, helm);
}

async function writeFolder(folder: ManifestFolder, helm: string): Promise<void> {
  const target = path.join(chartFolder, "../manifests", folder.folder);
  for (const file of await readdir(target)) {
    // A template that is gone leaves no manifest behind.
    if (file.endsWith(".yaml") && (await readFile(path.join(target, file), "utf8")).startsWith(header)) {
      await rm(path.join(target, file));
    }
  }
  const templates = [...folder.templates, ...folder.optional];
  const rendered = byTemplate(await renderChart({ helm, values: folder.values, templates }));
  for (const template of templates) {
    const documents = rendered.get(template) ?? [];
    const text = `${header} deploy/chart/templates/${template}\n${documents.join("---\n")}`;
    await writeFile(path.join(target, template), text);
  }
  const resources = [...folder.resources, ...folder.templates].map((resource) => `  - ${resource}\n`).join("");
  const kind = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";
  await writeFile(path.join(target, "kustomization.yaml"), `${folder.about}\n${kind}resources:\n${resources}`);
}

const header = "# Rendered by `pnpm generate` from";

/** The documents that each template made, in helm's order and without the line in which helm names the template. */
function byTemplate(rendered: string): ReadonlyMap<string, readonly string[]> {
  const documents = rendered
    .split(/^---\n/m)
    .map((document) => /^# Source: capstan\/templates\/(?<template>.*)\n(?<text>[^]*)$/.exec(document)?.groups)
    .filter((groups) => groups !== undefined);
  const grouped = Map.groupBy(documents, ({ template = "" }) => template);
  return new Map([...grouped].map(([template, all]) => [template, all.map(({ text = "" }) => text)]));
}
