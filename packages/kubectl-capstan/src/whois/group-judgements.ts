import type { Judgement } from "./judgement.ts";

/** What CloudTrail tells of a subject's sessions, all events together. */
export interface Sessions {
  readonly events: number;
  /** Events that say that AWS refused a session. */
  readonly refused: number;
  /** Times of the first and last event, RFC 3339. */
  readonly first: string;
  readonly last: string;
  readonly roleArns: readonly string[];
}

/** One subject: a certificate, or what claims to be one, with all that was said of it. */
export interface Subject extends Judgement {
  /** Undefined when no event of CloudTrail told of it. */
  readonly sessions: Sessions | undefined;
}

/**
 * Brings the judgements of one certificate together, in the order of their first appearance. What contradicts a record
 * stays apart from what agrees with it, and from what contradicts it otherwise.
 */
export function groupJudgements(judgements: readonly Judgement[]): readonly Subject[] {
  const groups = Map.groupBy(judgements, ({ serial, verdict, evidence, clue }) =>
    verdict === "Issued"
      ? `${serial} ${verdict}`
      : JSON.stringify([serial, verdict, clue.certificate?.sha256, verdict === "Forged" ? evidence : []]),
  );
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    // Bytes prove more than a name does.
    const best = group.find(({ clue }) => clue.certificate !== undefined) ?? first;
    return [{ ...best, sessions: sessionsOf(group) }];
  });
}

function sessionsOf(group: readonly Judgement[]): Sessions | undefined {
  const sessions = group.flatMap(({ clue }) => clue.session ?? []);
  if (sessions.length === 0) return undefined;
  // RFC 3339 in UTC with whole seconds sorts as text.
  const times = sessions.map(({ eventTime }) => eventTime).toSorted();
  return {
    events: sessions.length,
    refused: sessions.filter(({ refusal }) => refusal !== undefined).length,
    first: times[0] ?? "",
    last: times.at(-1) ?? "",
    roleArns: [...new Set(sessions.flatMap(({ roleArn }) => roleArn ?? []))].toSorted(),
  };
}
