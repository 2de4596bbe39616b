/** One question that AWS's documentation leaves open, and the answers that it may have. */
interface Unknown {
  readonly question: string;
  /** What each answer means. The first is the default. */
  readonly positions: Readonly<Record<string, string>>;
}

/**
 * Every open question, by the name of its setting. The defaults are the answers that refuse most, but where something is
 * known to have worked: what works with them works with the others, unless it leans on a refusal.
 */
export const UNKNOWNS = {
  thirdCertificate: {
    question: "A bundle with more than two certificates?",
    positions: { refuse: "ValidationException", ignore: "Stored, and only the first two count" },
  },
  bundleLimit: {
    question: "How many characters may a bundle have? AWS's models differ",
    positions: { "8000": "8,000", "16000": "16,000" },
  },
  caOutsideValidity: {
    question: "A CA certificate that has expired or is not yet valid, when it is sent? It never ends a path",
    positions: { refuse: "ValidationException", accept: "Stored" },
  },
  sameSubjectAndKey: {
    question: "Two certificates with one subject and key in a bundle?",
    positions: { accept: "Stored, and both are tried", refuse: "ValidationException" },
  },
  publicCa: {
    question: "How is a public CA told, whose certificates cannot be trust anchors?",
    positions: { accept: "It is not looked for", refuse: "A root of Mozilla's list: ValidationException" },
  },
  bundleReadBack: {
    question: "How does a bundle read back?",
    positions: {
      verbatim: "As it was sent",
      "trailing-newline": "With one more newline at its end",
      crlf: "With CRLF for each newline",
      reversed: "With its certificates in the opposite order",
    },
  },
  enabledOmitted: {
    question: "What are a trust anchor and a profile whose `enabled` is left out? CRLs are known to be disabled",
    positions: { disabled: "Disabled", enabled: "Enabled" },
  },
  anchorWithCrls: {
    question: "Deleting a trust anchor that has CRLs?",
    positions: {
      refuse: "ValidationException",
      "delete-crls": "Deletes them too",
      "keep-crls": "Leaves them, and their places stay taken",
    },
  },
  quotaError: {
    question: "Which error has a third CRL, a 51st trust anchor, a 251st profile?",
    positions: { validation: "ValidationException", "quota-exceeded": "402 ServiceQuotaExceededException" },
  },
  derCrl: {
    question: "A CRL in DER?",
    positions: { refuse: "ValidationException", accept: "Stored, and reads back as sent" },
  },
  emptyCrl: {
    question: "A CRL without an entry?",
    positions: { refuse: "ValidationException", accept: "Stored" },
  },
  foreignCrl: {
    question: "A CRL that no certificate of the bundle has signed?",
    positions: { refuse: "ValidationException", accept: "Stored, and counts for nothing" },
  },
  crlOutsideValidity: {
    question: "A CRL that has expired or is not yet valid, when it is sent?",
    positions: { refuse: "ValidationException", accept: "Stored" },
  },
  expiredCrl: {
    question: "What does an imported CRL do once its nextUpdate has passed?",
    positions: {
      enforce: "It goes on refusing what it lists",
      "deny-issuer": "Every certificate of its issuer is refused",
      ignore: "It counts no more",
    },
  },
  lowerCrlNumber: {
    question: "An update by a CRL with a lower number?",
    positions: { accept: "Stored", refuse: "ValidationException" },
  },
  unusualCrl: {
    question: "A delta, indirect or partitioned CRL?",
    positions: { refuse: "ValidationException", accept: "Stored, and what it lists counts" },
  },
  importForUnknownAnchor: {
    question: "ImportCrl for a trust anchor that does not exist?",
    positions: { refuse: "ValidationException, as the operation models no other", accept: "Stored" },
  },
  crlReadBack: {
    question: "How does a CRL read back? It is known to come back as sent",
    positions: {
      verbatim: "As it was sent",
      "trailing-newline": "With one more newline at its end",
      crlf: "With CRLF for each newline",
    },
  },
  twoCrlsOfOneIssuer: {
    question: "Two enabled CRLs of one issuer?",
    positions: { union: "Count together", newest: "Only the one with the later thisUpdate counts" },
  },
  revokedIntermediate: {
    question: "A leaf below a revoked intermediate?",
    positions: { refuse: "`Certificate revoked`", ignore: "Intermediates are not looked up" },
  },
  sessionPropagation: {
    question: "When does a change reach CreateSession? It is reported to be at once",
    positions: { "at-once": "With the next call", "30-seconds": "30 seconds after reads show it" },
  },
  sessionThrottling: {
    question: "What is answered to a burst of CreateSession?",
    positions: {
      throttling: "As to every other call",
      "unable-to-assume": "403 AccessDeniedException `Unable to assume role for …`",
    },
  },
  throttlingError: {
    question: "What is throttling on the wire?",
    positions: {
      "429-throttling": "429 ThrottlingException",
      "400-throttling": "400 ThrottlingException",
      "429-too-many-requests": "429 TooManyRequestsException",
    },
  },
  clockSkew: {
    question: "How far may a request's time be off?",
    positions: { "5-minutes": "Five minutes either way", "15-minutes": "Fifteen minutes either way" },
  },
  disabledResource: {
    question: "CreateSession with a disabled trust anchor or profile?",
    positions: { "access-denied": "AccessDeniedException", "not-found": "ResourceNotFoundException" },
  },
  unknownArn: {
    question: "CreateSession with a trust anchor or profile that does not exist?",
    positions: { "not-found": "ResourceNotFoundException", "access-denied": "AccessDeniedException" },
  },
  chainHeader: {
    question: "Order of X-Amz-X509-Chain, a repeated leaf, an included root?",
    positions: {
      tolerant: "Any order; leaf and root are skipped, and count toward five",
      strict: "Each must have issued the one before it; leaf and root are refused",
    },
  },
  extendedKeyUsage: {
    question: "A leaf without the extended key usage clientAuth?",
    positions: { ignore: "Is as good as any", "client-auth": "`Untrusted certificate. Insufficient certificate`" },
  },
  sourceIdentity: {
    question: "Which characters may a source identity have?",
    positions: { wide: "Those of the CreateSession page", narrow: "Those of STS: no space, colon or slash" },
  },
  pageSizeLimit: {
    question: "How many items may a page have?",
    positions: { "1000": "1 to 1,000", "100": "1 to 100" },
  },
  pageToken: {
    question: "What does a page token point at?",
    positions: {
      item: "The last item; refused once that is gone",
      position: "A position in the list; items slip past it when others come or go",
    },
  },
  importCrlResource: {
    question: "Which resource must a policy allow ImportCrl on?",
    positions: { both: "The trust anchor and `crl/*`", "trust-anchor": "The trust anchor", crl: "`crl/*`" },
  },
  collectionResource: {
    question: "Which resource must a policy allow List and Create operations on?",
    positions: {
      everything: "`*`, as the service authorization reference has it",
      kind: "`trust-anchor/*` and so on, as AWS's own managed policies have it",
    },
  },
} as const;

export type UnknownName = keyof typeof UNKNOWNS;

/** The answer that the emulator gives to each question now. */
export type Unknowns = { -readonly [Name in UnknownName]: keyof (typeof UNKNOWNS)[Name]["positions"] };

/** A setting that does not exist, or not with this position. `message` names both and the choice. */
export class UnknownsError extends Error {
  readonly code = "ERR_UNKNOWNS";

  constructor(message: string) {
    super(message);
    this.name = "UnknownsError";
  }
}

/** The default position of every question, and what is given instead. @throws {UnknownsError} */
export function positionsOf(given: Partial<Unknowns>): Unknowns {
  const questions: Readonly<Record<string, Unknown>> = UNKNOWNS;
  const defaults = Object.entries(questions).map(([name, { positions }]) => [name, Object.keys(positions)[0]] as const);
  return { ...(Object.fromEntries(defaults) as unknown as Unknowns), ...readPositions(given) };
}

/** The positions that are given, checked. @throws {UnknownsError} */
export function readPositions(given: Readonly<Record<string, unknown>>): Partial<Unknowns> {
  for (const [name, position] of Object.entries(given)) {
    if (!Object.hasOwn(UNKNOWNS, name)) {
      throw new UnknownsError(`unknowns.${name}: no such question; there are ${Object.keys(UNKNOWNS).join(", ")}`);
    }
    const { positions } = UNKNOWNS[name as UnknownName];
    if (typeof position !== "string" || !Object.hasOwn(positions, position)) {
      throw new UnknownsError(`unknowns.${name}: must be one of ${Object.keys(positions).join(", ")}`);
    }
  }
  return given;
}
