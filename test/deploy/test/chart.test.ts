import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { installTool } from "@capstan/test-cluster";
import { chartFolder, renderChart } from "@capstan/tools/chart";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { deploymentsOf, type Rendered, renderObjects } from "../src/deployments.ts";

// Each case runs helm, which takes the better part of a second: together about half a minute.

const minute = 60_000;
let helm: string;

beforeAll(async () => {
  helm = await installTool("helm", { log: () => undefined });
}, 10 * minute);

const everything = {
  "revokeOnDeletion.enabled": true,
  "serviceMonitor.enabled": true,
  "prometheusRule.enabled": true,
  "dashboards.enabled": true,
  "auditLog.volume": { persistentVolumeClaim: { claimName: "audit" } },
  "crlPublisher.aws.caBundle.configMapName": "private-ca",
  "crlPublisher.aws.httpsProxy": "http://proxy.example.org:3128",
  "crlPublisher.aws.noProxy": ".example.org",
  "crlPublisher.aws.env": [{ name: "AWS_USE_FIPS_ENDPOINT", value: "true" }],
};

/** As docs/operate/install.md has it. */
const openShift = {
  "podSecurityContext.runAsUser": null,
  "podSecurityContext.runAsGroup": null,
  "podSecurityContext.fsGroup": null,
  "networkPolicy.dnsPorts": [53, 5353],
};

const namesOf = (objects: readonly Rendered[]): readonly string[] =>
  objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`);

test("helm lint finds nothing, with the default values and with all that is off turned on", async () => {
  const set = Object.entries(everything).map(([name, value]) => `--set-json=${name}=${JSON.stringify(value)}`);
  for (const values of [[], set]) {
    const { stdout } = await promisify(execFile)(helm, ["lint", "--strict", chartFolder, ...values]);
    expect(stdout).toContain("1 chart(s) linted, 0 chart(s) failed");
  }
});

test.each<readonly [name: string, value: unknown, complaint: string]>([
  ["issuerControler.replicas", 2, "additional properties 'issuerControler' not allowed"],
  ["issuerController.replica", 2, "additional properties 'replica' not allowed"],
  ["issuerController.replicas", "2", "at '/issuerController/replicas': got string, want integer"],
  ["issuerController.workers", 0, "at '/issuerController/workers': minimum"],
  ["issuerController.workers", 257, "at '/issuerController/workers': maximum"],
  ["issuerController.retryLimit", "10 minutes", "at '/issuerController/retryLimit'"],
  ["issuerController.retryLimit", "7d", "at '/issuerController/retryLimit'"],
  ["issuerController.ledgerRetention", "-1h", "at '/issuerController/ledgerRetention'"],
  ["issuerController.ledgerLimit", 0, "at '/issuerController/ledgerLimit'"],
  ["issuerController.heapMiB", 8, "at '/issuerController/heapMiB'"],
  ["issuerController.resources.limit", { memory: "1Gi" }, "additional properties 'limit' not allowed"],
  ["issuerController.resources.limits.memory", "1 GB", "at '/issuerController/resources/limits/memory'"],
  ["image.repository", "", "at '/image/repository'"],
  ["image.repository", "capstan@sha256:0", "at '/image/repository'"],
  ["image.tag", "a b", "at '/image/tag'"],
  ["image.digest", "sha256:0", "at '/image/digest'"],
  ["image.pullPolicy", "Sometimes", "at '/image/pullPolicy'"],
  ["logLevel", "trace", "at '/logLevel'"],
  ["crds.keep", "yes", "at '/crds/keep'"],
  ["approverRole.subjects", [], "at '/approverRole/subjects'"],
  ["approverRole.subjects", [{ kind: "ServiceAccount", name: "cert-manager" }], "at '/approverRole/subjects/0'"],
  ["approverRole.subjects", [{ kind: "Role", name: "x", namespace: "y" }], "at '/approverRole/subjects/0'"],
  // A folder of the node is for no pod that is held to the restricted profile.
  ["auditLog.volume", { hostPath: { path: "/var/log" } }, "at '/auditLog/volume'"],
  ["auditLog.volume", { name: "x" }, "at '/auditLog/volume'"],
  ["crlPublisher.aws.endpointUrl", "rolesanywhere.example.org", "at '/crlPublisher/aws/endpointUrl'"],
  // It would stand in the Deployment for everybody to read.
  ["crlPublisher.aws.httpsProxy", "http://me:secret@proxy:3128", "at '/crlPublisher/aws/httpsProxy'"],
  ["crlPublisher.aws.env", [{ value: "x" }], "at '/crlPublisher/aws/env/0'"],
  ["crlPublisher.aws.env", [{ name: "NODE_OPTIONS", value: "--inspect" }], "at '/crlPublisher/aws/env/0/name'"],
  ["crlServer.service.type", "ExternalName", "at '/crlServer/service/type'"],
  ["crlServer.service.port", 70_000, "at '/crlServer/service/port'"],
  ["podSecurityContext.runAsUser", 0, "at '/podSecurityContext/runAsUser'"],
  ["podSecurityContext.runAsUser", "nobody", "at '/podSecurityContext/runAsUser'"],
  ["podSecurityContext.runAsNonRoot", false, "additional properties 'runAsNonRoot' not allowed"],
  ["networkPolicy.apiServerPorts", [], "at '/networkPolicy/apiServerPorts'"],
  ["networkPolicy.dnsPorts", [], "at '/networkPolicy/dnsPorts'"],
  ["serviceMonitor.interval", "30", "at '/serviceMonitor/interval'"],
])("%s: %j is refused", async (name, value, complaint) => {
  await expect(renderChart({ helm, values: { [name]: value } })).rejects.toThrow(complaint);
});

/** The ledger is asked by its selectable fields, which were an alpha feature, off by default, in Kubernetes 1.30. */
test.each([
  ["1.30.14", "which is incompatible with Kubernetes"],
  ["1.31.0", undefined],
  ["1.33.1-eks-1", undefined],
])("Kubernetes %s: %s", async (version, complaint) => {
  const args = ["template", "capstan", chartFolder, `--kube-version=${version}`];
  const rendered = promisify(execFile)(helm, args, { maxBuffer: 16 * 1024 * 1024 });
  if (complaint === undefined) expect((await rendered).stdout).toContain("selectableFields");
  else await expect(rendered).rejects.toThrow(complaint);
});

test.each([
  ["issuerController", "the issuer controller"],
  ["crlPublisher", "the publisher"],
])("the memory of %s is what docs/operate/sizing.md says, with room beside V8's heap", async (name, called) => {
  const values = parse(await readFile(path.join(chartFolder, "values.yaml"), "utf8")) as Record<string, Program>;
  const program = values[name];
  if (program === undefined) throw new Error(`values.yaml knows no ${name}`);
  const { heapMiB, resources } = program;
  const sizing = await readFile(path.join(chartFolder, "../../docs/operate/sizing.md"), "utf8");
  const row = sizing.split("\n").find((line) => line.startsWith(`| ${called} |`));
  const inWords = (quantity: string): string => quantity.replace(/Mi$/u, " MiB");
  expect(row).toContain(`request ${inWords(resources.requests.memory)}, limit ${inWords(resources.limits.memory)} |`);
  // About 190 for code and buffers, and the threads that evaluate CEL or read a CRL again.
  expect(Number.parseInt(resources.limits.memory, 10)).toBeGreaterThanOrEqual(heapMiB + 190 + 80);
});

interface Program {
  readonly heapMiB: number;
  readonly resources: {
    readonly requests: { readonly memory: string };
    readonly limits: { readonly memory: string };
  };
}

test("the schema knows each value, and each value of the schema is in values.yaml", async () => {
  const values = parse(await readFile(path.join(chartFolder, "values.yaml"), "utf8")) as object;
  const schema = JSON.parse(await readFile(path.join(chartFolder, "values.schema.json"), "utf8")) as Schema;
  const { global: _global, ...known } = schema.properties ?? {};
  expect(keysOf({ properties: known }, schema, "").toSorted()).toEqual(pathsOf(values, "").toSorted());
});

interface Schema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly definitions?: Readonly<Record<string, Schema>>;
}

function resolve(schema: Schema, root: Schema): Schema {
  return schema.$ref === undefined ? schema : (root.definitions?.[schema.$ref.replace("#/definitions/", "")] ?? {});
}

function keysOf(schema: Schema, root: Schema, above: string): readonly string[] {
  return Object.entries(resolve(schema, root).properties ?? {}).flatMap(([name, child]) => {
    const below = keysOf(child, root, `${above}${name}.`);
    return below.length === 0 || name === "resources" ? [`${above}${name}`] : below;
  });
}

/** Down to where the schema says no more of names. */
function pathsOf(value: object, above: string): readonly string[] {
  return Object.entries(value).flatMap(([name, child]: [string, unknown]) => {
    const isOpen = ["resources", "labels", "annotations"].includes(name);
    const isGroup =
      typeof child === "object" && child !== null && !Array.isArray(child) && Object.keys(child).length > 0;
    return isGroup && !isOpen ? pathsOf(child, `${above}${name}.`) : [`${above}${name}`];
  });
}

describe("what is rendered", () => {
  test("every object is in the release's namespace, and nothing knows another", async () => {
    const text = await renderChart({ helm, namespace: "elsewhere", values: everything });
    // The CRDs' descriptions and runbooks speak of the usual one.
    expect(text.match(/^.*capstan-system.*$/gm) ?? []).toEqual([]);
    const namespaced = await renderObjects({ helm, namespace: "elsewhere", values: everything });
    expect(new Set(namespaced.map(({ metadata }) => metadata.namespace))).toEqual(new Set(["elsewhere", undefined]));
    expect(text).toContain('request.userInfo.username == "system:serviceaccount:elsewhere:crl-publisher"');
  });

  test.each([
    ["crds.enabled", "CustomResourceDefinition/"],
    ["approverRole.enabled", "ClusterRole/cert-manager-controller-approve:capstan-dev"],
    ["reissue.enabled", "ClusterRole/capstan-issuer-reissue"],
    ["crlServer.enabled", "Deployment/crl-server"],
    ["networkPolicy.enabled", "NetworkPolicy/"],
  ])("%s is on, and can be turned off", async (name, object) => {
    expect(namesOf(await renderObjects({ helm })).filter((one) => one.startsWith(object))).not.toEqual([]);
    const without = await renderObjects({ helm, values: { [name]: false } });
    expect(namesOf(without).filter((one) => one.startsWith(object))).toEqual([]);
  });

  test("without the CRL server nothing of it is left", async () => {
    const without = await renderChart({ helm, values: { "crlServer.enabled": false, "crds.enabled": false } });
    expect(without).not.toContain("crl-server");
  });

  test.each([
    ["revokeOnDeletion.enabled", "ClusterRole/capstan-revoke-on-deletion"],
    ["serviceMonitor.enabled", "ServiceMonitor/capstan"],
    ["prometheusRule.enabled", "PrometheusRule/capstan"],
    ["dashboards.enabled", "ConfigMap/capstan-dashboards"],
  ])("%s is off, and can be turned on", async (name, object) => {
    expect(namesOf(await renderObjects({ helm }))).not.toContain(object);
    expect(namesOf(await renderObjects({ helm, values: { [name]: true } }))).toContain(object);
  });

  test("CRDs outlive the release, unless they are not to", async () => {
    const kept = (await renderChart({ helm })).match(/helm\.sh\/resource-policy: keep/g);
    expect(kept).toHaveLength(8);
    expect(await renderChart({ helm, values: { "crds.keep": false } })).not.toContain("resource-policy");
  });

  test("one replica has no PodDisruptionBudget, which would hold up every drain of its node", async () => {
    const objects = namesOf(await renderObjects({ helm, values: { "crlPublisher.replicas": 1 } }));
    expect(objects.filter((one) => one.startsWith("PodDisruptionBudget"))).toEqual([
      "PodDisruptionBudget/crl-server",
      "PodDisruptionBudget/issuer-controller",
    ]);
  });

  test.each([
    [{}, "capstan:0.1.0"],
    [{ "image.repository": "example.org/a/capstan", "image.tag": "1.2.3" }, "example.org/a/capstan:1.2.3"],
    [{ "image.tag": "1.2.3", "image.digest": `sha256:${"0".repeat(64)}` }, `capstan@sha256:${"0".repeat(64)}`],
  ])("the image of %j is %s", async (values, image) => {
    const deployments = deploymentsOf(await renderObjects({ helm, values }));
    const images = deployments.flatMap(({ spec }) => spec.template.spec.containers.map((container) => container.image));
    expect(images).toEqual([image, image, image]);
  });

  test("pods run as the image's user, or as whoever the cluster gives them", async () => {
    const contexts = async (values: Readonly<Record<string, unknown>>): Promise<readonly object[]> =>
      deploymentsOf(await renderObjects({ helm, values })).map(({ spec }) => spec.template.spec.securityContext);
    const always = { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } };
    const usual = { ...always, runAsUser: 65532, runAsGroup: 65532, fsGroup: 65532 };
    expect(await contexts({})).toEqual([usual, usual, usual]);
    expect(await contexts({ "podSecurityContext.runAsUser": 1000 })).toContainEqual({ ...usual, runAsUser: 1000 });
    expect(await contexts(openShift)).toEqual([always, always, always]);
  });

  test("the publisher reaches DNS where its pods listen, and the instance metadata where that is let out", async () => {
    const metadata = { to: [{ ipBlock: { cidr: "169.254.169.254/32" } }], ports: [{ port: 80, protocol: "TCP" }] };
    const values = { ...openShift, "networkPolicy.publisherEgress": [metadata] };
    const objects = await renderObjects({ helm, values });
    const policy = objects.find(({ kind, metadata: { name } }) => kind === "NetworkPolicy" && name === "crl-publisher");
    const { egress } = (policy as unknown as { readonly spec: { readonly egress: readonly object[] } }).spec;
    const ports = [53, 5353].flatMap((port) => [
      { port, protocol: "UDP" },
      { port, protocol: "TCP" },
    ]);
    expect(egress.slice(1)).toEqual([{ ports }, { ports: [{ port: 443, protocol: "TCP" }] }, metadata]);
  });

  test("the first service account that approves is the one that the issuer controller names", async () => {
    const subjects = [
      { kind: "Group", name: "approvers", apiGroup: "rbac.authorization.k8s.io" },
      { kind: "ServiceAccount", name: "cert-manager-approver-policy", namespace: "policy" },
      { kind: "ServiceAccount", name: "other", namespace: "policy" },
    ];
    const deployments = deploymentsOf(await renderObjects({ helm, values: { "approverRole.subjects": subjects } }));
    const args = deployments.flatMap(({ spec }) =>
      spec.template.spec.containers.flatMap((container) => container.args),
    );
    expect(args.filter((arg) => arg.startsWith("--approver"))).toEqual([
      "--approver=policy/cert-manager-approver-policy",
    ]);
  });
});

const programs = [
  ["issuer-controller", "packages/issuer-controller/src/main.ts"],
  ["crl-publisher", "packages/crl-publisher/src/main.ts"],
  ["crl-server", "packages/crl-publisher/src/server-main.ts"],
] as const;

test.each(programs)("every flag that the chart gives to %s is one of its own", async (name, main) => {
  const values = { ...everything, "crlPublisher.aws.endpointUrl": "https://vpce.example.org" };
  const deployment = deploymentsOf(await renderObjects({ helm, values })).find(
    ({ metadata }) => metadata.name === name,
  );
  const given = deployment?.spec.template.spec.containers.flatMap(({ args }) => args) ?? [];
  const source = path.join(chartFolder, "../..", main);
  const { stdout } = await promisify(execFile)(process.execPath, ["--conditions=@capstan/source", source, "--help"]);
  const known = [...stdout.matchAll(/^ {2}(--[a-z-]+)$/gm)].map(([, flag]) => flag);
  expect(given[0]).toBe(`${name}.js`);
  const flags = given.slice(1).map((arg) => arg.split("=")[0]);
  expect(flags.length).toBeGreaterThan(0);
  expect(flags.filter((flag) => !known.includes(flag))).toEqual([]);
});
