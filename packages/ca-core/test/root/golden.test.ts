import { expect, test } from "vitest";
import { comparable, goldenAuthority, type GoldenRoot } from "../support/golden.ts";

const subject = { commonName: "Golden CA" };
const century = { notBefore: new Date("2049-12-31T23:59:59Z"), notAfter: new Date("2099-12-31T23:59:59Z") };

// Roots as bytes in test/golden/root, so that no change of what builds them goes unseen.
const ROOTS: readonly GoldenRoot[] = [
  { name: "roles-anywhere", algorithm: "RSA-2048", profile: "RolesAnywhere" },
  { name: "roles-anywhere", algorithm: "ECDSA-P256", profile: "RolesAnywhere" },
  { name: "roles-anywhere", algorithm: "ECDSA-P384", profile: "RolesAnywhere" },
  {
    name: "roles-anywhere-without-organization",
    algorithm: "RSA-2048",
    profile: "RolesAnywhere",
    changes: { subject },
  },
  {
    name: "roles-anywhere-utf8",
    algorithm: "RSA-2048",
    profile: "RolesAnywhere",
    changes: { subject: { commonName: "a_b@c" } },
  },
  { name: "roles-anywhere-after-2049", algorithm: "RSA-2048", profile: "RolesAnywhere", changes: century },
  { name: "general", algorithm: "RSA-2048", profile: "General" },
  { name: "general", algorithm: "ECDSA-P384", profile: "General" },
  { name: "general-path-length-2", algorithm: "RSA-2048", profile: "General", changes: { pathLength: 2 } },
];

test.each(ROOTS)("the root $name of type $algorithm is the golden file", async (shape) => {
  const { made, kept } = await goldenAuthority(shape);
  const { algorithm } = shape;
  expect(Buffer.from(comparable(made.root.der, algorithm)).toString("hex")).toBe(
    Buffer.from(comparable(kept.root.der, algorithm)).toString("hex"),
  );
});
