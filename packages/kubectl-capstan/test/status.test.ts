import { stripVTControlCharacters } from "node:util";
import { apiVersion, type CapstanClusterIssuer } from "@capstan/api";
import { describe, expect, test } from "vitest";
import { collection, forbidden, refusal, type Route, startApiServer } from "./api-server.ts";
import { authority, condition, healthy, revocation } from "./objects.ts";
import { run } from "./run.ts";

const paths = {
  authorities: "GET /apis/capstan.dev/v1alpha1/certificateauthorities",
  clusterIssuers: "GET /apis/capstan.dev/v1alpha1/capstanclusterissuers",
  issuers: "GET /apis/capstan.dev/v1alpha1/capstanissuers",
  revocations: "GET /apis/capstan.dev/v1alpha1/revocations",
  operations: "GET /apis/capstan.dev/v1alpha1/namespaces/capstan-system/authorityoperations",
  marks: "GET /apis/capstan.dev/v1alpha1/namespaces/capstan-system/generationmarks",
} as const;

const empty: Readonly<Record<string, Route>> = {
  [paths.authorities]: collection(),
  [paths.clusterIssuers]: collection(),
  [paths.issuers]: collection(),
  [paths.revocations]: collection(),
  [paths.operations]: collection(),
  [paths.marks]: collection(),
};

function issuer(name: string, ca: string, conditions: readonly ReturnType<typeof condition>[]): CapstanClusterIssuer {
  return {
    apiVersion,
    kind: "CapstanClusterIssuer",
    metadata: { name },
    spec: { caRef: { name: ca }, profile: "RolesAnywhere", defaultDuration: "24h", overMaximum: "Refuse", policy: {} },
    status: { conditions: [...conditions] },
  };
}

const issuerReady = condition("Ready", "True", "Checked", "policy and authority are usable");

describe("status as text", () => {
  test("all is well", async () => {
    await using server = await startApiServer({
      ...empty,
      [paths.authorities]: collection(authority(healthy)),
      [paths.clusterIssuers]: collection(issuer("fleet", "fleet", [issuerReady])),
      [paths.revocations]: collection(
        revocation(
          "web-aaaaa",
          {},
          { conditions: [condition("Accepted", "True", "Recorded"), condition("Published", "True", "ReadBack")] },
        ),
        revocation("web-bbbbb", {}, { conditions: [condition("Accepted", "False", "NotFound")] }),
      ),
    });
    const ended = await run(["status"], { server });
    expect({ code: ended.code, err: ended.err }).toEqual({ code: 0, err: "" });
    expect(ended.out).toMatchInlineSnapshot(`
      "Needs attention (worst first)
      none

      Certificate authority: fleet
      Ready:                 True since 30s ago
      Reason:                Issuing
      Message:               generation 1 signs
      Common name:           Example Fleet CA
      Signing:               generation 1, root ends 2027-11-22 (364d left)
      Read:                  2026-11-22T10:00:00Z

      Generations (read 2026-11-22T10:00:00Z)
      NUMBER   PHASE    SINCE   NEXT   ROOT ENDS                FINGERPRINT        CRL   CRL MADE   NEXT UPDATE             ENTRIES   FULL
      1        Active   -       -      2027-11-22 (364d left)   9f86d081884c7d65   17    3h ago     2026-12-22 (29d left)   4         1%

      Trust anchors (as read back from AWS, read 2026-11-22T10:00:00Z)
      NAME   JOINED   STATE   BUNDLE   ROOTS IN SYNC   GENERATION:CRL   CRLS IN SYNC   CANARY   READ BACK   ARN                                                                                                 MESSAGE
      prod   yes      -       1        yes             1:17             yes            none     12s ago     arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/2f6b4f0e-0000-4000-8000-000000000001   -

      Issuers (read 2026-11-22T10:00:00Z)
      KIND                   NAMESPACE   NAME    CA      READY   REASON    MESSAGE
      CapstanClusterIssuer   -           fleet   fleet   True    Checked   policy and authority are usable

      Revocations not yet published (read 2026-11-22T10:00:00Z)
      none
      "
    `);
  });

  test("an anchor is lost, a root has ended, a revocation waits, and the spec is newer than the status", async () => {
    await using server = await startApiServer({
      ...empty,
      [paths.authorities]: collection(
        authority({
          ...healthy,
          observedGeneration: 2,
          notAfter: "2026-11-20T07:00:00Z",
          generations:
            healthy.generations?.map((generation) => ({ ...generation, notAfter: "2026-11-20T07:00:00Z" })) ?? [],
          trustAnchors: [
            {
              ...(healthy.trustAnchors?.[0] ?? { name: "", joined: false }),
              joined: false,
              bundle: ["ab".repeat(32)],
              message: "holds a\u001B[2J certificate that no generation has",
            },
            { name: "standby", joined: false },
          ],
          conditions: [condition("Ready", "False", "TrustAnchorConflict", "prod is not joined")],
        }),
      ),
      [paths.clusterIssuers]: collection(issuer("fleet", "fleet", []), issuer("other", "elsewhere", [issuerReady])),
      [paths.revocations]: collection(
        revocation("web-aaaaa"),
        revocation(
          "web-bbbbb",
          { target: { issuedCertificate: "x" } },
          {
            serial: "0b",
            authority: "fleet",
            anchors: [
              { name: "prod", published: false },
              { name: "standby", published: false },
              { name: "old", published: true },
            ],
            conditions: [
              condition("Accepted", "True", "Recorded"),
              condition("Published", "False", "WaitingForTrustAnchors", "2 of 3 wait"),
            ],
          },
        ),
        revocation("web-ccccc", {}, { authority: "elsewhere" }),
      ),
    });
    const ended = await run(["status", "fleet"], { server });
    expect({ code: ended.code, err: ended.err }).toEqual({ code: 1, err: "" });
    expect(ended.out).toMatchInlineSnapshot(`
      "Needs attention (worst first)
      LEVEL     ABOUT                        WHAT                                                             CURE
      broken    fleet                        TrustAnchorConflict: prod is not joined                          -
      broken    fleet                        the active root has ended on 2026-11-20                          kubectl capstan rotate fleet --wait
      waiting   fleet                        the publisher has not yet handled the newest spec                -
      waiting   CapstanClusterIssuer/fleet   nobody has looked at it yet: is the issuer-controller running?   -
      waiting   Revocation/demo/web-aaaaa    not published: nobody has looked at it yet                       -
      waiting   Revocation/demo/web-bbbbb    not published: 2 of 3 wait                                       -

      Certificate authority: fleet
      Ready:                 False since 30s ago
      Reason:                TrustAnchorConflict
      Message:               prod is not joined
      Common name:           Example Fleet CA
      Signing:               generation 1, root ends 2026-11-20 (expired 2d ago)
      Behind:                the publisher has not yet handled the newest spec
      Read:                  2026-11-22T10:00:00Z

      Generations (read 2026-11-22T10:00:00Z)
      NUMBER   PHASE    SINCE   NEXT   ROOT ENDS                     FINGERPRINT        CRL   CRL MADE   NEXT UPDATE             ENTRIES   FULL
      1        Active   -       -      2026-11-20 (expired 2d ago)   9f86d081884c7d65   17    3h ago     2026-12-22 (29d left)   4         1%

      Trust anchors (as read back from AWS, read 2026-11-22T10:00:00Z)
      NAME      JOINED   STATE   BUNDLE                     ROOTS IN SYNC   GENERATION:CRL   CRLS IN SYNC   CANARY   READ BACK   ARN                                                                                                 MESSAGE
      prod      no       -       unknown abababababababab   no: 1           1:17             yes            none     12s ago     arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/2f6b4f0e-0000-4000-8000-000000000001   holds a\\u001b[2J certificate that no generation has
      standby   no       -       -                          no: 1           -                yes            none     -           -                                                                                                   -

      Issuers (read 2026-11-22T10:00:00Z)
      KIND                   NAMESPACE   NAME    CA      READY     REASON   MESSAGE
      CapstanClusterIssuer   -           fleet   fleet   Unknown   -        -

      Revocations not yet published (read 2026-11-22T10:00:00Z)
      NAMESPACE   NAME        SERIAL                             REASON          ACCEPTED   WAITING FOR    AGE   MESSAGE
      demo        web-aaaaa   4f1c09ab5566778899aabbccddeeff01   keyCompromise   Unknown    -              2m    -
      demo        web-bbbbb   0b                                 keyCompromise   True       prod,standby   2m    2 of 3 wait
      "
    `);
  });

  test("an authority that the publisher has not looked at is not Ready", async () => {
    await using server = await startApiServer({ ...empty, [paths.authorities]: collection(authority()) });
    const ended = await run(["status"], { server });
    expect({ code: ended.code, err: ended.err }).toEqual({ code: 1, err: "" });
    expect(ended.out).toMatchInlineSnapshot(`
      "Needs attention (worst first)
      LEVEL     ABOUT   WHAT                                                         CURE
      waiting   fleet   nobody has looked at it yet: is the crl-publisher running?   -

      Certificate authority: fleet
      Ready:                 Unknown
      Reason:                the publisher has not reported yet
      Common name:           Example Fleet CA
      Signing:               no generation
      Read:                  2026-11-22T10:00:00Z

      Generations (read 2026-11-22T10:00:00Z)
      none

      Trust anchors (as read back from AWS, read 2026-11-22T10:00:00Z)
      none

      Issuers (read 2026-11-22T10:00:00Z)
      none

      Revocations not yet published (read 2026-11-22T10:00:00Z)
      none
      "
    `);
  });

  test("of two authorities one is not Ready: the whole is not", async () => {
    const sick = { ...healthy, conditions: [condition("Ready", "Unknown", "AWSUnavailable")] };
    await using server = await startApiServer({
      ...empty,
      [paths.authorities]: collection(authority(healthy), authority(sick, "lab")),
    });
    const { code, out } = await run(["status"], { server });
    expect({ code, authorities: out.match(/^Certificate authority:.*$/gm) }).toEqual({
      code: 1,
      authorities: ["Certificate authority: fleet", "Certificate authority: lab"],
    });
    expect((await run(["status", "fleet"], { server })).code).toBe(0);
  });

  test("parts that may not be read are named with the right that is missing", async () => {
    await using server = await startApiServer({
      ...empty,
      [paths.authorities]: collection(authority(healthy)),
      [paths.issuers]: forbidden("list", "capstanissuers", "capstan.dev"),
      [paths.revocations]: forbidden("list", "revocations", "capstan.dev"),
    });
    const { code, out } = await run(["status"], { server });
    expect(code).toBe(0);
    expect(out.slice(out.indexOf("Issuers"))).toMatchInlineSnapshot(`
      "Issuers (read 2026-11-22T10:00:00Z)
      not shown: Missing right: list capstanissuers.capstan.dev in the whole cluster. Granted by ClusterRole capstan-tenant-viewer (a part of view), capstan-operator or capstan-viewer.

      Revocations not yet published (read 2026-11-22T10:00:00Z)
      not shown: Missing right: list revocations.capstan.dev in the whole cluster. Granted by ClusterRole capstan-revoker (a namespace's admins have it), capstan-operator or capstan-viewer.
      "
    `);
  });

  test("colour marks what is good and bad, and only on a terminal", async () => {
    await using server = await startApiServer({ ...empty, [paths.authorities]: collection(authority(healthy)) });
    const { out: colored } = await run(["status"], { server, hasColor: true });
    const { out: plain } = await run(["status"], { server });
    expect(colored).toContain("Ready:                 \u001B[32mTrue\u001B[0m since");
    expect(stripVTControlCharacters(colored)).toBe(plain);
  });
});

describe("status as objects", () => {
  test("json lists what the tables show, and an authority that is not Ready still ends with 1", async () => {
    const waiting = revocation("web-aaaaa");
    await using server = await startApiServer({
      ...empty,
      [paths.authorities]: collection(authority()),
      [paths.clusterIssuers]: forbidden("list", "capstanclusterissuers", "capstan.dev"),
      [paths.revocations]: collection(waiting),
    });
    const { code, out, err } = await run(["status", "-o", "json"], { server });
    expect({ code, err, list: JSON.parse(out) as unknown }).toEqual({
      code: 1,
      err: "not shown: Missing right: list capstanclusterissuers.capstan.dev in the whole cluster. Granted by ClusterRole capstan-developer, capstan-operator or capstan-viewer.\n",
      list: { apiVersion: "v1", kind: "List", metadata: { resourceVersion: "" }, items: [authority(), waiting] },
    });
  });

  test("name", async () => {
    await using server = await startApiServer({ ...empty, [paths.authorities]: collection(authority(healthy)) });
    expect(await run(["status", "-o", "name"], { server })).toEqual({
      code: 0,
      out: "certificateauthority.capstan.dev/fleet\n",
      err: "",
    });
  });
});

describe("status ends with 1 and says why", () => {
  test.each<[string, readonly string[], Readonly<Record<string, Route>>, string]>([
    ["no authority", ["status"], {}, "error: there is no CertificateAuthority in this cluster: create one\n"],
    [
      "another authority",
      ["status", "fleat"],
      { [paths.authorities]: collection(authority(healthy)) },
      'error: there is no CertificateAuthority "fleat"; there is fleet\n',
    ],
    [
      "no right to authorities",
      ["status"],
      { [paths.authorities]: forbidden("list", "certificateauthorities", "capstan.dev") },
      'error: GET /apis/capstan.dev/v1alpha1/certificateauthorities: 403 Forbidden: certificateauthorities.capstan.dev is forbidden: User "alice" cannot list resource "certificateauthorities" in API group "capstan.dev" at the cluster scope\nMissing right: list certificateauthorities.capstan.dev in the whole cluster. Granted by ClusterRole capstan-developer, capstan-operator or capstan-viewer.\n',
    ],
    [
      "unknown user",
      ["status"],
      { [paths.authorities]: refusal(401, "Unauthorized", "Unauthorized") },
      "error: GET /apis/capstan.dev/v1alpha1/certificateauthorities: 401 Unauthorized: Unauthorized\nThe API server does not know you: log in again, or check the kubeconfig's user.\n",
    ],
    [
      "no Capstan",
      ["status"],
      { [paths.authorities]: refusal(404, "NotFound", "the server could not find the requested resource") },
      "error: GET /apis/capstan.dev/v1alpha1/certificateauthorities: 404 NotFound: the server could not find the requested resource\nThis cluster has no Capstan: its custom resource definitions are not installed.\n",
    ],
  ])("%s", async (_, argv, routes, err) => {
    await using server = await startApiServer({ ...empty, ...routes });
    expect(await run(argv, { server })).toEqual({ code: 1, out: "", err });
  });
});
