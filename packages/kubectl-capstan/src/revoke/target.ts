import { UsageError } from "../exit-code.ts";
import { parseSerialArgument } from "../serial-argument.ts";

/** What a user may name to say which certificates are meant. */
export type TargetKind =
  | "issuedCertificate"
  | "certificate"
  | "certificateRequest"
  | "pod"
  | "secret"
  | "serviceAccount";

export type Target =
  | { readonly kind: "serial"; readonly serial: string }
  | { readonly kind: TargetKind; readonly name: string };

/** Each kind by the names that kubectl writes and takes, `-o name` included. */
const kinds: Readonly<Record<string, TargetKind>> = Object.fromEntries([
  ...spellings("issuedCertificate", ["icert", "issuedcertificate", "issuedcertificates"], "capstan.dev"),
  ...spellings("certificate", ["cert", "certificate", "certificates"], "cert-manager.io"),
  ...spellings("certificateRequest", ["cr", "certificaterequest", "certificaterequests"], "cert-manager.io"),
  ...spellings("pod", ["po", "pod", "pods"]),
  ...spellings("secret", ["secret", "secrets"]),
  ...spellings("serviceAccount", ["sa", "serviceaccount", "serviceaccounts"]),
]);

function spellings(
  kind: TargetKind,
  names: readonly string[],
  group?: string,
): readonly (readonly [string, TargetKind])[] {
  return names.flatMap((name) => [
    [name, kind] as const,
    ...(group === undefined ? [] : [[`${name}.${group}`, kind] as const]),
  ]);
}

// RFC 1123 subdomain, the rule for names of all these kinds.
const objectName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** @throws {UsageError} for a kind that cannot be revoked, a name that cannot exist, and what is no serial number */
export function parseTarget(text: string): Target {
  const slash = text.indexOf("/");
  if (slash < 0) return { kind: "serial", serial: parseSerialArgument(text) };
  const kind = Object.hasOwn(kinds, text.slice(0, slash)) ? kinds[text.slice(0, slash)] : undefined;
  const name = text.slice(slash + 1);
  if (kind === undefined) {
    throw new UsageError(
      `${JSON.stringify(text)}: ${JSON.stringify(text.slice(0, slash))} cannot be revoked; give a serial number, icert/NAME, certificate/NAME, certificaterequest/NAME, pod/NAME, secret/NAME or serviceaccount/NAME`,
    );
  }
  if (name.length > 253 || !objectName.test(name)) {
    throw new UsageError(`${JSON.stringify(text)}: ${JSON.stringify(name)} is not an object's name`);
  }
  return { kind, name };
}
