import { randomUUID } from "node:crypto";
import { type Account, findByArn, resourceArn } from "./account.ts";
import { type Certificate, EXTENDED_KEY_USAGE, isValidAt, KEY_USAGE } from "./certificate.ts";
import { type CertificationPath, findPath } from "./certification-path.ts";
import { isIssuerOf } from "./crl-import.ts";
import type { CertificateRevocationList } from "./crl.ts";
import { uniqueId } from "./credential-store.ts";
import { accessDenied, notEmulated, resourceNotFound, type ServiceError } from "./errors.ts";
import { type IdentityPolicy, parseIdentityPolicy } from "./identity-policy.ts";
import type { Profile } from "./profiles.ts";
import type { Role } from "./roles.ts";
import type { SessionRequest } from "./session-request.ts";
import { readSessionAttributes, type SessionAttributes } from "./session-tags.ts";
import { hasStrongSignature } from "./signed-object.ts";
import type { TrustAnchor } from "./trust-anchors.ts";
import { isAllowed } from "./trust-policy.ts";
import type { Unknowns } from "./unknowns.ts";
import type { ProvenCertificate } from "./x509-signature.ts";

/** The response body. */
interface CreatedSession {
  readonly credentialSet: readonly {
    readonly assumedRoleUser: { readonly arn: string; readonly assumedRoleId: string };
    readonly credentials: {
      readonly accessKeyId: string;
      readonly secretAccessKey: string;
      readonly sessionToken: string;
      readonly expiration: string;
    };
    readonly packedPolicySize: number;
    readonly roleArn: string;
    readonly sourceIdentity: string | undefined;
  }[];
  readonly subjectArn: string;
}

/**
 * Exchanges a certificate for a session of a role, in the order that the service's refusals suggest: the certificate, its
 * path to the anchor, revocation, the profile, then assuming the role.
 * https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-create-session.html
 *
 * @throws {ServiceError}
 */
export function createSession(account: Account, proven: ProvenCertificate, request: SessionRequest): CreatedSession {
  const now = account.now();
  const anchor = findByArn(account.trustAnchors, request.trustAnchorArn);
  if (anchor === undefined) throw unknownArn(account.unknowns, request.trustAnchorArn);
  const profile = findByArn(account.profiles, request.profileArn);
  if (profile === undefined) throw unknownArn(account.unknowns, request.profileArn);
  if (!anchor.enabled) throw disabled(account.unknowns, anchor.arn);

  requireLeafProfile(proven.leaf, account.unknowns, now);
  const path = findPath({
    ...proven,
    anchors: anchor.certificates,
    now,
    strictOrder: account.unknowns.chainHeader === "strict",
  });
  if (path === undefined) throw accessDenied("Untrusted signing certificate");
  requireNotRevoked(account, anchor, path, now);

  if (!profile.enabled) throw disabled(account.unknowns, profile.arn);
  const role = account.roles.get(request.roleArn);
  if (role === undefined || !profile.roleArns.includes(role.arn)) throw unableToAssume(request.roleArn);
  const attributes = readSessionAttributes(proven.leaf, account.unknowns);
  requireTrust(account, anchor, role, attributes);
  const sessionName = sessionNameOf(profile, request, attributes);
  const durationSeconds = sessionDuration(profile, role, request);
  const policies = sessionPolicies(account, profile);
  return issue({ account, role, policies, attributes, sessionName, leaf: proven.leaf, durationSeconds, now });
}

function requireLeafProfile(leaf: Certificate, unknowns: Readonly<Unknowns>, now: Date): void {
  const fits =
    !leaf.isCa &&
    leaf.keyUsage?.has(KEY_USAGE.digitalSignature) === true &&
    leaf.unknownCritical.length === 0 &&
    (unknowns.extendedKeyUsage === "ignore" ||
      leaf.extendedKeyUsage?.includes(EXTENDED_KEY_USAGE.clientAuth) === true) &&
    hasStrongSignature(leaf);
  if (!fits) throw accessDenied("Untrusted certificate. Insufficient certificate");
  if (leaf.subject.attributes.length === 0) throw accessDenied("Untrusted certificate. The subject is empty.");
  if (!isValidAt(leaf, now)) throw accessDenied("Untrusted certificate. It has expired or is not yet valid.");
}

/** Checks every certificate below the anchor against the enabled CRLs of its own issuer. */
function requireNotRevoked(account: Account, anchor: TrustAnchor, path: CertificationPath, now: Date): void {
  const lists = [...account.crls.values()]
    .filter((crl) => crl.enabled && crl.trustAnchorArn === anchor.arn)
    .map((crl) => crl.list)
    .filter((list) => now <= list.nextUpdate || account.unknowns.expiredCrl !== "ignore")
    // A list whose signer has left the bundle since its import counts no more.
    .filter((list) => anchor.certificates.some((certificate) => isIssuerOf(list, certificate)));
  for (const [index, issuer] of path.entries()) {
    const child = path[index - 1];
    if (child === undefined) continue;
    if (index > 1 && account.unknowns.revokedIntermediate === "ignore") continue;
    for (const list of countingLists(lists, issuer, account.unknowns)) {
      if (list.revoked.has(child.serial)) throw accessDenied("Certificate revoked");
      if (list.nextUpdate < now && account.unknowns.expiredCrl === "deny-issuer") {
        throw accessDenied("The certificate revocation list of the issuer has expired.");
      }
    }
  }
}

function countingLists(
  lists: readonly CertificateRevocationList[],
  issuer: Certificate,
  { twoCrlsOfOneIssuer }: Pick<Unknowns, "twoCrlsOfOneIssuer">,
): readonly CertificateRevocationList[] {
  const own = lists.filter((list) => isIssuerOf(list, issuer));
  if (twoCrlsOfOneIssuer === "union") return own;
  return own.toSorted((a, b) => b.thisUpdate.getTime() - a.thisUpdate.getTime()).slice(0, 1);
}

function requireTrust(account: Account, anchor: TrustAnchor, role: Role, attributes: SessionAttributes): void {
  const { tags, unmapped, sourceIdentity } = attributes;
  const context = new Map([
    ["aws:sourcearn", anchor.arn],
    ["aws:sourceaccount", account.id],
    ["sts:sourceidentity", sourceIdentity ?? ""],
    ...Array.from(tags, ([key, value]) => [`aws:principaltag/${key.toLowerCase()}`, value] as const),
  ]);
  if (sourceIdentity !== undefined && isAllowed(role.trustPolicy, context)) return;
  const { issuer, subject, san } = unmapped;
  if (issuer.length + subject.length + san.length === 0) throw unableToAssume(role.arn);
  const shown = (specifiers: readonly string[]): string => `[ ${specifiers.join(", ")} ]`;
  throw accessDenied(
    `Unable to assume role. Some attributes failed to be mapped into session tags. Issuer: ${shown(issuer)}; Subject: ${shown(subject)}; SAN: ${shown(san)}`,
  );
}

function sessionNameOf(profile: Profile, request: SessionRequest, attributes: SessionAttributes): string {
  if (request.roleSessionName === undefined) return attributes.sessionName;
  if (!profile.acceptRoleSessionName) throw accessDenied("The profile does not accept a custom role session name.");
  return request.roleSessionName;
}

/** What the profile leaves of the role's rights; undefined when it takes nothing. */
function sessionPolicies(account: Account, profile: Profile): readonly IdentityPolicy[] | undefined {
  const { sessionPolicy, managedPolicyArns } = profile;
  if (sessionPolicy === undefined && managedPolicyArns.length === 0) return undefined;
  const managed = managedPolicyArns.map((arn) => {
    const policy = account.managedPolicies.get(arn);
    if (policy === undefined) throw notEmulated(`the managed policy ${arn}, unless it is given at start`);
    return policy;
  });
  return sessionPolicy === undefined ? managed : [...managed, parseSessionPolicy(sessionPolicy)];
}

function parseSessionPolicy(text: string): IdentityPolicy {
  try {
    return parseIdentityPolicy(JSON.parse(text), "sessionPolicy");
  } catch (error) {
    // Whether AWS would take it is not known, so neither answer would be right.
    throw notEmulated(`this session policy: ${error instanceof Error ? error.message : ""}`);
  }
}

/** The smaller of what the profile allows and the request asks, refused when over the role's own maximum. */
function sessionDuration(profile: Profile, role: Role, request: SessionRequest): number {
  const durationSeconds = Math.min(profile.durationSeconds, request.durationSeconds ?? profile.durationSeconds);
  if (durationSeconds > role.maxSessionDurationSeconds) {
    throw accessDenied(
      `Unable to assume role for ${role.arn}. The requested DurationSeconds exceeds the MaxSessionDuration set for this role.`,
    );
  }
  return durationSeconds;
}

function issue(options: {
  readonly account: Account;
  readonly role: Role;
  readonly policies: readonly IdentityPolicy[] | undefined;
  readonly attributes: SessionAttributes;
  readonly sessionName: string;
  readonly leaf: Certificate;
  readonly durationSeconds: number;
  readonly now: Date;
}): CreatedSession {
  const { account, role, policies, attributes, sessionName, leaf, durationSeconds, now } = options;
  // Whole seconds, as the service prints them.
  const expiresAt = new Date(Math.floor(now.getTime() / 1000 + durationSeconds) * 1000);
  const arn = `arn:${account.partition}:sts::${account.id}:assumed-role/${role.name}/${sessionName}`;
  const userId = `${uniqueId("AROA", role.arn)}:${sessionName}`;
  const session = account.credentials.issueSession(
    {
      arn,
      userId,
      session: {
        roleArn: role.arn,
        issuedAt: now,
        sourceIdentity: attributes.sourceIdentity ?? "",
        tags: attributes.tags,
        policies,
      },
    },
    expiresAt,
  );
  return {
    credentialSet: [
      {
        assumedRoleUser: { arn, assumedRoleId: userId },
        credentials: {
          accessKeyId: session.accessKeyId,
          secretAccessKey: session.secretAccessKey,
          sessionToken: session.sessionToken,
          expiration: expiresAt.toISOString().replace(".000Z", "Z"),
        },
        // How STS packs policies and tags is not documented.
        packedPolicySize: 0,
        roleArn: role.arn,
        sourceIdentity: attributes.sourceIdentity,
      },
    ],
    subjectArn: subjectArn(account, leaf),
  };
}

/** One subject for each distinguished name. */
function subjectArn(account: Account, leaf: Certificate): string {
  const key = Buffer.from(leaf.subject.der).toString("hex");
  const id = account.subjects.get(key) ?? randomUUID();
  account.subjects.set(key, id);
  return resourceArn(account, "subject", id);
}

/** A trust anchor or profile that CreateSession does not find. */
export function unknownArn(unknowns: Pick<Unknowns, "unknownArn">, arn: string): ServiceError {
  return unknowns.unknownArn === "not-found"
    ? resourceNotFound(`Resource not found: ${arn}`)
    : accessDenied("The trust anchor or profile does not exist.");
}

function disabled(unknowns: Pick<Unknowns, "disabledResource">, arn: string): ServiceError {
  return unknowns.disabledResource === "not-found"
    ? resourceNotFound(`Resource not found: ${arn}`)
    : accessDenied(`The ${arn.includes(":profile/") ? "profile" : "trust anchor"} is disabled.`);
}

export function unableToAssume(roleArn: string): ServiceError {
  return accessDenied(`Unable to assume role for ${roleArn}.`);
}
