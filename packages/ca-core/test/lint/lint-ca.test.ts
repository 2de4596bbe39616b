import { generateKeyPairSync } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { DER_TRUE, namedBits, objectIdentifier, sequence } from "../../src/der/write.ts";
import { prepareLeaf } from "../../src/index.ts";
import { OID } from "../../src/lib/oids.ts";
import { USAGES } from "../../src/profile/usages.ts";
import { authority, NOW, type Authority } from "../support/authority.ts";
import { hex } from "../support/bytes.ts";
import { replaceExtension, rulesBrokenBy } from "../support/edited-leaf.ts";
import { leafPlan } from "../support/leaf.ts";
import { spkiOf } from "../support/request.ts";

let ca: Authority;
const rsaSpki = spkiOf(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey);

beforeAll(async () => {
  ca = await authority("ECDSA-P256", 1, NOW, { profile: "General", pathLength: 2 });
});

describe("of a CA certificate in profile General the lint judges", () => {
  const subordinate = (pathLength?: number, from: Authority = ca): Uint8Array =>
    prepareLeaf(
      leafPlan(from, {
        profile: "General",
        isCa: true,
        publicKeySpki: rsaSpki,
        usages: ["cert sign"],
        ...(pathLength === undefined ? {} : { pathLength }),
      }),
    ).tbs;
  const constrained = (...content: Uint8Array[]): Uint8Array =>
    replaceExtension(subordinate(), OID.basicConstraints, sequence(DER_TRUE, ...content), true);
  const used = (...bits: number[]): Uint8Array => replaceExtension(subordinate(), OID.keyUsage, namedBits(bits), true);

  test.each<[fact: string, tbs: () => Uint8Array, rules: string[]]>([
    ["the pathLen below the root's by default", () => subordinate(), []],
    ["a lower one", () => subordinate(0), []],
    ["the root's own pathLen", () => constrained(hex("020102")), ["path_len_is_below_the_root_s"]],
    ["no pathLen", () => constrained(), ["path_len_is_below_the_root_s"]],
    ["a negative pathLen", () => constrained(hex("0201ff")), ["ERR_DER_STRUCTURE"]],
    [
      "no keyUsage",
      () => replaceExtension(subordinate(), OID.keyUsage, undefined, false),
      ["extensions_are_the_profile_s"],
    ],
    ["cRLSign beside keyCertSign", () => used(5, 6), []],
    ["cRLSign alone", () => used(6), ["e_ca_key_cert_sign_not_set"]],
    ["keyEncipherment", () => used(2, 5), ["key_usage_fits_the_key"]],
    [
      "a purpose that no bit goes with, which bounds its leaves",
      () =>
        replaceExtension(
          subordinate(),
          OID.extendedKeyUsage,
          sequence(objectIdentifier(USAGES["server auth"].oid)),
          false,
        ),
      [],
    ],
  ])("%s", (_, tbs, rules) => {
    expect(rulesBrokenBy(tbs(), { from: ca, profile: "General", isCa: true })).toEqual(rules);
  });

  test.each([9, undefined])("pathLen %s below a root without one", async (pathLength) => {
    const from = await authority("ECDSA-P256", 1, NOW, { profile: "General" });
    expect(rulesBrokenBy(subordinate(pathLength, from), { from, profile: "General", isCa: true })).toEqual([]);
  });
});
