import { randomBytes, X509Certificate } from "node:crypto";
import {
  type GenerationMark,
  generationMarkResource,
  type IssuedCertificate,
  issuedCertificateResource,
} from "@capstan/api";
import { formatTime } from "@capstan/kube";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ApiServer } from "../../../issuer-controller/test/support/api-server.ts";
import { mintOwnLeaf, type MintOwnLeafInput, type OwnLeaf } from "../../src/credentials/mint-own-leaf.ts";
import { MemoryAudit } from "../support/audit.ts";
import { newGeneration } from "../support/generation.ts";
import { after, hour, minute, now, ownNamespace } from "../support/objects.ts";

const generation = await newGeneration(3);
const ref = { namespace: ownNamespace, name: "fleet-3" };
/** Backdated by half a minute. */
const usualEnd = after(9.5 * minute);

let server: ApiServer;
let audit: MemoryAudit;

beforeEach(async () => {
  server = await ApiServer.start();
  audit = new MemoryAudit();
  server.put(generationMarkResource, mark(after(-hour)));
});

afterEach(() => server[Symbol.asyncDispose]());

function mark(notAfter: Date, status?: GenerationMark["status"]): GenerationMark {
  return {
    apiVersion: "capstan.dev/v1alpha1",
    kind: "GenerationMark",
    metadata: ref,
    spec: { authority: "fleet", generation: 3, notAfter: formatTime(notAfter.getTime()) },
    ...(status === undefined ? {} : { status }),
  };
}

function mint(change: Partial<MintOwnLeafInput> = {}): Promise<OwnLeaf> {
  return mintOwnLeaf({
    client: server.client,
    namespace: ownNamespace,
    authority: "fleet",
    generation,
    role: "publisher",
    now,
    random: randomBytes,
    recordName: () => "record-own",
    audit: audit.log,
    signal: new AbortController().signal,
    ...change,
  });
}

const storedMark = (): string => (server.read(generationMarkResource, ref) as GenerationMark).spec.notAfter;
const records = (): readonly IssuedCertificate[] =>
  server.all(issuedCertificateResource) as readonly IssuedCertificate[];
const nothingLeftTheProcess = (): void => {
  expect(audit.signatures()).toEqual([]);
  expect(records()).toEqual([]);
};

test.each([
  ["publisher", "Publisher"],
  ["canary", "Canary"],
  ["crl", "CrlSentinel"],
] as const)(
  "a leaf for %s is a ten-minute one under the name that is kept for it, recorded as %s",
  async (role, purpose) => {
    const leaf = await mint({ role });

    const certificate = new X509Certificate(leaf.certificatePem);
    expect(certificate.subject).toBe(`CN=${role}.fleet@capstan`);
    expect(certificate.verify(new X509Certificate(generation.root.pem).publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(leaf.privateKey)).toBe(true);
    expect(leaf.notAfter).toEqual(usualEnd);
    expect(leaf.generation).toBe(3);
    expect(records()).toMatchObject([
      {
        metadata: { name: "record-own", labels: { "capstan.dev/authority": "fleet" } },
        spec: {
          serial: leaf.serial,
          commonName: `${role}.fleet@capstan`,
          purpose,
          generation: 3,
          notAfter: formatTime(usualEnd.getTime()),
          certificate: leaf.certificatePem,
        },
      },
    ]);
    expect(audit.signatures()).toMatchObject([{ purpose: "OwnLeaf", serial: leaf.serial, record: "record-own" }]);
  },
);

test("the mark is raised before the record is written, and not when it is high enough", async () => {
  await mint();
  expect(storedMark()).toBe(formatTime(usualEnd.getTime()));
  const writes = server.calls.filter(({ method }) => method !== "GET").map(({ method, path }) => [method, path]);
  expect(writes.map(([method, path = ""]) => `${method} ${path.split("/").at(method === "PUT" ? -2 : -1)}`)).toEqual([
    "PUT generationmarks",
    "POST issuedcertificates",
  ]);

  server.put(generationMarkResource, mark(after(hour)));
  await mint({ recordName: () => "record-2" });
  expect(storedMark()).toBe(formatTime(after(hour).getTime()));
});

test("the private key is in no request", async () => {
  const { privateKey } = await mint();
  const secret = Buffer.from(privateKey.export({ format: "jwk" })["d"] ?? "", "base64url");

  expect(secret.length).toBe(32);
  for (const form of ["base64", "base64url", "hex"] as const) {
    expect(JSON.stringify(server.calls)).not.toContain(secret.toString(form));
  }
  expect(JSON.stringify(server.calls)).not.toContain("PRIVATE KEY");
});

test("a leaf does not outlive its root", async () => {
  const { notAfter } = generation.root;
  const leaf = await mint({ now: new Date(notAfter.getTime() - 2 * minute) });

  expect(leaf.notAfter).toEqual(notAfter);
});

describe("a sealed generation", () => {
  test("signs a leaf that ends with its mark", async () => {
    server.put(generationMarkResource, mark(after(5 * minute), { sealed: true }));

    expect((await mint()).notAfter).toEqual(after(5 * minute));
    expect(storedMark()).toBe(formatTime(after(5 * minute).getTime()));
  });

  test("signs as usual where its mark leaves room", async () => {
    server.put(generationMarkResource, mark(after(hour), { sealed: true }));

    expect((await mint()).notAfter).toEqual(usualEnd);
  });

  test.each([-hour, 0, 59_000])("signs nothing when its mark is %i ms from now", async (ms) => {
    server.put(generationMarkResource, mark(after(ms), { sealed: true }));

    await expect(mint()).rejects.toMatchObject({ code: "ERR_GENERATION_SEALED", name: "GenerationSealed" });
    nothingLeftTheProcess();
  });

  test("signs nothing when it was sealed between the mark's reading and raising", async () => {
    server.next("PUT", /generationmarks/, (somebody) =>
      somebody.put(generationMarkResource, mark(after(-hour), { sealed: true })),
    );

    await expect(mint()).rejects.toMatchObject({ code: "ERR_GENERATION_SEALED" });
    nothingLeftTheProcess();
  });
});

test("an issuer that raised the mark in between is no obstacle", async () => {
  server.next("PUT", /generationmarks/, (somebody) => somebody.put(generationMarkResource, mark(after(minute))));

  await mint();

  expect(storedMark()).toBe(formatTime(usualEnd.getTime()));
});

test.each([
  ["the mark is missing", () => server.remove(generationMarkResource, ref)],
  ["the mark cannot be raised", () => server.next("PUT", /generationmarks/, { refuse: 503, reason: "Unavailable" })],
])("nothing is signed when %s", async (_name, spoil) => {
  spoil();

  await expect(mint()).rejects.toThrow();
  nothingLeftTheProcess();
});

test("nothing is signed when the audit log cannot be written", async () => {
  audit.isFull = true;

  await expect(mint()).rejects.toThrow();
  expect(records()).toEqual([]);
});

test("a leaf whose record was not written is not handed out", async () => {
  server.next("POST", /issuedcertificates/, { refuse: 503, reason: "Unavailable" });

  await expect(mint()).rejects.toThrow();
  expect(audit.signatures()).toHaveLength(1);
});
