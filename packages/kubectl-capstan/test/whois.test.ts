import { beforeAll, describe, expect, test } from "vitest";
import { type Answer as ApiAnswer, collection, forbidden, object, type Route, startApiServer } from "./api-server.ts";
import { recordOf, rootConfigMap, type TestAuthority, testAuthority, type TestLeaf, testLeaf } from "./authority.ts";
import { authority as authorityObject, condition, healthy, revocation } from "./objects.ts";
import { run } from "./run.ts";

const ledger = "GET /apis/capstan.dev/v1alpha1/namespaces/capstan-system/issuedcertificates";
const authorities = "GET /apis/capstan.dev/v1alpha1/certificateauthorities";
const configMaps = "GET /api/v1/namespaces/capstan-system/configmaps";

const pods = "GET /api/v1/namespaces/capstan-system/pods";

let fleet: TestAuthority;
let leaf: TestLeaf;

beforeAll(async () => {
  fleet = await testAuthority();
  leaf = await testLeaf(fleet);
});

/** A ledger that answers field selectors as the API server does. */
function ledgerOf(...records: readonly ReturnType<typeof recordOf>[]): Route {
  return ({ query }): ApiAnswer => {
    const wanted = /^spec\.serial=(.*)$/.exec(query["fieldSelector"] ?? "")?.[1];
    return collection(...records.filter(({ spec }) => wanted === undefined || spec.serial === wanted));
  };
}

function routesOf(...records: readonly ReturnType<typeof recordOf>[]): Readonly<Record<string, Route>> {
  return {
    [ledger]: ledgerOf(...records),
    [authorities]: collection({ ...authorityObject(healthy) }),
    [configMaps]: collection(rootConfigMap(fleet)),
    [pods]: controllerPods("--ledger-retention=24h"),
  };
}

/** The issuer controller's, each with one further argument. */
function controllerPods(...args: readonly string[]): Route {
  return collection(
    ...args.map((argument, index) => ({
      metadata: { name: `issuer-controller-${index}` },
      spec: { containers: [{ args: ["issuer-controller.js", argument] }] },
    })),
  );
}

interface Document {
  readonly asOf: string;
  readonly recordsSince: string;
  readonly subjects: readonly {
    readonly given: string;
    readonly verdict: string;
    readonly serial: string;
    readonly evidence: readonly string[];
    readonly revoked?: { readonly published?: boolean };
    readonly sessions?: object;
  }[];
}

async function ask(
  argv: readonly string[],
  routes: Readonly<Record<string, Route>>,
  input: string | Uint8Array = "",
): Promise<{ readonly code: number; readonly err: string; readonly subjects: Document["subjects"] }> {
  await using server = await startApiServer(routes);
  const { code, out, err } = await run(["whois", ...argv, "-o", "json"], { server, input });
  return { code, err, subjects: out === "" ? [] : (JSON.parse(out) as Document).subjects };
}

describe("a serial number", () => {
  test.each<[string, (serial: string) => string]>([
    ["hexadecimal", (serial) => serial],
    ["upper case with colons", (serial) => serial.toUpperCase().replaceAll(/..(?!$)/g, "$&:")],
    ["0x", (serial) => `0x${serial}`],
    ["with DER's sign octet", (serial) => `00${serial}`],
    ["openssl's", (serial) => `serial=${serial.toUpperCase()}`],
    ["decimal", (serial) => BigInt(`0x${serial}`).toString()],
  ])("is found however it is spelt: %s", async (_, spell) => {
    const given = spell(leaf.serial);
    const { code, subjects } = await ask([given], routesOf(recordOf(leaf)));
    expect({ code, subjects: subjects.map(({ given, verdict, serial }) => ({ given, verdict, serial })) }).toEqual({
      code: 0,
      subjects: [{ given, verdict: "Issued", serial: leaf.serial }],
    });
  });

  test("is answered in words with workload, requester, request and revocation", async () => {
    const revoked = {
      at: "2026-11-22T09:30:00Z",
      reason: "keyCompromise" as const,
      revocation: "demo/web-x",
      requestedBy: "alice",
    };
    const { name } = recordOf(leaf).metadata;
    await using server = await startApiServer({
      ...routesOf(recordOf(leaf, {}, { status: { revoked } })),
      "GET /apis/capstan.dev/v1alpha1/namespaces/demo/revocations/web-x": object(
        revocation(
          "web-x",
          {},
          {
            anchors: [
              { name: "prod", published: true, crlNumber: 17 },
              { name: "lab", published: false },
            ],
            conditions: [condition("Accepted", "True", "Recorded")],
          },
        ),
      ),
    });
    const { code, out, err } = await run(["whois", leaf.serial], { server });
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out.replaceAll(leaf.serial, "SERIAL").replaceAll(name, "RECORD")).toMatchInlineSnapshot(`
      "Serial:        SERIAL
      Verdict:       issued by us
      Because:       ledger record record-SERIAL has this serial number
      Workload:      demo Certificate/web
      Requested by:  system:serviceaccount:cert-manager:cert-manager
      Request:       CertificateRequest/web-1
      Issuer:        CapstanClusterIssuer/fleet
      Authority:     fleet, generation 1
      Subject:       CN=web.demo
      Names:         -
      Valid:         2026-11-22T09:00:00Z to 2026-11-23T10:00:00Z (24h left)
      Revoked:       2026-11-22T09:30:00Z (30m ago) by alice, keyCompromise, Revocation demo/web-x; NOT IN EVERY TRUST ANCHOR YET: lab
      Record:        icert/record-SERIAL
      "
    `);
  });
});

describe("a revocation whose Revocation was deleted", () => {
  const at = "2026-11-22T06:30:00Z";
  const list = (changes: object = {}, spec: object = {}): Route =>
    object({
      metadata: { name: "fleet-1" },
      spec: { authority: "fleet", generation: 1, crlNumber: 17, entries: [`${leaf.serial} 1 1 2 0`], ...spec },
      status: { published: { number: 17, entries: 1, thisUpdate: "2026-11-22T07:00:00Z" }, ...changes },
    });

  test.each<[string, () => Route | undefined, boolean | undefined]>([
    ["every anchor has a CRL from long after it", () => list(), true],
    [
      "an anchor lacks the newest CRL",
      () => list({ published: { number: 18, thisUpdate: "2026-11-22T07:00:00Z" } }),
      undefined,
    ],
    [
      "the newest CRL is too fresh",
      () => list({ published: { number: 17, thisUpdate: "2026-11-22T06:35:00Z" } }),
      undefined,
    ],
    ["the CRL has no room for all", () => list({ capacity: { waiting: 1 } }), undefined],
    ["the list has another serial number", () => list({}, { entries: [`${leaf.serial}00 1 1 2 0`] }), undefined],
    ["the list may not be read", () => forbidden("get", "revocationlists", "capstan.dev", "capstan-system"), undefined],
    ["the list is gone", () => undefined, undefined],
  ])("is told by the CRLs: %s", async (_, route, published) => {
    const revoked = { at, reason: "superseded" as const, revocation: "demo/gone", requestedBy: "alice" };
    const served = route();
    const { subjects } = await ask([leaf.serial], {
      ...routesOf(recordOf(leaf, {}, { status: { revoked } })),
      "GET /apis/capstan.dev/v1alpha1/certificateauthorities/fleet": object(authorityObject(healthy)),
      ...(served === undefined
        ? {}
        : { "GET /apis/capstan.dev/v1alpha1/namespaces/capstan-system/revocationlists/fleet-1": served }),
    });
    expect(subjects[0]?.revoked?.published).toBe(published);
  });
});

test("what the publisher has revoked by itself, without a Revocation, is answered too", async () => {
  const revoked = { at: "2026-11-22T06:30:00Z", reason: "cessationOfOperation" as const, revocation: "crl-sentinel" };
  const { code, subjects } = await ask([leaf.serial], routesOf(recordOf(leaf, {}, { status: { revoked } })));
  expect({ code, subjects }).toMatchObject({ code: 0, subjects: [{ verdict: "Issued", revoked }] });
});

describe("what no record has", () => {
  const absent = "0a".repeat(16);
  const call = (openedAt: string): string =>
    JSON.stringify({
      eventTime: openedAt,
      userIdentity: {
        type: "AssumedRole",
        arn: `arn:aws:sts::111122223333:assumed-role/web/${absent}`,
        sessionContext: { attributes: { creationDate: openedAt } },
      },
    });
  const assumed = (issuer: string): string =>
    JSON.stringify({
      eventName: "AssumeRole",
      eventTime: "2026-11-01T00:00:00Z",
      userIdentity: { type: "AWSService", invokedBy: "rolesanywhere.amazonaws.com" },
      requestParameters: { roleSessionName: absent, principalTags: { "x509Issuer/CN": issuer } },
    });
  const less = "and less after the event LedgerFull or a restore from a backup";
  const reach = `the records hold what was valid after 2026-11-21T10:00:00Z, ${less}`;

  test.each<[string, readonly string[], string, number, string, string]>([
    [
      "a serial number alone may be either",
      [absent],
      "",
      1,
      "Unknown",
      `no record has this serial number: it was never issued by us, or its record is gone; ${reach}`,
    ],
    [
      "the ARN of a session as well",
      [`arn:aws:sts::111122223333:assumed-role/web/${absent}`],
      "",
      1,
      "Unknown",
      `no record has this serial number: it was never issued by us, or its record is gone; ${reach}`,
    ],
    [
      "a serial number of another length",
      ["4f1c"],
      "",
      1,
      "NeverIssued",
      "Capstan's serial numbers have 16 octets, this one 2",
    ],
    [
      "one that begins with 80 or more",
      ["80".repeat(16)],
      "",
      1,
      "NeverIssued",
      "Capstan's serial numbers begin below 80",
    ],
    [
      "a session from before the records",
      ["-"],
      call("2026-11-21T09:00:00Z"),
      0,
      "OlderThanRecords",
      `the session was opened at 2026-11-21T09:00:00Z; ${reach}`,
    ],
    [
      "a session that the records should know: its certificate's may have gone before its time",
      ["-"],
      call("2026-11-21T11:00:00Z"),
      1,
      "Unknown",
      `the session was opened at 2026-11-21T11:00:00Z, and no record has its serial number: it was never issued by us, or its record is gone; ${reach}`,
    ],
    [
      "the same with a longer gap in the records",
      ["-", "--ledger-retention", "22h"],
      call("2026-11-21T11:00:00Z"),
      0,
      "OlderThanRecords",
      `the session was opened at 2026-11-21T11:00:00Z; the records hold what was valid after 2026-11-21T12:00:00Z, ${less}`,
    ],
    [
      "a session from before there was an authority",
      ["-"],
      call("2026-11-01T00:00:00Z"),
      1,
      "NeverIssued",
      "the session was opened at 2026-11-01T00:00:00Z, before our first authority began at 2026-11-20T07:00:00Z",
    ],
    [
      "a session of another authority's certificate",
      ["-"],
      assumed("Other CA"),
      1,
      "NeverIssued",
      'the session\'s certificate was issued by "Other CA", which is none of our authorities',
    ],
  ])("%s", async (_, argv, input, code, verdict, evidence) => {
    const [generation] = healthy.generations ?? [];
    const status = {
      ...healthy,
      generations: [{ number: 1, phase: "Active" as const, ...generation, notBefore: "2026-11-20T07:00:00Z" }],
    };
    const asked = await ask(argv, { ...routesOf(), [authorities]: collection(authorityObject(status)) }, input);
    expect({
      code: asked.code,
      subjects: asked.subjects.map(({ verdict, evidence }) => ({ verdict, evidence })),
    }).toEqual({
      code,
      subjects: [{ verdict, evidence: [evidence] }],
    });
  });
});

describe("a certificate of ours without a record", () => {
  const signed = "it is signed by the key of generation 1 of fleet";
  const less = "and less after the event LedgerFull or a restore from a backup";
  const expired = `no record has its serial number, and it expired at 2026-11-22T08:00:00Z`;
  const notPods = forbidden("list", "pods", "", "capstan-system");

  test.each<[string, readonly string[], Route, number, string, string]>([
    [
      "that expired while the record should be kept is an alarm",
      [],
      controllerPods("--ledger-retention=24h"),
      1,
      "Unrecorded",
      `${expired}; the records hold what was valid after 2026-11-21T10:00:00Z, ${less}`,
    ],
    [
      "that expired before what the controller keeps is old, by the shortest of its pods' settings",
      [],
      controllerPods("--ledger-retention=24h", "--ledger-retention=1h"),
      0,
      "OlderThanRecords",
      `it expired at 2026-11-22T08:00:00Z; the records hold what was valid after 2026-11-22T09:00:00Z, ${less}`,
    ],
    [
      "is an alarm by the default where the pods do not say otherwise",
      [],
      controllerPods("--workers=16"),
      1,
      "Unrecorded",
      `${expired}; the records hold what was valid after 2026-11-21T10:00:00Z, ${less}`,
    ],
    ...(
      [
        ["may not be read", notPods],
        ["runs nowhere", controllerPods()],
        ["says it in a form that is not read", controllerPods("--ledger-retention")],
      ] as const
    ).map(([what, route]): [string, readonly string[], Route, number, string, string] => [
      `is not known where the setting ${what}`,
      [],
      route,
      1,
      "Unknown",
      `${expired}; the records hold what was valid after 2026-11-21T10:00:00Z if the issuer controller's --ledger-retention is its default, ${less}`,
    ]),
    [
      "is an alarm where the caller names the setting",
      ["--ledger-retention=24h"],
      notPods,
      1,
      "Unrecorded",
      `${expired}; the records hold what was valid after 2026-11-21T10:00:00Z, ${less}`,
    ],
  ])("%s", async (_, argv, route, code, verdict, evidence) => {
    const times = { notBefore: new Date("2026-11-22T07:00:00Z"), notAfter: new Date("2026-11-22T08:00:00Z") };
    const { pem } = await testLeaf(fleet, times);
    const asked = await ask(["-", ...argv], { ...routesOf(), [pods]: route }, pem);
    expect({ code: asked.code, err: asked.err, subjects: asked.subjects }).toMatchObject({
      code,
      err: "",
      subjects: [{ verdict, evidence: [signed, evidence] }],
    });
  });

  test("that is valid is an alarm whatever is kept", async () => {
    const { subjects } = await ask(["-"], { ...routesOf(), [pods]: notPods }, leaf.pem);
    expect(subjects).toMatchObject([{ verdict: "Unrecorded" }]);
  });
});

describe("a session that contradicts the record", () => {
  const issuerTag = { "x509Issuer/CN": "Example Fleet CA" };
  const assumeRole = (changes: object): string =>
    JSON.stringify({
      eventName: "AssumeRole",
      eventTime: "2026-11-22T09:30:00Z",
      userIdentity: { type: "AWSService", invokedBy: "rolesanywhere.amazonaws.com" },
      requestParameters: {
        roleSessionName: leaf.serial,
        sourceIdentity: "CN=web.demo",
        principalTags: { "x509Subject/CN": "web.demo", ...issuerTag },
        ...changes,
      },
    });
  const opened = (creationDate: string): string =>
    JSON.stringify({
      eventTime: "2026-11-22T09:30:00Z",
      userIdentity: {
        type: "AssumedRole",
        arn: `arn:aws:sts::111122223333:assumed-role/web/${leaf.serial}`,
        sessionContext: { attributes: { creationDate } },
      },
    });

  test.each<[string, () => string]>([
    ["everything as in the certificate", () => assumeRole({})],
    ["a source identity in the form of older guides", () => assumeRole({ sourceIdentity: "web.demo" })],
    ["tags that nobody compares", () => assumeRole({ principalTags: { "x509Subject/2.5.4.97": "x", other: "y" } })],
    ["opened while it was valid", () => opened("2026-11-22T09:00:00Z")],
    ["opened within the clocks' skew", () => opened("2026-11-22T08:56:00Z")],
  ])("none: %s", async (_, input) => {
    const { code, subjects } = await ask(["-"], routesOf(recordOf(leaf)), input());
    expect({ code, verdicts: subjects.map(({ verdict }) => verdict) }).toEqual({ code: 0, verdicts: ["Issued"] });
  });

  test.each<[string, () => string, string]>([
    [
      "subject",
      () => assumeRole({ principalTags: { ...issuerTag, "x509Subject/CN": "admin.demo" } }),
      'the session\'s tag x509Subject/CN is "admin.demo", the certificate says "web.demo"',
    ],
    [
      "an attribute that the subject lacks",
      () => assumeRole({ principalTags: { ...issuerTag, "x509Subject/OU": "Admins" } }),
      'the session\'s tag x509Subject/OU is "Admins", the certificate has none',
    ],
    [
      "issuer",
      () => assumeRole({ principalTags: { "x509Issuer/CN": "Other CA" } }),
      'the session\'s tag x509Issuer/CN is "Other CA", the certificate says "Example Fleet CA"',
    ],
    [
      "DNS name",
      () => assumeRole({ principalTags: { "x509SAN/DNS": "admin.demo.svc" } }),
      'the session\'s tag x509SAN/DNS is "admin.demo.svc", the certificate has none',
    ],
    [
      "source identity",
      () => assumeRole({ sourceIdentity: "CN=admin.demo" }),
      'the session\'s source identity is "CN=admin.demo", the certificate\'s "CN=web.demo"',
    ],
    [
      "time, before it was valid",
      () => opened("2026-11-22T08:54:00Z"),
      "the session was opened at 2026-11-22T08:54:00Z, the certificate is valid from 2026-11-22T09:00:00Z to 2026-11-23T10:00:00Z",
    ],
    [
      "time, after its end",
      () => opened("2026-11-23T10:06:00Z"),
      "the session was opened at 2026-11-23T10:06:00Z, the certificate is valid from 2026-11-22T09:00:00Z to 2026-11-23T10:00:00Z",
    ],
  ])("by its %s", async (_, input, evidence) => {
    const { code, subjects } = await ask(["-"], routesOf(recordOf(leaf)), input());
    expect({ code, subjects }).toMatchObject({
      code: 1,
      subjects: [{ verdict: "Forged", isImitated: true, evidence: [evidence] }],
    });
  });
});

describe("rights", () => {
  test("without a right to the roots a certificate is still compared with its record, and the note says what is missing", async () => {
    const routes = { ...routesOf(recordOf(leaf)), [configMaps]: forbidden("list", "configmaps", "", "capstan-system") };
    const { code, err, subjects } = await ask(["-"], routes, leaf.pem);
    expect({ code, err, verdicts: subjects.map(({ verdict }) => verdict) }).toEqual({
      code: 0,
      err: "note: Missing right: list configmaps in namespace capstan-system. Granted by Role capstan-published-reader.\n",
      verdicts: ["Issued"],
    });
  });

  test("without a right to the roots a certificate that no record has is not called ours", async () => {
    const routes = { ...routesOf(), [configMaps]: forbidden("list", "configmaps", "", "capstan-system") };
    const { subjects } = await ask(["-"], routes, leaf.der);
    expect(subjects).toMatchObject([
      {
        verdict: "Unknown",
        evidence: [
          'its issuer is "CN=Example Fleet CA,serialNumber=1"; the signature was not checked, since you may not read the roots',
          "no record has its serial number, though it is valid until 2026-11-23T10:00:00Z: the record of a valid certificate goes only by a restore of a backup from before it",
        ],
      },
    ]);
  });

  test("without a right to the ledger it fails with the right that is missing", async () => {
    const routes = {
      ...routesOf(),
      [ledger]: forbidden("list", "issuedcertificates", "capstan.dev", "capstan-system"),
    };
    const { code, err } = await ask([leaf.serial], routes);
    expect({ code, hint: err.split("\n").at(-2) }).toEqual({
      code: 1,
      hint: "Missing right: list issuedcertificates.capstan.dev in namespace capstan-system. Granted by ClusterRole capstan-operator or capstan-viewer.",
    });
  });
});

test.each<[string, readonly string[], string | Uint8Array, number, string]>([
  ["nothing", [], "", 2, "error: name what to look up; - reads CloudTrail's events from standard input"],
  [
    "no file",
    ["./nothing.pem"],
    "",
    2,
    'error: "./nothing.pem" is no serial number, no ARN of a role session and no file',
  ],
  ["a folder", ["/tmp"], "", 1, "error: /tmp cannot be read (EISDIR)"],
  ["an empty file", ["-"], "\n", 1, "error: standard input is empty"],
  [
    "neither events nor a certificate",
    ["-"],
    "hello",
    1,
    "error: standard input holds no certificate that can be read",
  ],
  [
    "a broken line",
    ["-"],
    "{}\n{\n",
    1,
    'error: standard input, line 2: no JSON: give CloudTrail\'s events, one a line or as {"Records":[…]}',
  ],
  [
    "what is packed badly",
    ["-"],
    Uint8Array.of(0x1f, 0x8b, 0, 0),
    1,
    "error: standard input cannot be unpacked (unknown compression method)",
  ],
  [
    "an ARN of no session",
    ["arn:aws:iam::111122223333:role/web"],
    "",
    2,
    'error: "arn:aws:iam::111122223333:role/web" is no role session: give arn:aws:sts::ACCOUNT:assumed-role/ROLE/SERIAL, as CloudTrail\'s userIdentity.arn has it',
  ],
  [
    "a session with a name of its own",
    ["arn:aws:sts::111122223333:assumed-role/web/alice"],
    "",
    2,
    'error: "arn:aws:sts::111122223333:assumed-role/web/alice": the session\'s name is no serial number, so it is none of IAM Roles Anywhere, or its profile lets callers choose the name: give its CreateSession event instead',
  ],
  [
    "a retention that is no time",
    ["4f1c", "--ledger-retention=soon"],
    "",
    2,
    'error: --ledger-retention: "soon" is not a duration: write numbers with units from h, m, s, ms, us and ns, for example "24h" or "1h30m" (days are "168h", not "7d")',
  ],
])("refuses %s before it asks the API server", async (_, argv, input, code, line) => {
  const { code: ended, err } = await run(["whois", ...argv], { input });
  expect({ code: ended, line: err.split("\n")[0] }).toEqual({ code, line });
});

test.each([
  ["json", JSON.stringify({ asOf: "2026-11-22T10:00:00Z", subjects: [] }, undefined, 4) + "\n"],
  ["yaml", "asOf: 2026-11-22T10:00:00Z\nsubjects: []\n"],
])("events of others alone are an empty list in %s, without a cluster", async (format, out) => {
  const ended = await run(["whois", "-", "-o", format], { input: '{"Records":[{"eventName":"ListBuckets"}]}' });
  expect(ended).toMatchObject({ code: 0, out });
});

test("events of others alone end with 0", async () => {
  expect(await run(["whois", "-"], { input: '{"Records":[{"eventName":"ListBuckets"}]}' })).toEqual({
    code: 0,
    out: "",
    err: "note: 1 event is of no session of IAM Roles Anywhere, and passed over\nNo session of IAM Roles Anywhere found.\n",
  });
});
