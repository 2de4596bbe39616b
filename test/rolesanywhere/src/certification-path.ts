import { type Certificate, isValidAt, mayIssue } from "./certificate.ts";
import { sameBytes } from "./distinguished-name.ts";
import { isSignedBy } from "./signed-object.ts";

/** A leaf, the intermediates above it in order, and the certificate of the trust anchor that ends the path. */
export type CertificationPath = readonly [Certificate, ...Certificate[]];

/**
 * Finds a path from the leaf to one of the anchor's certificates (RFC 5280, 6.1), using the presented certificates as
 * intermediates in any order. Every issuer on it must be valid now, be a CA with keyCertSign, keep its pathLen, carry the
 * child's issuer name and verify its signature. Undefined when there is none.
 */
export function findPath(options: {
  readonly leaf: Certificate;
  readonly presented: readonly Certificate[];
  readonly anchors: readonly Certificate[];
  readonly now: Date;
  /** Must the presented certificates be the path itself, in its order, without the leaf and a root? */
  readonly strictOrder: boolean;
}): CertificationPath | undefined {
  const { leaf, anchors, now } = options;
  if (options.strictOrder && !isInOrder(options)) return undefined;
  // A repeated leaf or an included root adds nothing to a path.
  const intermediates = options.presented.filter(
    (certificate) => !sameBytes(certificate.der, leaf.der) && !isSelfSigned(certificate),
  );
  return extend([leaf]);

  function extend(path: CertificationPath): CertificationPath | undefined {
    const child = path.at(-1) ?? leaf;
    const anchor = anchors.find((candidate) => isIssuer(candidate, child, path, now));
    if (anchor !== undefined) return [...path, anchor];
    for (const candidate of intermediates) {
      const usable = candidate.unknownCritical.length === 0;
      if (!usable || path.includes(candidate) || !isIssuer(candidate, child, path, now)) continue;
      const found = extend([...path, candidate]);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

function isIssuer(issuer: Certificate, child: Certificate, path: CertificationPath, now: Date): boolean {
  // pathLen counts the intermediates between this issuer and the leaf (RFC 5280, 4.2.1.9).
  const intermediatesBelow = path.length - 1;
  return (
    sameBytes(issuer.subject.der, child.issuer.der) &&
    isValidAt(issuer, now) &&
    mayIssue(issuer) &&
    (issuer.pathLength === undefined || intermediatesBelow <= issuer.pathLength) &&
    isSignedBy(child, issuer.publicKey)
  );
}

function isInOrder(options: {
  readonly leaf: Certificate;
  readonly presented: readonly Certificate[];
  readonly now: Date;
}): boolean {
  let path: CertificationPath = [options.leaf];
  for (const certificate of options.presented) {
    const child = path.at(-1) ?? options.leaf;
    if (isSelfSigned(certificate) || !isIssuer(certificate, child, path, options.now)) return false;
    path = [...path, certificate];
  }
  return true;
}

function isSelfSigned(certificate: Certificate): boolean {
  return sameBytes(certificate.subject.der, certificate.issuer.der) && isSignedBy(certificate, certificate.publicKey);
}
