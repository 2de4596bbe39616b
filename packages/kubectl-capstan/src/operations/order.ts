import { apiVersion, type AuthorityOperation, type CertificateAuthority } from "@capstan/api";
import type { NewObject } from "@capstan/kube";

type Spec = AuthorityOperation["spec"];

/** What is ordered of an authority, before it is said who orders it. */
export type Order = Omit<Spec, "requestedBy">;

export type OrderKind = Spec["kind"];

export type Generation = NonNullable<NonNullable<CertificateAuthority["status"]>["generations"]>[number];

/** Each takes back what the other orders. */
const opposites: Readonly<Partial<Record<OrderKind, OrderKind>>> = {
  Freeze: "Unfreeze",
  Unfreeze: "Freeze",
  DisableTrustAnchor: "EnableTrustAnchor",
  EnableTrustAnchor: "DisableTrustAnchor",
};

/** The object to create. The API server completes its name. */
export function newOperation(
  order: Order,
  { namespace, requestedBy }: { readonly namespace: string; readonly requestedBy: string },
): NewObject<AuthorityOperation> {
  const generateName = `${order.authority}-${order.kind.toLowerCase()}-`;
  return {
    apiVersion,
    kind: "AuthorityOperation",
    metadata: { generateName, namespace },
    spec: { ...order, requestedBy },
  };
}

/** Done, refused, or deleted before anybody looked at it. */
export function isOver({ status, metadata }: AuthorityOperation): boolean {
  return status?.phase === "Done" || status?.phase === "Refused" || metadata.deletionTimestamp !== undefined;
}

/** An operation under way that orders the same, and that none since then takes back: another one would change nothing. */
export function findEqualOperation(
  operations: readonly AuthorityOperation[],
  order: Order,
): AuthorityOperation | undefined {
  const open = operations.filter((operation) => !isOver(operation));
  const opposite = opposites[order.kind];
  const takenBackAt = open
    .filter(({ spec }) => opposite !== undefined && identity(spec) === identity({ ...order, kind: opposite }))
    .map(createdAt);
  return (
    open
      .filter(({ spec }) => identity(spec) === identity(order))
      // Whole seconds: which of two in the same one comes first is not known here.
      .find((operation) => takenBackAt.every((at) => at < createdAt(operation)))
  );
}

/** Two orders with the same one ask for the same. */
function identity({ authority, kind, generations = [], acceptedRoots = [], aws, trustAnchor }: Order): string {
  return JSON.stringify([
    authority,
    kind,
    generations.toSorted((left, right) => left - right),
    acceptedRoots.toSorted(),
    aws ?? null,
    trustAnchor ?? null,
  ]);
}

function createdAt({ metadata }: AuthorityOperation): number {
  return Date.parse(metadata.creationTimestamp ?? "");
}

/** The generation that is being introduced and not given up. */
export function incomingGeneration({ status }: CertificateAuthority): Generation | undefined {
  return status?.generations?.findLast(
    ({ phase, abandoning, compromised }) =>
      (phase === "Pending" || phase === "Published") && abandoning !== true && compromised !== true,
  );
}
