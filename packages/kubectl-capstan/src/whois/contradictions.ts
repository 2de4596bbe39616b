import type { IssuedCertificate } from "@capstan/api";
import { formatTime } from "../output/human-time.ts";
import type { NameValues, PresentedCertificate } from "../presented-certificate.ts";
import type { Clue, SessionClaims } from "./clue.ts";
import { serialOfSessionName, whyForeign } from "./read-serial.ts";

/** AWS's clock and ours may differ by this much. */
const skewMs = 5 * 60_000;

/** What CloudTrail says of a session that cannot be true of the certificate in the record, one fact each. */
export function contradictions(
  { session, certificate }: Clue,
  recorded: PresentedCertificate,
  record: IssuedCertificate,
): readonly string[] {
  if (session === undefined) return [];
  return [
    ...timeContradictions(session, recorded),
    // A profile may let callers choose the session's name: then it is no serial number, or somebody else's.
    ...(certificate === undefined ? [] : nameContradictions(session, recorded)),
    ...sourceIdentityContradictions(session, recorded),
    ...tagContradictions(session, recorded, record),
  ];
}

function timeContradictions(
  { openedAt, refusal }: SessionClaims,
  { notBefore, notAfter }: PresentedCertificate,
): readonly string[] {
  // Whoever is refused may hold an expired certificate.
  if (openedAt === undefined || refusal !== undefined) return [];
  if (openedAt >= notBefore - skewMs && openedAt <= notAfter + skewMs) return [];
  return [
    `the session was opened at ${formatTime(openedAt)}, the certificate is valid from ${formatTime(notBefore)} to ${formatTime(notAfter)}`,
  ];
}

function nameContradictions({ sessionName = "" }: SessionClaims, { serial }: PresentedCertificate): readonly string[] {
  const named = serialOfSessionName(sessionName);
  if (named === undefined || named === serial || whyForeign(named) !== undefined) return [];
  return [`the session bears the name ${sessionName}, another certificate's serial number`];
}

/**
 * CreateSession sets it: "CN=" and the common name, or the name alone from 62 characters on, or "ID=" and the serial
 * number of a certificate without one (IAM Roles Anywhere User Guide, "Trust model").
 */
function sourceIdentityContradictions(
  { sourceIdentity }: SessionClaims,
  { subjectValues, serial }: PresentedCertificate,
): readonly string[] {
  const [name, ...others] = subjectValues["CN"] ?? [];
  // How several common names are joined is not documented.
  if (sourceIdentity === undefined || others.length > 0) return [];
  const expected = name === undefined ? [`ID=${serial}`, `ID=00${serial}`] : [`CN=${name}`, name];
  if (expected.includes(sourceIdentity)) return [];
  return [
    `the session's source identity is ${JSON.stringify(sourceIdentity)}, the certificate's ${JSON.stringify(expected[0])}`,
  ];
}

/** Subject and issuer come as one tag for each type of attribute, its values joined by "/" (User Guide, "Attribute mapping"). */
function tagContradictions(
  { tags }: SessionClaims,
  { subjectValues, issuerValues }: PresentedCertificate,
  { spec }: IssuedCertificate,
): readonly string[] {
  return Object.entries(tags).flatMap(([key, value]) => {
    const [field, type = ""] = key.split("/");
    const mine = ownValues(field ?? "", type);
    if (mine === undefined || mine.includes(value)) return [];
    const real = mine.length === 0 ? "has none" : `says ${mine.map((one) => JSON.stringify(one)).join(", ")}`;
    return [`the session's tag ${key} is ${JSON.stringify(value)}, the certificate ${real}`];
  });

  /** What the tag may be; undefined for a tag that is not looked at. */
  function ownValues(field: string, type: string): readonly string[] | undefined {
    if (field === "x509Subject") return joined(subjectValues, type);
    if (field === "x509Issuer") return joined(issuerValues, type);
    if (field === "x509SAN" && type === "DNS") return spec.dnsNames ?? [];
    if (field === "x509SAN" && type === "URI") return spec.uris ?? [];
    return undefined;
  }
}

/** Attributes that every tool names alike; others may come by their OID. */
const comparedTypes: readonly string[] = ["CN", "O", "OU", "C", "ST", "L"];

function joined(values: NameValues, type: string): readonly string[] | undefined {
  if (!comparedTypes.includes(type)) return undefined;
  const mine = values[type] ?? [];
  return mine.length === 0 ? [] : [mine.join("/")];
}
