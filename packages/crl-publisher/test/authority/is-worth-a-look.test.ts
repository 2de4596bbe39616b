import type { CertificateAuthority } from "@capstan/api";
import { expect, test } from "vitest";
import { isWorthALook } from "../../src/authority/is-worth-a-look.ts";
import { authority, now } from "../support/objects.ts";

const same = authority();
const change = (metadata: Partial<CertificateAuthority["metadata"]>, status?: CertificateAuthority["status"]) => ({
  ...authority(status === undefined ? {} : { status }),
  metadata: { ...same.metadata, ...metadata },
});

test.each<
  [
    fact: string,
    previous: CertificateAuthority | undefined,
    current: CertificateAuthority | undefined,
    expected: boolean,
  ]
>([
  ["new", undefined, same, true],
  ["gone", same, undefined, true],
  ["told-again-by-a-resync", same, same, true],
  ["spec-changed", same, change({ generation: 2 }), true],
  ["recreated-under-its-name", same, change({ uid: "another" }), true],
  ["being-deleted", same, change({ deletionTimestamp: now.toISOString() }), true],
  ["status-written-by-ourselves-is-not", same, change({ resourceVersion: "9" }, { activeGeneration: 1 }), false],
  ["labels-alone-are-not", same, change({ labels: { a: "b" } }), false],
])("%s", (_fact, previous, current, expected) => {
  expect(isWorthALook({ previous, current })).toBe(expected);
});
