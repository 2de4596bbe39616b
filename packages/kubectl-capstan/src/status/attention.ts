import { type AuthorityOperation, authorityReasons, type CertificateAuthority, type Condition } from "@capstan/api";
import { conditionOf, isTrue } from "../conditions.ts";
import { formatAgo, formatDay } from "../output/human-time.ts";
import { recordedLine } from "../revoke/revocation.ts";
import type { Issuer, Status } from "./read-status.ts";

/** Worst first: what somebody has to mend; what is not as it should be yet, or was ordered so; what is good to know. */
export const levels = ["broken", "waiting", "notice"] as const;

/** Something that is not as it should be. */
export interface Attention {
  readonly level: (typeof levels)[number];
  /** What it is about: `fleet`, `fleet/prod`, `CapstanClusterIssuer/fleet`. */
  readonly about: string;
  readonly what: string;
  /** What to do about it, where that is known. */
  readonly cure?: string;
}

type Level = Attention["level"];

// Three readings, each five minutes after the one before.
const staleReadingMs = 15 * 60_000;

/** What a condition of an authority is when all is well; one that is not listed is not judged. */
const expected: Readonly<Record<string, { readonly status: Condition["status"]; readonly otherwise: Level }>> = {
  Ready: { status: "True", otherwise: "broken" },
  TrustAnchorsInSync: { status: "True", otherwise: "broken" },
  CRLCurrent: { status: "True", otherwise: "broken" },
  CRLCapacity: { status: "True", otherwise: "broken" },
  Drift: { status: "False", otherwise: "broken" },
  Rotating: { status: "False", otherwise: "notice" },
};

/** Reasons that pass by themselves, or that somebody ordered. */
const milder: Readonly<Record<string, Level>> = {
  [authorityReasons.registering]: "waiting",
  [authorityReasons.frozen]: "waiting",
  [authorityReasons.anchorDisabled]: "waiting",
  [authorityReasons.awsUnavailable]: "waiting",
  [authorityReasons.crlFilling]: "notice",
  [authorityReasons.crlReasonsLeftOut]: "waiting",
};

const cures: Readonly<Record<string, (authority: string) => string>> = {
  [authorityReasons.keyMissing]: (name) =>
    `restore its key Secret from a backup, or replace the generation: kubectl capstan rotate ${name}`,
  [authorityReasons.unknownCertificate]: (name) =>
    `after a restore: kubectl capstan recover ${name}; else find out who put it there and remove it in AWS`,
  [authorityReasons.frozen]: (name) => `kubectl capstan unfreeze ${name}`,
};

/** Everything that is not as it should be, worst first. Conditions decide; what they do not tell is added. */
export function attentionOf(status: Status, now: number): readonly Attention[] {
  const { authorities, clusterIssuers, issuers, revocations, operations } = status;
  const issuersRead = [clusterIssuers, issuers].flatMap((part): readonly Issuer[] =>
    "items" in part ? part.items : [],
  );
  const waiting = "items" in revocations ? revocations.items : [];
  const found: readonly Attention[] = [
    ...authorities.items.flatMap((authority) => ofAuthority(authority, now)),
    ...issuersRead.flatMap(ofIssuer),
    ...waiting.map((revocation) => {
      const accepted = conditionOf(revocation, "Accepted");
      const { namespace = "", name } = revocation.metadata;
      const unsaid = revocation.status?.serial === undefined ? "nobody has looked at it yet" : recordedLine;
      const said = conditionOf(revocation, "Published")?.message ?? accepted?.message ?? unsaid;
      const level: Level = accepted?.status === "Unknown" ? "broken" : "waiting";
      return { level, about: `Revocation/${namespace}/${name}`, what: `not published: ${said}` };
    }),
    ...("items" in operations ? operations.items : []).map(ofOperation),
  ];
  return levels.flatMap((level) => found.filter((one) => one.level === level));
}

/** Somebody has to mend something. */
export function isDegraded(found: readonly Attention[]): boolean {
  return found.some(({ level }) => level === "broken");
}

/** Nothing is broken, and nothing is waited for. */
export function isSettled(found: readonly Attention[]): boolean {
  return found.every(({ level }) => level === "notice");
}

function ofAuthority(authority: CertificateAuthority, now: number): readonly Attention[] {
  const { metadata, spec, status } = authority;
  const { name: about } = metadata;
  const ignored = new Set((spec.trustAnchors ?? []).flatMap(({ name, ignore }) => (ignore === true ? [name] : [])));
  return [
    ...(conditionOf(authority, "Ready") === undefined
      ? [{ level: "waiting", about, what: "nobody has looked at it yet: is the crl-publisher running?" } as const]
      : []),
    ...(status?.conditions ?? []).flatMap((condition) => ofCondition(condition, about)),
    ...(status?.observedGeneration !== undefined && status.observedGeneration !== metadata.generation
      ? [{ level: "waiting", about, what: "the publisher has not yet handled the newest spec" } as const]
      : []),
    ...(metadata.deletionTimestamp === undefined
      ? []
      : [
          {
            level: "waiting",
            about,
            what: `is being deleted since ${formatAgo(metadata.deletionTimestamp, now)}`,
            cure: `to let it go before its certificates have ended: kubectl capstan release ${about} --aws keep`,
          } as const,
        ]),
    ...endOf(status?.notAfter, about, now),
    ...(status?.generations ?? []).flatMap(({ number, phase, crl }): readonly Attention[] =>
      crl !== undefined && hasLiveCrl.has(phase) && Date.parse(crl.nextUpdate) <= now
        ? [
            {
              level: "broken",
              about,
              what: `the CRL of generation ${number} should have been replaced by ${formatDay(crl.nextUpdate)}`,
              cure: "look into the log of the crl-publisher",
            },
          ]
        : [],
    ),
    ...(status?.disabledTrustAnchors ?? []).map(({ name, requestedBy, since }) => ({
      level: "waiting" as const,
      about: `${about}/${name}`,
      what: `disabled by ${requestedBy} ${formatAgo(since, now)}: nobody gets a session by it`,
      cure: `kubectl capstan unfreeze ${about} --anchor ${name}`,
    })),
    ...(status?.trustAnchors ?? []).flatMap(({ name, readAt }): readonly Attention[] =>
      readAt !== undefined && !ignored.has(name) && now - Date.parse(readAt) > staleReadingMs
        ? [
            {
              level: "waiting",
              about: `${about}/${name}`,
              what: `was read back last ${formatAgo(readAt, now)}: is the crl-publisher running, and can it reach AWS?`,
            },
          ]
        : [],
    ),
  ];
}

const hasLiveCrl: ReadonlySet<string> = new Set(["Published", "Active", "Draining"]);

function endOf(notAfter: string | undefined, about: string, now: number): readonly Attention[] {
  if (notAfter === undefined || Date.parse(notAfter) > now) return [];
  return [
    {
      level: "broken",
      about,
      what: `the active root has ended on ${formatDay(notAfter)}`,
      cure: `kubectl capstan rotate ${about} --wait`,
    },
  ];
}

function ofCondition({ type, status, reason, message }: Condition, authority: string): readonly Attention[] {
  const known = expected[type];
  if (known === undefined || known.status === status) return [];
  const cure = cures[reason]?.(authority);
  const what = message === undefined || message === "" ? `${type} is ${status}: ${reason}` : `${reason}: ${message}`;
  // Of a rotation the reason is what it waits for; it goes on by itself.
  const level = known.otherwise === "notice" ? known.otherwise : (milder[reason] ?? known.otherwise);
  return [{ level, about: authority, what, ...(cure === undefined ? {} : { cure }) }];
}

function ofIssuer(issuer: Issuer): readonly Attention[] {
  if (isTrue(issuer, "Ready")) return [];
  const { namespace, name } = issuer.metadata;
  const ready = conditionOf(issuer, "Ready");
  return [
    {
      level: ready === undefined || ready.reason === "AuthorityNotReady" ? "waiting" : "broken",
      about: `${issuer.kind}/${namespace === undefined ? "" : `${namespace}/`}${name}`,
      what:
        ready === undefined
          ? "nobody has looked at it yet: is the issuer-controller running?"
          : `${ready.reason}: ${ready.message ?? ""}`,
    },
  ];
}

function ofOperation({ metadata: { name }, spec, status }: AuthorityOperation): Attention {
  const said = status?.message === undefined || status.message === "" ? "nobody has looked at it yet" : status.message;
  return {
    level: "waiting",
    about: spec.authority,
    what: `operation ${name} (${spec.kind}) by ${spec.requestedBy} is under way: ${said}`,
  };
}
