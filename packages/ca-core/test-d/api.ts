/*
 * What the types of this package promise, and what they forbid. Nothing here runs: the assertion is that it compiles, and
 * that every line below `@ts-expect-error` does not.
 */
import {
  checkAgainstProfile,
  checkCertificationRequest,
  chooseValidity,
  CaError,
  encodeCrl,
  issueLeaf,
  nextCrlNumber,
  parseCrlNumber,
  parseSerial,
  PROFILES,
  type CaErrorCode,
  type CertificationRequest,
  type CheckResult,
  type Crl,
  type CrlNumber,
  type KeyAlgorithm,
  type Leaf,
  type LeafKeyAlgorithm,
  type LeafTicket,
  type Profile,
  type Root,
  type SerialHex,
  type Signer,
  type SigningRequest,
  type Validity,
  type Violation,
  type ViolationCode,
} from "@capstan/ca-core";

declare function expectType<T>(value: T): void;

declare const root: Root;
declare const signer: Signer;
declare const ticket: LeafTicket;
declare const request: CertificationRequest;
declare const now: Date;

// A checked request is either a value or at least one violation, never both.
const checked = checkCertificationRequest("");
expectType<CheckResult<CertificationRequest>>(checked);
if (checked.ok) {
  expectType<CertificationRequest>(checked.value);
  // @ts-expect-error a request that passed has no violations
  void checked.violations;
} else {
  expectType<Violation>(checked.violations[0]);
  // @ts-expect-error a refused request has no value
  void checked.value;
}
// @ts-expect-error the result must be looked at before the value is used
void checkCertificationRequest("").value;

// Numbers and serials have types of their own: neither a bigint nor a text passes for one.
expectType<SerialHex>(parseSerial("4f1c"));
expectType<string>(parseSerial("4f1c"));
expectType<CrlNumber>(nextCrlNumber({ now }));
expectType<CrlNumber>(parseCrlNumber("1"));
// @ts-expect-error a serial is made by parseSerial
expectType<SerialHex>("4f1c");
// @ts-expect-error a CRL number is made by nextCrlNumber or parseCrlNumber
expectType<CrlNumber>(1n);
// @ts-expect-error the number of a CRL is no bigint
void encodeCrl({ root, signer, number: 2n, thisUpdate: now, nextUpdate: now, entries: [] });

// A ticket cannot be made by hand.
expectType<Promise<Leaf>>(issueLeaf({ ticket, signer }));
// @ts-expect-error an object is no ticket
void issueLeaf({ ticket: {}, signer });

// A CA signs with RSA or ECDSA; Ed25519 is for leaves alone.
expectType<LeafKeyAlgorithm>("Ed25519");
// @ts-expect-error Ed25519 is for leaves
expectType<KeyAlgorithm>("Ed25519");

// Signers are asynchronous, and are shown message, digest and hash.
declare const asked: SigningRequest;
expectType<Promise<Uint8Array>>(signer.sign(asked));
const synchronous: Signer = {
  algorithm: "ECDSA-P256",
  publicKeySpki: new Uint8Array(0),
  // @ts-expect-error a signer answers with a promise
  sign: ({ message }) => message,
};
void synchronous;

// Profiles are a closed table.
expectType<Profile>(PROFILES.General);
// @ts-expect-error there is no such profile
void PROFILES.Anything;
// @ts-expect-error there is no such profile
void checkAgainstProfile({ profile: "Anything", request });
// @ts-expect-error profiles are not for callers to change
PROFILES.General.mayIssueCa = false;

// Validity says either two dates or a reason, and reasons are a closed list.
const validity: Validity = chooseValidity({ now, requestedMs: 1, maxMs: 1, overMaximum: "Refuse", root });
if (validity.ok) expectType<Date>(validity.notAfter);
else expectType<string>(validity.reason);

// Codes are closed lists, so that a switch over them can be exhaustive.
expectType<CaErrorCode>(new CaError("ERR_SERIAL", "").code);
// @ts-expect-error there is no such code
expectType<CaErrorCode>("ERR_SOMETHING");
// @ts-expect-error there is no such code
expectType<ViolationCode>("ERR_SOMETHING");

// What was read is not for callers to change.
declare const crl: Crl;
// @ts-expect-error read-only
crl.number = nextCrlNumber({ now });
// @ts-expect-error read-only
root.notAfter = now;
