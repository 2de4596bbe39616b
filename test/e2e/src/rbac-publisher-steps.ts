import { conditionOf, eventually, kinds, type Lab, ownNamespace, type Stored } from "./rbac-lab.ts";
import { issueRequest, revokeAnd } from "./rbac-requests.ts";

// What the CRL publisher does for its users.

export async function makeAuthority(lab: Lab, signal: AbortSignal): Promise<void> {
  await newAuthority(lab, signal);
}

/** An authority without trust anchors signs at once. Resolves with its name when it does. */
async function newAuthority(lab: Lab, signal: AbortSignal): Promise<string> {
  const name = lab.unique("rbac");
  const fleet = await lab.admin.get<Stored>(kinds.authority, { name: "fleet" });
  const { trustAnchors: _none, ...spec } = fleet.spec ?? {};
  await lab.admin.create<Stored>(kinds.authority, {
    apiVersion: fleet.apiVersion,
    kind: fleet.kind,
    metadata: { name },
    spec: { ...spec, keyAlgorithm: "ECDSA-P256", rotation: { retention: "0s" } },
  });
  await eventually(signal, async () =>
    conditionOf(await lab.admin.get<Stored>(kinds.authority, { name }), "Ready")?.status === "True" ? true : undefined,
  );
  return name;
}

/** A compromised generation is replaced, and its key deleted; events tell of it. */
export async function replaceGeneration(lab: Lab, signal: AbortSignal): Promise<void> {
  const authority = await newAuthority(lab, signal);
  await order(lab, signal, { authority, kind: "Compromised", generations: [1] });
  await eventually(signal, async () => {
    const { status } = await lab.admin.get<WithGenerations>(kinds.authority, { name: authority });
    return status?.generations?.[0]?.phase === "Destroyed" ? true : undefined;
  });
  await eventually(signal, async () =>
    (await eventsOf(lab, authority)).some(({ reason }) => reason === "KeyDestroyed") ? true : undefined,
  );
}

/** Of two holds within minutes the second is counted on the event of the first. */
export async function holdTwice(lab: Lab, signal: AbortSignal): Promise<void> {
  const authority = await newAuthority(lab, signal);
  for (const kind of ["Freeze", "Unfreeze", "Freeze", "Unfreeze"]) await order(lab, signal, { authority, kind });
  await eventually(signal, async () =>
    (await eventsOf(lab, authority)).some(({ reason, series }) => reason === "IssuingHeld" && (series?.count ?? 1) > 1)
      ? true
      : undefined,
  );
}

interface WithGenerations extends Stored {
  readonly status?: NonNullable<Stored["status"]> & {
    readonly generations?: readonly { readonly number: number; readonly phase: string }[];
  };
}

/** Orders something, and waits until it is done. */
async function order(lab: Lab, signal: AbortSignal, spec: Readonly<Record<string, unknown>>): Promise<void> {
  const ref = { namespace: ownNamespace, name: lab.unique("rbac") };
  await lab.admin.create<Stored>(kinds.operation, {
    apiVersion: "capstan.dev/v1alpha1",
    kind: "AuthorityOperation",
    metadata: ref,
    spec: { ...spec, requestedBy: "admin" },
  });
  await eventually(signal, async () =>
    conditionOf(await lab.admin.get<Stored>(kinds.operation, ref), "Complete")?.status === "True" ? true : undefined,
  );
}

type ToldEvent = Stored & {
  readonly reason: string;
  readonly regarding: { readonly name?: string };
  readonly series?: { readonly count: number };
};

async function eventsOf({ admin }: Lab, authority: string): Promise<readonly ToldEvent[]> {
  // Authorities have no namespace; their events lie in this one.
  const { items } = await admin.listAll<ToldEvent>(kinds.event, { namespace: "default" });
  return items.filter(({ regarding }) => regarding.name === authority);
}

/** A whole generation is revoked by an operation that the publisher orders. */
export async function revokeGeneration(lab: Lab, signal: AbortSignal): Promise<void> {
  const authority = await newAuthority(lab, signal);
  await revokeAnd(
    lab,
    signal,
    { target: { generation: { authority, number: 1 } }, namespace: ownNamespace },
    (revocation) => conditionOf(revocation, "Accepted")?.status === "True",
  );
}

export async function revoke(lab: Lab, signal: AbortSignal, by: "serial" | "issuedCertificate"): Promise<void> {
  const request = await issueRequest(lab, signal);
  const name = request.metadata.uid ?? "";
  const record = await lab.admin.get<Stored>(kinds.record, { namespace: ownNamespace, name });
  const target = { [by]: by === "serial" ? record.spec?.["serial"] : name };
  await revokeAnd(lab, signal, { target }, (revocation) => conditionOf(revocation, "Published")?.status === "True");
}
