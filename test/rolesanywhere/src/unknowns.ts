/** One question that AWS's documentation leaves open, and the answers that it may have. */
interface Unknown {
  readonly question: string;
  /** What each answer means. The first is the default: the one that asks most of a client. */
  readonly positions: Readonly<Record<string, string>>;
}

/** Every open question, by the name of its setting. */
export const UNKNOWNS = {
  importCrlResource: {
    question: "Which resource must a policy allow ImportCrl on?",
    positions: {
      both: "The trust anchor and `crl/*`",
      "trust-anchor": "The trust anchor",
      crl: "`crl/*`",
    },
  },
  collectionResource: {
    question: "Which resource must a policy allow List and Create operations on?",
    positions: {
      everything: "`*`, as the service authorization reference has it",
      kind: "`trust-anchor/*` and so on, as AWS's own managed policies have it",
    },
  },
  expiredCrl: {
    question: "What does an imported CRL do once its nextUpdate has passed?",
    positions: {
      enforce: "It goes on refusing what it lists",
      "deny-issuer": "Every certificate of its issuer is refused",
      ignore: "It counts no more",
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
