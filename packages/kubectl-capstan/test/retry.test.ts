import { apiVersion } from "@capstan/api";
import { describe, expect, test } from "vitest";
import { type ApiServer, collection, forbidden, object, refusal, type Route, startApiServer } from "./api-server.ts";
import { authority, healthy } from "./objects.ts";
import { run } from "./run.ts";

const base = "/apis/cert-manager.io/v1/namespaces/demo";

interface Made {
  readonly commonName?: string;
  readonly group?: string;
}

function certificate(name: string, { commonName = "web.demo", group = "capstan.dev" }: Made = {}): object {
  return {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: { name, namespace: "demo", uid: `uid-${name}`, resourceVersion: "7", generation: 2 },
    spec: {
      secretName: name,
      commonName,
      duration: "24h",
      usages: ["client auth"],
      issuerRef: { group, kind: "CapstanClusterIssuer", name: "fleet" },
    },
    status: {
      failedIssuanceAttempts: 1,
      conditions: [
        { type: "Ready", status: "False", reason: "DoesNotExist" },
        { type: "Issuing", status: "False", reason: "Failed", message: "refused" },
      ],
    },
  };
}

type Conditions = readonly object[];
const failed = { type: "Ready", status: "False", reason: "Failed", message: "failed" };
const byPolicy: Conditions = [
  failed,
  { type: "InvalidRequest", status: "True", reason: "RequestRefused", message: "commonName is not allowed" },
];
const byLimit: Conditions = [
  failed,
  { type: "InvalidRequest", status: "True", reason: "RetryLimitReached", message: "tried for 10m" },
];
const denied: Conditions = [
  { type: "Denied", status: "True", reason: "policy", message: "not you" },
  { type: "Ready", status: "False", reason: "Denied" },
];
const issued: Conditions = [{ type: "Ready", status: "True", reason: "Issued" }];

function request(name: string, owner: string | undefined, conditions: Conditions, minute = 0): object {
  const ownerReferences =
    owner === undefined ? [] : [{ kind: "Certificate", name: owner, uid: `uid-${owner}`, controller: true }];
  return {
    apiVersion: "cert-manager.io/v1",
    kind: "CertificateRequest",
    metadata: { name, namespace: "demo", creationTimestamp: `2026-11-22T09:0${minute}:00Z`, ownerReferences },
    spec: { issuerRef: { group: "capstan.dev", kind: "CapstanClusterIssuer", name: "fleet" } },
    status: { conditions },
  };
}

const issuer = {
  apiVersion,
  kind: "CapstanClusterIssuer",
  metadata: { name: "fleet" },
  spec: {
    caRef: { name: "fleet" },
    profile: "RolesAnywhere",
    defaultDuration: "24h",
    overMaximum: "Refuse",
    policy: { commonName: { allow: ["*.{namespace}"], required: true } },
  },
};

function routes(certificates: readonly object[], requests: readonly object[]): Record<string, Route> {
  const nameOf = (made: object): string => (made as { metadata: { name: string } }).metadata.name;
  return {
    [`GET ${base}/certificates`]: collection(...certificates),
    [`GET ${base}/certificaterequests`]: collection(...requests),
    ...Object.fromEntries(certificates.map((made) => [`GET ${base}/certificates/${nameOf(made)}`, object(made)])),
    ...Object.fromEntries(
      certificates.map(
        (made) => [`PUT ${base}/certificates/${nameOf(made)}/status`, ({ body }) => ({ body })] as const,
      ),
    ),
    "GET /apis/capstan.dev/v1alpha1/capstanclusterissuers/fleet": object(issuer),
    "GET /apis/capstan.dev/v1alpha1/certificateauthorities/fleet": object(authority(healthy)),
    "GET /api/v1/namespaces/demo": object({ metadata: { name: "demo", labels: {} } }),
    "GET /apis/capstan.dev/v1alpha1/revocationlists": collection(),
    "GET /apis/capstan.dev/v1alpha1/namespaces/capstan-system/revocationlists": collection(),
    "GET /apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations": forbiddenWebhooks("mutating"),
    "GET /apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations": forbiddenWebhooks("validating"),
    "GET /api/v1/namespaces/capstan-system/configmaps/fleet-1": forbidden("get", "configmaps", "", "capstan-system"),
    "GET /api/v1/namespaces/capstan-system/configmaps/fleet-bundle": forbidden(
      "get",
      "configmaps",
      "",
      "capstan-system",
    ),
  };
}

function forbiddenWebhooks(kind: string): Route {
  return forbidden("list", `${kind}webhookconfigurations`, "admissionregistration.k8s.io");
}

const written = ({ requests }: ApiServer): readonly unknown[] =>
  requests
    .filter(({ method }) => method !== "GET")
    .map(({ method, path, query, body }) => ({ method, path, query, body }));

describe("retry", () => {
  test("has cert-manager try at once, as cmctl renew does, and keeps the rest of the status", async () => {
    await using server = await startApiServer(routes([certificate("web")], [request("web-1", "web", byPolicy)]));
    const { code, out, err } = await run(["retry", "web"], { server });
    expect({ code, out, err }).toEqual({ code: 0, out: "certificate.cert-manager.io/web retried\n", err: "" });
    expect(written(server)).toMatchObject([
      {
        method: "PUT",
        path: `${base}/certificates/web/status`,
        query: {},
        body: {
          metadata: { name: "web", resourceVersion: "7" },
          spec: { secretName: "web" },
          status: {
            failedIssuanceAttempts: 1,
            conditions: [
              { type: "Ready", status: "False" },
              {
                type: "Issuing",
                status: "True",
                reason: "ManuallyTriggered",
                lastTransitionTime: "2026-11-22T10:00:00Z",
                observedGeneration: 2,
              },
            ],
          },
        },
      },
    ]);
  });

  test.each<[string, readonly object[], string]>([
    ["what would be refused again, with the rule", [request("web-1", "web", byPolicy)], "it would be refused again: "],
    [
      "what was tried for too long",
      [request("web-1", "web", byLimit)],
      "no policy refused it, but tried for 10m; once that is mended: cmctl renew web -n demo",
    ],
    [
      "what an approver denied",
      [request("web-1", "web", denied)],
      "no policy refused it, but its approver denied it: not you; once that is mended: cmctl renew web -n demo",
    ],
    ["what has not failed", [request("web-1", "web", issued)], "it has not failed"],
    ["what has no request", [], "it has not failed"],
    ["what another Certificate's request failed for", [request("web-1", "other", byPolicy)], "it has not failed"],
    [
      "what failed before, and not the last time",
      [request("web-2", "web", issued, 2), request("web-1", "web", byPolicy, 1)],
      "it has not failed",
    ],
  ])("leaves %s", async (what, requests, because) => {
    const commonName = what.includes("refused again") ? "web.shop" : "web.demo";
    await using server = await startApiServer(routes([certificate("web", { commonName })], requests));
    const { code, out, err } = await run(["retry", "web"], { server });
    expect({ code, out, written: written(server) }).toEqual({ code: 1, out: "", written: [] });
    expect(err).toContain(`certificate.cert-manager.io/web left as it is: ${because}`);
    if (commonName === "web.shop") expect(err).toContain("web.shop");
  });

  test("of all takes those that a policy refused, and names the bare requests that it cannot", async () => {
    const others = [
      certificate("api"),
      certificate("mail", { group: "cert-manager.io" }),
      certificate("db", { commonName: "db.shop" }),
    ];
    const requests = [
      request("web-1", "web", byPolicy),
      request("api-1", "api", issued),
      request("db-1", "db", byPolicy),
      request("bare", undefined, byPolicy),
      request("bare-issued", undefined, issued),
    ];
    await using server = await startApiServer(routes([certificate("web"), ...others], requests));
    const { code, out, err } = await run(["retry", "--all"], { server });
    expect({ code, out }).toEqual({ code: 1, out: "certificate.cert-manager.io/web retried\n" });
    expect(err.trimEnd().split("\n")).toEqual([
      expect.stringMatching(/^certificate\.cert-manager\.io\/db left as it is: it would be refused again: .*db\.shop/),
      "certificaterequest.cert-manager.io/bare left as it is: no Certificate owns it, and a failed request stays failed; create it anew",
    ]);
    expect(written(server)).toHaveLength(1);
  });

  test("by labels asks the API server for them, and is done when none has failed", async () => {
    await using server = await startApiServer(routes([], []));
    expect(await run(["retry", "-l", "app=web"], { server })).toEqual({
      code: 0,
      out: "",
      err: "No Certificate has failed.\n",
    });
    const [list] = server.requests.filter(({ path }) => path.endsWith("/certificates"));
    expect(list?.query["labelSelector"]).toBe("app=web");
  });

  test.each([
    ["client", "certificate.cert-manager.io/web retried (dry run)\n", []],
    ["server", "certificate.cert-manager.io/web retried (server dry run)\n", [{ query: { dryRun: "All" } }]],
  ])("with a dry run of the %s changes nothing", async (where, line, sent) => {
    await using server = await startApiServer(routes([certificate("web")], [request("web-1", "web", byPolicy)]));
    const { code, out } = await run(["retry", "web", `--dry-run=${where}`], { server });
    expect({ code, out }).toEqual({ code: 0, out: line });
    expect(written(server)).toMatchObject(sent);
  });

  test("names the right that is missing", async () => {
    await using server = await startApiServer({
      ...routes([certificate("web")], [request("web-1", "web", byPolicy)]),
      [`PUT ${base}/certificates/web/status`]: forbidden("update", "certificates/status", "cert-manager.io", "demo"),
    });
    const { code, err } = await run(["retry", "web"], { server });
    expect({ code, hint: err.split("\n")[1] }).toEqual({
      code: 1,
      hint: "Missing right: update certificates/status.cert-manager.io in namespace demo. Granted by ClusterRole cert-manager-edit or edit.",
    });
  });

  test("loses to whoever changed the Certificate meanwhile, and says so", async () => {
    await using server = await startApiServer({
      ...routes([certificate("web")], [request("web-1", "web", byPolicy)]),
      [`PUT ${base}/certificates/web/status`]: refusal(409, "Conflict", "the object has been modified"),
    });
    const { code, err } = await run(["retry", "web"], { server });
    expect({ code, err }).toEqual({
      code: 1,
      err: "certificate.cert-manager.io/web left as it is: somebody changed it meanwhile: run the command again\n",
    });
  });

  test.each([
    [["gone"], "there is no Certificate gone in namespace demo"],
    [["web", "mail"], "Certificate mail asks no issuer of Capstan's"],
  ])("%j writes nothing", async (names, message) => {
    const mail = certificate("mail", { group: "cert-manager.io" });
    await using server = await startApiServer(routes([certificate("web"), mail], [request("web-1", "web", byPolicy)]));
    const { code, err } = await run(["retry", ...names], { server });
    expect({ code, err, written: written(server) }).toEqual({ code: 1, err: `error: ${message}\n`, written: [] });
  });

  test.each([
    [[], "say what to retry: NAME, --selector or --all"],
    [["web", "--all"], "NAME and --all clash: give one of them"],
    [["-l", "a=b", "--all"], "--selector and --all clash: give one of them"],
    [["-l", " "], "--selector is empty: --all takes every Certificate of the namespace"],
    [["certificate/../web"], '"../web" is no Certificate\'s name'],
  ])("%j cannot be meant", async (argv, message) => {
    expect(await run(["retry", ...argv])).toEqual({
      code: 2,
      out: "",
      err: `error: ${message}\nSee "kubectl capstan retry --help".\n`,
    });
  });
});
