import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { readDer } from "../../src/der/read.ts";
import { bitString, sequence } from "../../src/der/write.ts";
import {
  checkAgainstProfile,
  checkCertificationRequest,
  decodePem,
  isUsage,
  issueLeaf,
  LEAF_KEY_ALGORITHM_NAMES,
  prepareLeaf,
  usagesOf,
  type CertificationRequest,
  type Leaf,
  type LeafKeyAlgorithm,
  type ProfileName,
  type ProfileQuestion,
  type Usage,
} from "../../src/index.ts";
import { authority, NOW, type Authority } from "../support/authority.ts";
import { expectLeafOf } from "../support/compare-leaf.ts";
import { runs } from "../support/fuzz.ts";
import { leafPlan } from "../support/leaf.ts";
import { generalRequest, privateKeyOf, rolesAnywhereRequest, type RandomRequest } from "../support/random-requests.ts";
import { asPem, honestRequest, possessionBy } from "../support/request.ts";

const PROFILES: readonly ProfileName[] = ["RolesAnywhere", "General"];
let authorities: { readonly [profile in ProfileName]: readonly Authority[] };

beforeAll(async () => {
  const general = { profile: "General" } as const;
  authorities = {
    RolesAnywhere: [await authority("ECDSA-P256")],
    General: [await authority("ECDSA-P256", 1, NOW, general), await authority("ECDSA-P384", 1, NOW, general)],
  };
});

const derOf = (pem: string): Uint8Array => decodePem(pem, { labels: ["CERTIFICATE REQUEST"], maxBytes: 16_384 }).der;

/** Honest requests of every key type and profile, a few of each: what mutations begin with. */
const CORPUS: readonly (RandomRequest & { readonly der: Uint8Array })[] = [rolesAnywhereRequest, generalRequest]
  .flatMap((arbitrary) => fc.sample(arbitrary, { numRuns: 12, seed: 20_261_122 }))
  .flatMap((request, index) => {
    // Each key type in turn; of Ed25519 RolesAnywhere has none, which the profile then says.
    const algorithm = LEAF_KEY_ALGORITHM_NAMES[index % LEAF_KEY_ALGORITHM_NAMES.length] ?? "ECDSA-P256";
    return { ...request, algorithm, der: derOf(honestRequest(privateKeyOf(algorithm), request.parts)) };
  });

interface Edit {
  readonly at: number;
  readonly remove: number;
  readonly insert: Uint8Array;
}

/** Overwrites, cuts out or inserts a few bytes. */
const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat({ max: 10_000 }),
  remove: fc.integer({ min: 0, max: 3 }),
  insert: fc.uint8Array({ maxLength: 3 }),
});
const edits = (maxLength: number): fc.Arbitrary<Edit[]> => fc.array(edit, { minLength: 1, maxLength });

function mutate(der: Uint8Array, changes: readonly Edit[]): Uint8Array {
  let out = der;
  for (const { at, remove, insert } of changes) {
    const place = at % out.length;
    out = Uint8Array.of(...out.subarray(0, place), ...insert, ...out.subarray(place + remove));
  }
  return out;
}

interface Asked {
  readonly usages?: readonly string[];
  readonly isCa?: boolean;
}

/** Every usage there is, so that nothing but the profile stands in the way. */
const permissive = (profile: ProfileName, request: CertificationRequest, asked: Asked): ProfileQuestion => ({
  profile,
  request,
  allowCa: true,
  allowedUsages: ["digital signature", "key encipherment", "data encipherment", "client auth", "server auth"]
    .filter(isUsage)
    .concat("code signing", "any"),
  ...asked,
});

async function issue(
  profile: ProfileName,
  request: CertificationRequest,
  asked: Asked,
): Promise<[Leaf, readonly Usage[]]> {
  const from = authorities[profile][request.subjectDer.length % authorities[profile].length];
  if (from === undefined) throw new TypeError("no authority");
  const { subject, subjectDer, subjectAlternativeNames } = request;
  const usages = usagesOf(asked.usages);
  const { ticket } = prepareLeaf(
    leafPlan(from, {
      profile,
      subject,
      subjectDer,
      subjectAlternativeNames,
      publicKeySpki: request.publicKey.spki,
      usages,
      isCa: asked.isCa ?? false,
    }),
  );
  return [await issueLeaf({ ticket, signer: from.signer }), usages];
}

/** Issues what both checks let pass, and holds the leaf to what they saw. @returns whether it passed */
async function issueIfAllowed(
  profile: ProfileName,
  request: CertificationRequest,
  asked: Asked = {},
): Promise<boolean> {
  if (checkAgainstProfile(permissive(profile, request, asked)).length > 0) return false;
  const [leaf, usages] = await issue(profile, request, asked);
  expectLeafOf(leaf, { request, profile, usages, isCa: asked.isCa ?? false });
  return true;
}

test("no mutation of a request makes the check throw, or passes with another content than was signed", async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...CORPUS), edits(4), async (seed, changes) => {
      const checked = checkCertificationRequest(asPem(mutate(seed.der, changes)));
      if (!checked.ok) {
        expect(checked.violations.length).toBeGreaterThan(0);
        return;
      }
      // What passes bears a valid signature, so it is the seed, whose signature may differ in nothing but its bytes.
      expect(checked).toEqual(checkCertificationRequest(asPem(seed.der)));
      for (const profile of PROFILES) await issueIfAllowed(profile, checked.value);
    }),
    { numRuns: runs(5_000) },
  );
}, 3_600_000);

describe("no mutation of what is signed makes check or profile throw, or becomes another leaf than was validated", () => {
  test.each<LeafKeyAlgorithm>(["ECDSA-P256", "Ed25519", "RSA-2048"])(
    "though its sender signs it honestly with %s",
    async (algorithm) => {
      const possession = possessionBy(privateKeyOf(algorithm));
      let issued = 0;
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...CORPUS), edits(3), async ({ parts }, changes) => {
          const info = readDer(derOf(honestRequest(privateKeyOf(algorithm), parts))).children[0];
          const changed = mutate(Uint8Array.from(info?.source.subarray(info.start, info.end) ?? []), changes);
          const signature = bitString(possession.signature(changed));
          const checked = checkCertificationRequest(asPem(sequence(changed, possession.signatureAlgorithm, signature)));
          if (!checked.ok) return;
          // The key cannot change: the signature is by the old one.
          expect(checked.value.publicKey.spki).toEqual(possession.spki);
          for (const profile of PROFILES) if (await issueIfAllowed(profile, checked.value)) issued += 1;
        }),
        { numRuns: Math.ceil(runs(5_000) / 3) },
      );
      // Edits inside names pass: else this would try the outermost layer alone.
      expect(issued).toBeGreaterThan(5);
    },
    3_600_000,
  );
});

test.each([
  ["RolesAnywhere", rolesAnywhereRequest],
  ["General", generalRequest],
] as const)(
  "an honest request of profile %s passes, and its leaf is what was validated",
  async (profile, arbitrary) => {
    await fc.assert(
      fc.asyncProperty(arbitrary, async ({ algorithm, parts, usages, isCa }) => {
        const checked = checkCertificationRequest(honestRequest(privateKeyOf(algorithm), parts));
        if (!checked.ok) throw new Error(`the check refuses it: ${checked.violations[0].code}`);
        const asked = { usages, isCa };
        expect(checkAgainstProfile(permissive(profile, checked.value, asked))).toEqual([]);
        expect(await issueIfAllowed(profile, checked.value, asked)).toBe(true);
      }),
      { numRuns: Math.ceil(runs(5_000) / 16) },
    );
  },
  3_600_000,
);

test("no text makes the check throw", () => {
  const frame = fc.constantFrom(
    "",
    "-----BEGIN CERTIFICATE REQUEST-----\n",
    "-----BEGIN NEW CERTIFICATE REQUEST-----\r\n",
  );
  const end = fc.constantFrom("", "-----END CERTIFICATE REQUEST-----", "\n-----END CERTIFICATE REQUEST-----\n");
  fc.assert(
    fc.property(
      frame,
      fc.oneof(fc.string(), fc.base64String(), fc.string({ unit: "binary" })),
      end,
      (begin, body, last) => {
        expect(checkCertificationRequest(begin + body + last).ok).toBe(false);
        expect(checkCertificationRequest(Buffer.from(begin + body + last)).ok).toBe(false);
      },
    ),
    { numRuns: 2_000 },
  );
});
