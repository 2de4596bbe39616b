import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import {
  createRoot,
  encodeCrl,
  exportUnencryptedPrivateKey,
  generateCaKey,
  importCaKey,
  parseCrlNumber,
  parseSerial,
  readCrl,
  readRoot,
  REVOCATION_REASONS,
  type CrlEntry,
  type CrlPlan,
  type KeyAlgorithm,
  type RevocationReason,
} from "../../src/index.ts";
import { DAY, type Authority } from "../support/authority.ts";

// Each shape of a CRL as bytes in test/golden/crl, so that no change of the encoder goes unseen. CAPSTAN_GOLDEN=write
// writes them anew: look at the difference with `openssl crl -inform DER -noout -text`. The keys are made when there are
// none; they sign nothing but these files.
const writes = process.env["CAPSTAN_GOLDEN"] === "write";
const folder = fileURLToPath(new URL("../golden/crl/", import.meta.url));
const NOW = new Date("2026-11-22T03:00:00Z");
const SERIAL = "4f1c8a3be2d94f6097a1c3e5d7f90b2d";

const one = (serial: string, reason?: RevocationReason): CrlEntry => ({
  serial: parseSerial(serial),
  revokedAt: new Date("2026-11-22T02:59:58Z"),
  ...(reason === undefined ? {} : { reason }),
});
const reasons = (Object.keys(REVOCATION_REASONS) as RevocationReason[]).filter((reason) => reason !== "unspecified");

interface Shape {
  readonly name: string;
  readonly entries: readonly CrlEntry[];
  readonly changes?: Partial<CrlPlan>;
}

const SHAPES: readonly Shape[] = [
  { name: "empty", entries: [] },
  { name: "one-entry-without-reason", entries: [one(SERIAL)] },
  ...reasons.map((reason) => ({ name: `one-entry-${reason}`, entries: [one(SERIAL, reason)] })),
  { name: "serial-with-high-bit", entries: [one(`ff${SERIAL.slice(2)}`)] },
  {
    name: "serials-of-1-to-20-octets",
    entries: ["01", "80", "0100", "7f".repeat(20), "ff".repeat(20)].map((serial) => one(serial)),
  },
  {
    name: "generalized-time",
    entries: [one(SERIAL), { ...one(`50${SERIAL.slice(2)}`), revokedAt: new Date("2050-01-01T00:00:00Z") }],
    changes: { thisUpdate: new Date("2050-01-01T00:00:00Z"), nextUpdate: new Date("2050-01-31T00:00:00Z") },
  },
  {
    name: "utc-time-to-generalized-time",
    entries: [one(SERIAL)],
    changes: { nextUpdate: new Date("2050-01-01T00:00:00Z") },
  },
  {
    name: "number-of-20-octets",
    entries: [one(SERIAL)],
    changes: { number: parseCrlNumber(String(2n ** 159n - 1n)) },
  },
];

/** Too large for a file each: a hash of the same bytes. */
const LARGE: readonly Shape[] = [
  {
    name: "1000-entries",
    entries: Array.from({ length: 1_000 }, (_, i) =>
      one(`4a${(i * 7919).toString(16).padStart(30, "0")}`, reasons[i % 5]),
    ),
  },
];

function keptOrMade(name: string, make: () => string): string {
  const path = `${folder}${name}`;
  if (writes && !existsSync(path)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, make());
  }
  return readFileSync(path, "utf8");
}

async function fixedAuthority(algorithm: KeyAlgorithm): Promise<Authority> {
  const made = writes ? await generateCaKey(algorithm) : undefined;
  const keyPem = keptOrMade(`${algorithm}.key.pem`, () =>
    made === undefined ? "" : exportUnencryptedPrivateKey(made),
  );
  const signer = importCaKey(keyPem);
  const root = await createRoot({
    subject: { commonName: "Golden CA", organization: "Example Corp" },
    generation: 1,
    notBefore: new Date(NOW.getTime() - DAY),
    notAfter: new Date(NOW.getTime() + 365 * DAY),
    signer,
  });
  return { signer, root: readRoot(keptOrMade(`${algorithm}.root.pem`, () => root.pem)) };
}

/** What never differs between two runs: the whole CRL for RSA, what was signed for ECDSA, whose signatures are random. */
async function bytesOf(ca: Authority, { entries, changes }: Shape): Promise<Uint8Array> {
  const crl = await encodeCrl({
    ...ca,
    number: parseCrlNumber("1795317600001"),
    thisUpdate: NOW,
    nextUpdate: new Date(NOW.getTime() + 30 * DAY),
    entries,
    ...changes,
  });
  return ca.root.algorithm.startsWith("RSA") ? crl.der : crl.tbs;
}

const extensionOf = (algorithm: KeyAlgorithm): string => (algorithm.startsWith("RSA") ? "crl.der" : "tbs.der");

describe.each<KeyAlgorithm>(["RSA-2048", "ECDSA-P256"])("under a root of type %s", (algorithm) => {
  let ca: Authority;

  beforeAll(async () => {
    ca = await fixedAuthority(algorithm);
  });

  test.each(SHAPES)("$name is the golden file, byte for byte", async (shape) => {
    const path = `${folder}${shape.name}.${algorithm}.${extensionOf(algorithm)}`;
    const bytes = await bytesOf(ca, shape);
    if (writes) writeFileSync(path, bytes);
    expect(Buffer.from(bytes).toString("hex")).toBe(readFileSync(path).toString("hex"));
  });

  test.each(LARGE)("$name has the golden hash", async (shape) => {
    const path = `${folder}${shape.name}.${algorithm}.${extensionOf(algorithm)}.sha256`;
    const hash = createHash("sha256")
      .update(await bytesOf(ca, shape))
      .digest("hex");
    if (writes) writeFileSync(path, `${hash}\n`);
    expect(hash).toBe(readFileSync(path, "utf8").trim());
  });
});

test("every golden CRL is of our form, and nothing lies beside the files that are compared", () => {
  const files = readdirSync(folder);
  const crls = files.filter((name) => name.endsWith(".crl.der"));
  expect(crls).toHaveLength(SHAPES.length);
  for (const name of crls) expect(readCrl(readFileSync(`${folder}${name}`)).sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(files).toHaveLength(2 * (SHAPES.length + LARGE.length + 2));
});
