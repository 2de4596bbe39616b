import { gzipSync } from "node:zlib";
import { CreateTrustAnchorCommand, RolesAnywhereClient } from "@aws-sdk/client-rolesanywhere";
import { createSession } from "@capstan/rolesanywhere";
import { type Emulator, startEmulator } from "@capstan/test-rolesanywhere";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ApiServer, collection, type RecordedRequest, startApiServer } from "./api-server.ts";
import { recordOf, rootConfigMap, type TestAuthority, testAuthority, type TestLeaf, testLeaf } from "./authority.ts";
import { authority as authorityObject, healthy } from "./objects.ts";
import { run, startedAt } from "./run.ts";

// A night's CloudTrail: a thousand sessions of a thousand certificates, opened at the emulator with real signatures. Most are
// ours; some are of certificates that were pruned since, some of another authority, some pretend to be ours.

const hour = 3_600_000;
const region = "eu-central-1";
const account = "111122223333";
const role = `arn:aws:iam::${account}:role/web`;
const ledgerPath = "/apis/capstan.dev/v1alpha1/namespaces/capstan-system/issuedcertificates";
const admin = { accessKeyId: "AKIAADMIN", secretAccessKey: "admin-secret", arn: `arn:aws:iam::${account}:user/admin` };

let emulator: Emulator;
let fleet: TestAuthority;
let at = startedAt;
/** Expected verdict by serial number and how its session was opened. */
const expected: string[] = [];
const records: ReturnType<typeof recordOf>[] = [];

beforeAll(async () => {
  fleet = await testAuthority();
  const imitator = await testAuthority();
  const stranger = await testAuthority("other", "Other CA");
  emulator = await startEmulator({
    region,
    account,
    now: () => new Date(at),
    accessKeys: [admin],
    quotas: {
      "create-session": { perSecond: 1e6, burst: 1e6 },
      "trust-anchors": { perSecond: 1e6, burst: 1e6 },
    },
    roles: [{ arn: role, trustPolicy }],
    profiles: [
      { name: "web", roleArns: [role] },
      { name: "named", roleArns: [role], acceptRoleSessionName: true },
    ],
  });
  const [ours, foreign] = [await anchor("ours", [fleet]), await anchor("foreign", [imitator, stranger])];

  at = startedAt - 72 * hour;
  await each(60, async () => {
    const leaf = await testLeaf(fleet, { notBefore: new Date(at - hour), notAfter: new Date(at + 24 * hour) });
    await open(leaf, ours);
    expected.push("OlderThanRecords");
  });
  at = startedAt - hour / 2;
  const victims: TestLeaf[] = [];
  await each(900, async (index) => {
    const leaf = await testLeaf(fleet, { subject: [{ type: "CN", value: `web-${index}.demo` }] });
    victims.push(leaf);
    records.push(recordOf(leaf, { subject: `CN=web-${index}.demo`, requestName: `web-${index}` }));
    await open(leaf, ours);
    expected.push("Issued");
  });
  await each(10, async (index) => {
    // An authority of the same name, another key: the same serial number, and one of its own.
    const victim = victims[index]?.serial ?? "";
    const random = (): Uint8Array => new Uint8Array(Buffer.from(victim, "hex"));
    await open(await testLeaf(imitator, index < 5 ? { random } : {}), foreign);
    expected.push("Forged");
  });
  await each(10, async (index) => {
    // A certificate of ours, and a session that bears somebody else's serial number.
    const leaf = await testLeaf(fleet, { subject: [{ type: "CN", value: "thief.demo" }] });
    records.push(recordOf(leaf, { subject: "CN=thief.demo" }));
    await open(leaf, ours, victims[100 + index]?.serial);
    expected.push("Forged");
  });
  await each(10, async () => {
    await open(await testLeaf(stranger), foreign);
    expected.push("NeverIssued");
  });
  await each(10, async () => {
    // Signed by our key, and nobody has recorded it.
    await open(await testLeaf(fleet), ours);
    expected.push("Unrecorded");
  });
  // A thousand certificates and sessions are three seconds alone on a core.
}, 120_000);

afterAll(async () => {
  await emulator?.stop();
});

const trustPolicy = {
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Principal: { Service: "rolesanywhere.amazonaws.com" },
      Action: ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
    },
  ],
};

async function anchor(name: string, authorities: readonly TestAuthority[]): Promise<string> {
  const client = new RolesAnywhereClient({ endpoint: emulator.endpoint, region, credentials: admin, maxAttempts: 1 });
  client.config.systemClockOffset = at - Date.now();
  const created = await client.send(
    new CreateTrustAnchorCommand({
      name,
      enabled: true,
      source: {
        sourceType: "CERTIFICATE_BUNDLE",
        sourceData: { x509CertificateData: authorities.map(({ root }) => root.pem).join("") },
      },
    }),
  );
  return created.trustAnchor?.trustAnchorArn ?? "";
}

/** Opens a session; time is moved on so that no pacing holds it up. */
async function open(leaf: TestLeaf, trustAnchorArn: string, sessionName?: string): Promise<void> {
  let paced = 0;
  await createSession({
    certificatePem: leaf.pem,
    privateKey: leaf.privateKey,
    trustAnchorArn,
    profileArn: emulator.profileArn(sessionName === undefined ? "web" : "named"),
    roleArn: role,
    region,
    endpoint: emulator.endpoint,
    now: () => new Date(at),
    clock: {
      now: () => (paced += 1e6),
      sleep: () => Promise.resolve(),
    },
    ...(sessionName === undefined ? {} : { sessionName }),
  });
}

async function each(count: number, work: (index: number) => Promise<void>): Promise<void> {
  for (let index = 0; index < count; index += 1) await work(index);
}

/** A ledger that pages as the API server does. */
function pagedLedger({ query }: RecordedRequest): { readonly body: unknown } {
  const start = Number(query["continue"] ?? "0");
  const limit = Number(query["limit"]);
  const next = start + limit < records.length ? String(start + limit) : "";
  return {
    body: { metadata: { resourceVersion: "100", continue: next }, items: records.slice(start, start + limit) },
  };
}

function startServer(): Promise<ApiServer> {
  return startApiServer({
    [`GET ${ledgerPath}`]: pagedLedger,
    "GET /apis/capstan.dev/v1alpha1/certificateauthorities": collection(authorityObject(healthy)),
    "GET /api/v1/namespaces/capstan-system/configmaps": collection(rootConfigMap(fleet)),
    "GET /api/v1/namespaces/capstan-system/pods": collection({
      metadata: { name: "issuer-controller-0" },
      spec: { containers: [{ args: ["--ledger-retention=24h"] }] },
    }),
  });
}

interface Found {
  readonly subjects: readonly {
    readonly verdict: string;
    readonly serial: string;
    readonly evidence: readonly string[];
    readonly record?: { readonly name: string; readonly request?: { readonly name: string } };
    readonly sessions?: { readonly events: number };
  }[];
}

test("a thousand sessions of CloudTrail are all resolved, in a few calls of the API server", async () => {
  await using server = await startServer();
  const events = emulator.sessionEvents();
  expect(events).toHaveLength(1000);
  const input = JSON.stringify({ Records: events });
  const { code, out, err } = await run(["whois", "-", "-o", "json"], { server, input });
  const { subjects } = JSON.parse(out) as Found;
  expect({ code, err }).toEqual({ code: 1, err: "" });
  expect(subjects.map(({ verdict }) => verdict)).toEqual(expected);
  const issued = subjects.filter(({ verdict }) => verdict === "Issued");
  expect(
    issued.every(
      ({ serial, record }, index) => record?.name === `record-${serial}` && record.request?.name === `web-${index}`,
    ),
  ).toBe(true);
  expect(server.requests.map(({ path }) => path).toSorted()).toEqual([
    "/api/v1/namespaces/capstan-system/configmaps",
    "/api/v1/namespaces/capstan-system/pods",
    "/apis/capstan.dev/v1alpha1/certificateauthorities",
    ledgerPath,
    ledgerPath,
  ]);
});

test("each verdict says what it is based on", async () => {
  await using server = await startServer();
  const input = JSON.stringify(emulator.sessionEvents());
  const { out } = await run(["whois", "-", "-o", "json"], { server, input });
  const { subjects } = JSON.parse(out) as Found;
  const kinds = new Set(
    subjects.map(
      ({ verdict, evidence }) =>
        `${verdict}: ${evidence
          .join("; ")
          .replaceAll(/[0-9a-f]{32,}/g, "HEX")
          .replaceAll(/web-\d/g, "web-N")}`,
    ),
  );
  expect([...kinds]).toMatchInlineSnapshot(`
    [
      "OlderThanRecords: it is signed by the key of generation 1 of fleet; it expired at 2026-11-20T10:00:00Z; the records hold what was valid after 2026-11-21T10:00:00Z, and less after the event LedgerFull or a restore from a backup",
      "Issued: ledger record record-HEX holds exactly this certificate",
      "Forged: ledger record record-HEX has this serial number and another certificate: SHA-256 HEX, this one's is HEX; its subject is "CN=web.demo", the record's "CN=web-N.demo"; it names generation 1 of fleet as its issuer, whose key has not signed it",
      "Forged: it names generation 1 of fleet as its issuer, whose key has not signed it",
      "Forged: the session bears the name HEX, another certificate's serial number",
      "NeverIssued: its issuer is "CN=Other CA,serialNumber=1", which is none of our roots",
      "Unrecorded: it is signed by the key of generation 1 of fleet; no record has its serial number, though it is valid until 2026-11-23T10:00:00Z: the record of a valid certificate goes only by a restore of a backup from before it",
    ]
  `);
});

test.each<[string, (events: readonly unknown[]) => string | Uint8Array]>([
  ["one event", ([event]) => JSON.stringify(event)],
  ["a file of CloudTrail", (events) => JSON.stringify({ Records: events })],
  ["a file as it lies in S3", (events) => gzipSync(JSON.stringify({ Records: events }))],
  ["a line for each event", (events) => events.map((event) => `${JSON.stringify(event)}\n`).join("")],
  [
    "several files, one after the other",
    (events) => events.map((event) => `${JSON.stringify({ Records: [event] })}\n`).join("\n"),
  ],
  [
    "lookup-events",
    (events) =>
      JSON.stringify(
        {
          Events: events.map((event) => ({ EventName: "CreateSession", CloudTrailEvent: JSON.stringify(event) })),
          NextToken: "more",
        },
        undefined,
        4,
      ),
  ],
])("reads %s", async (_, write) => {
  await using server = await startServer();
  const events = emulator.sessionEvents().slice(60, 63);
  const { code, out } = await run(["whois", "-f", "-", "-o", "json"], { server, input: write(events) });
  const { subjects } = JSON.parse(out) as Found;
  const count = write([]) === "" || JSON.stringify(events[0]) !== write(events) ? 3 : 1;
  expect({ code, verdicts: subjects.map(({ verdict }) => verdict) }).toEqual({
    code: 0,
    verdicts: Array.from({ length: count }, () => "Issued"),
  });
});

test("events of one certificate are one subject, whoever else's events stand between them", async () => {
  await using server = await startServer();
  const [first, second] = emulator.sessionEvents().slice(60, 62);
  const serial = records[0]?.spec.serial ?? "";
  const call = {
    eventSource: "s3.amazonaws.com",
    eventName: "GetObject",
    eventTime: "2026-11-22T09:45:00Z",
    userIdentity: {
      type: "AssumedRole",
      arn: `arn:aws:sts::${account}:assumed-role/web/${serial}`,
      sessionContext: {
        attributes: { creationDate: "2026-11-22T09:30:00Z" },
        sessionIssuer: { arn: role },
        sourceIdentity: "CN=web-0.demo",
      },
    },
    errorCode: "AccessDenied",
  };
  const other = { ...call, userIdentity: { type: "IAMUser", userName: "alice" } };
  const human = {
    ...call,
    userIdentity: { ...call.userIdentity, arn: `arn:aws:sts::${account}:assumed-role/admin/alice` },
  };
  const input = [first, second, call, other, human].map((event) => JSON.stringify(event)).join("\n");
  const { code, out, err } = await run(["whois", "-"], { server, input });
  expect({ code, err }).toEqual({
    code: 0,
    err: "note: 2 events are of no session of IAM Roles Anywhere, and passed over\n2 subjects: 2 Issued\n",
  });
  expect(out.replaceAll(/[0-9a-f]{32}/g, "SERIAL")).toMatchInlineSnapshot(`
    "SERIAL                             VERDICT        WORKLOAD               SUBJECT         STATE   EVENTS   LAST EVENT
    SERIAL   issued by us   demo Certificate/web   CN=web-0.demo   valid   2        2026-11-22T09:45:00Z
    SERIAL   issued by us   demo Certificate/web   CN=web-1.demo   valid   1        2026-11-22T09:30:00Z
    "
  `);
});
