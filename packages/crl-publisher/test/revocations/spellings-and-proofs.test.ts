import { issuedCertificateResource, type Revocation } from "@capstan/api";
import { X509Certificate } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newGeneration } from "../support/generation.ts";
import { after, day, hour, minute, now, ownNamespace, record, revocation, revokedAt } from "../support/objects.ts";
import { RevocationLab, unknownLeaf } from "../support/revocation-lab.ts";

// What revoking one leaf does for whatever somebody may write, and for leaves that the ledger does not know.

const [first, second, stranger] = await Promise.all([newGeneration(1), newGeneration(2), newGeneration(1)]);
const unknown = await unknownLeaf(first);
const unknownOfSecond = await unknownLeaf(second);
const ended = await unknownLeaf(first, after(-1_000));
const foreign = await unknownLeaf(stranger);
const rootSerial = new X509Certificate(first.root.pem).serialNumber;

let lab: RevocationLab;

beforeEach(async () => {
  lab = await RevocationLab.start();
  lab.publish(first);
  lab.publish(second);
  lab.server.put(issuedCertificateResource, record());
  lab.server.put(issuedCertificateResource, record({ name: "of-2", spec: { serial: "0a0b", generation: 2 } }));
  lab.server.put(
    issuedCertificateResource,
    record({ name: "ended", spec: { serial: "0e", notAfter: after(-1_000).toISOString() } }),
  );
  lab.server.put(
    issuedCertificateResource,
    record({ name: "done", spec: { serial: "0d" }, status: revokedAt(now, "keyCompromise") }),
  );
});

afterEach(() => lab[Symbol.asyncDispose]());

const byAdministrator = (target: Revocation["spec"]["target"], name = "any"): Revocation =>
  revocation({ namespace: ownNamespace, name, target });
const byTenant = (target: Revocation["spec"]["target"]): Revocation => revocation({ target });

/** The answer of the first look: refused with a reason, or marked, or on its way. */
async function answer(wish: Revocation): Promise<string> {
  const { stored } = await lab.reconcile(wish);
  const accepted = stored.status?.conditions?.find(({ type }) => type === "Accepted");
  return accepted === undefined ? `marked ${stored.status?.serial ?? ""}` : `${accepted.status} ${accepted.reason}`;
}

describe("a serial is understood or refused with a reason", () => {
  test.each<[fact: string, serial: string, administrator: string, tenant: string]>([
    ["as-it-is", "4f1c", "marked 4f1c", "marked 4f1c"],
    ["in-upper-case", "4F1C", "marked 4f1c", "marked 4f1c"],
    ["with-colons", "4f:1c", "marked 4f1c", "marked 4f1c"],
    ["in-upper-case-with-colons", "4F:1C", "marked 4f1c", "marked 4f1c"],
    ["with-leading-zeros", "00004f1c", "marked 4f1c", "marked 4f1c"],
    ["with-a-sign-octet-and-colons", "00:4F:1C", "marked 4f1c", "marked 4f1c"],
    ["with-0x", "0x4f1c", "marked 4f1c", "marked 4f1c"],
    ["with-0X-in-upper-case", "0X4F1C", "marked 4f1c", "marked 4f1c"],
    ["with-an-odd-number-of-digits", "e", "False Expired", "False Expired"],
    ["of-another-generation", "a0b", "marked 0a0b", "marked 0a0b"],
    ["in-decimal", "20252", "False UnknownSerial", "False NotYours"],
    ["unknown", "77", "False UnknownSerial", "False NotYours"],
    ["already-revoked", "0d", "Unknown AlreadyRevoked", "Unknown AlreadyRevoked"],
    ["expired", "0e", "False Expired", "False Expired"],
    ["of-the-root-itself", rootSerial, "False OwnRoot", "False NotYours"],
    ["zero", "0", "False InvalidTarget", "False InvalidTarget"],
    ["zeros-with-colons", "00:00", "False InvalidTarget", "False InvalidTarget"],
    ["of-21-octets", "7f".repeat(21), "False InvalidTarget", "False InvalidTarget"],
    ["of-20-octets", "7f".repeat(20), "False UnknownSerial", "False NotYours"],
    ["with-colons-in-wrong-places", "4f1:c", "False InvalidTarget", "False InvalidTarget"],
    ["with-0x-and-nothing", "0x", "False InvalidTarget", "False InvalidTarget"],
    ["negative", "-4f1c", "False InvalidTarget", "False InvalidTarget"],
    ["empty", "", "False InvalidTarget", "False InvalidTarget"],
    ["with-a-selector-inside", "4f1c,spec.authority=x", "False InvalidTarget", "False InvalidTarget"],
  ])("%s", async (_fact, serial, administrator, tenant) => {
    expect([await answer(byTenant({ serial })), await answer(byAdministrator({ serial }))]).toEqual([
      tenant,
      // After the tenant's the record is revoked already.
      administrator.startsWith("marked") ? "Unknown AlreadyRevoked" : administrator,
    ]);
  });

  test("and-digits-alone-are-told-what-they-would-be-in-decimal", async () => {
    const { stored } = await lab.reconcile(byAdministrator({ serial: "20252" }));
    expect(stored.status?.conditions?.[0]?.message).toMatch(/If it was meant in decimal, write 4f1c$/);
  });
});

describe("a certificate is proof", () => {
  test.each<[fact: string, certificate: string, administrator: string]>([
    ["of-a-leaf-that-the-ledger-lacks", unknown.pem, `marked ${unknown.serial}`],
    ["of-a-leaf-of-another-generation", unknownOfSecond.pem, `marked ${unknownOfSecond.serial}`],
    ["with-lines-in-crlf", unknown.pem.replaceAll("\n", "\r\n"), `marked ${unknown.serial}`],
    ["of-nothing-when-it-has-expired", ended.pem, "False Expired"],
    ["of-nothing-when-a-stranger-of-the-same-name-signed-it", foreign.pem, "False OtherIssuer"],
    ["of-nothing-when-it-is-the-root", first.root.pem, "False OwnRoot"],
    ["of-nothing-when-it-is-a-strangers-root", stranger.root.pem, "False OtherIssuer"],
    ["of-nothing-when-there-are-two", unknown.pem + unknown.pem, "False InvalidTarget"],
    ["of-nothing-when-it-is-a-crl", "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", "False InvalidTarget"],
    ["of-nothing-when-it-is-no-pem", "MIIB", "False InvalidTarget"],
    [
      "of-nothing-when-its-bytes-are-none",
      "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n",
      "False InvalidTarget",
    ],
    ["of-nothing-when-a-byte-of-it-is-another", withOtherSignature(unknown.pem), "False OtherIssuer"],
  ])("%s", async (_fact, certificate, administrator) => {
    expect(await answer(byAdministrator({ certificate }))).toBe(administrator);
    expect(lab.revoked).toEqual(["done"]);
    const entries = [lab.list("fleet-1"), lab.list("fleet-2")].flatMap(({ spec }) => spec.entries ?? []);
    expect(entries).toHaveLength(administrator.startsWith("marked") ? 1 : 0);
  });

  test("in-the-administrators-namespace-alone", async () => {
    expect(await answer(byTenant({ certificate: unknown.pem }))).toBe("False NotYours");
    expect(lab.list().spec.entries).toBeUndefined();
  });

  test("that-is-never-told-again-when-it-is-none", async () => {
    const secret = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
    const { stored } = await lab.reconcile(byAdministrator({ certificate: secret }));
    expect(JSON.stringify(stored.status)).not.toContain("c2VjcmV0");
  });

  test("of-the-record-that-has-its-serial", async () => {
    const { serial, pem } = unknown;
    lab.server.put(issuedCertificateResource, record({ name: "known", spec: { serial } }));
    expect(await answer(byTenant({ certificate: pem }))).toBe(`marked ${serial}`);
    expect(lab.revoked).toEqual(["done", "known"]);
  });

  test("not-of-a-record-with-its-serial-that-another-generation-signed", async () => {
    const { serial, pem } = unknown;
    lab.server.put(issuedCertificateResource, record({ name: "other", spec: { serial, generation: 2 } }));
    expect(await answer(byAdministrator({ certificate: pem }))).toBe(`marked ${serial}`);
    expect(lab.revoked).toEqual(["done"]);
    expect(lab.list().spec.entries).toHaveLength(1);
  });
});

describe("a leaf that the ledger lacks", () => {
  const wish = byAdministrator({ certificate: unknown.pem });

  test("stands-in-the-list-at-once-with-who-when-and-why-and-a-crl-is-asked-for", async () => {
    await lab.reconcile(wish);
    const end = Math.floor(after(day).getTime() / 1_000);
    expect(lab.list().spec).toMatchObject({
      entries: [`${unknown.serial} ${now.getTime() / 1_000} 1 ${end} 0`],
      actors: ["bob"],
      // Ahead of what is published, until the next CRL is.
      crlNumber: 8,
    });
    expect(lab.noticed).toEqual(["fleet-1"]);
  });

  test("is-accepted-and-then-published-like-any-other", async () => {
    await lab.reconcile(wish);
    expect(await lab.said(wish)).toEqual(["Accepted True Recorded", "Published False WaitingForTrustAnchors"]);
    lab.readBack("prod");
    expect(await lab.said(wish)).toEqual(["Accepted True Recorded", "Published True ReadBack"]);
  });

  test("is-listed-once-however-often-it-is-looked-at-and-by-whomever", async () => {
    await lab.reconcile(wish);
    await lab.reconcile(wish);
    await lab.reconcile(byAdministrator({ certificate: unknown.pem }, "again"));
    expect(lab.list().spec.entries).toHaveLength(1);
  });

  test("becomes-compromised-with-its-first-time", async () => {
    const mild = { ...wish, spec: { ...wish.spec, reason: "superseded" as const } };
    await lab.reconcile(mild);
    lab.now = after(minute);
    const worse = byAdministrator({ certificate: unknown.pem }, "worse");
    await lab.reconcile(worse);
    expect(lab.list().spec.entries?.map((entry) => entry.split(" ").slice(1, 3))).toEqual([
      [String(now.getTime() / 1_000), "1"],
    ]);
    expect(await lab.said(worse)).toContain("Accepted True Recorded");
  });

  test("is-not-lost-when-somebody-else-writes-the-list-at-the-same-time", async () => {
    lab.server.next("PUT", /revocationlists/, () => lab.publish(first, "fleet", { crlNumber: 99 }));
    await expect(lab.reconcile(wish)).rejects.toMatchObject({ code: 409 });
    await lab.reconcile(wish);
    expect([lab.list().spec.entries?.length, lab.list().spec.crlNumber]).toEqual([1, 100]);
  });
});

test("what-is-marked-and-waits-for-its-list-asks-the-api-server-nothing", async () => {
  const wish = byTenant({ serial: "4f1c" });
  await lab.reconcile(wish);
  const calls = lab.server.calls.length;
  await lab.reconcile(wish);
  await lab.reconcile(wish);
  expect(lab.server.calls).toHaveLength(calls);
  lab.listMarked();
  expect(await lab.said(wish)).toEqual(["Accepted True Recorded", "Published False WaitingForTrustAnchors"]);
});

test("what-is-marked-and-expires-before-a-list-has-it-is-refused", async () => {
  const wish = byTenant({ serial: "4f1c" });
  await lab.reconcile(wish);
  lab.now = after(2 * day);
  expect(await lab.said(wish)).toEqual(["Accepted False Expired"]);
});

test("each-outcome-is-counted-once", async () => {
  await lab.reconcile(byTenant({ serial: "77" }));
  const wish = byAdministrator({ serial: "0d" });
  await lab.reconcile(wish);
  expect(lab.outcomes).toEqual(["NotYours"]);
  lab.listMarked();
  await lab.reconcile(wish);
  lab.readBack("prod");
  await lab.reconcile(wish);
  expect(lab.outcomes).toEqual(["NotYours", "AlreadyRevoked"]);
});

test("what-is-deleted-un-revokes-nothing", async () => {
  await lab.reconcile(byTenant({ serial: "4f1c" }));
  await lab.reconcile(byAdministrator({ certificate: unknown.pem }));
  const [ledger, list] = [lab.revoked, lab.list().spec.entries];
  for (const [namespace, name] of [
    ["demo", "web"],
    [ownNamespace, "any"],
  ] as const) {
    lab.server.remove(
      { group: "capstan.dev", version: "v1alpha1", plural: "revocations", kind: "Revocation", namespaced: true },
      { namespace, name },
    );
  }
  lab.now = after(hour);
  expect([lab.revoked, lab.list().spec.entries]).toEqual([ledger, list]);
});

/** The last byte of the signature is another. */
function withOtherSignature(pem: string): string {
  const der = Buffer.from(pem.replaceAll(/-----.*-----|\s/g, ""), "base64");
  der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
  return `-----BEGIN CERTIFICATE-----\n${der.toString("base64").replaceAll(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
}
