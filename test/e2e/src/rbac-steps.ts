import { authorityLabel, bundleName } from "@capstan/api";
import { conditionOf, eventually, kinds, type Lab, ownNamespace, type Stored } from "./rbac-lab.ts";
import {
  checkIssuer,
  evictPod,
  findRecord,
  issue,
  prune,
  reissueCertificate,
  signRequest,
  tellTwice,
} from "./rbac-issuer-steps.ts";
import { holdTwice, makeAuthority, replaceGeneration, revoke, revokeGeneration } from "./rbac-publisher-steps.ts";
import { createRequest } from "./rbac-requests.ts";
import { type LeasedProgram, start, startFirst, takeOver } from "./rbac-start.ts";

/** Something that a program does for its users, and that it can do again and again. */
export interface Step {
  /** Completes "… is broken". */
  readonly name: string;
  /** It begins with the program's start: what is read or taken only once is read and taken anew. */
  readonly startsProgram?: true;
  /** It takes a minute, since the program does. */
  readonly isSlow?: true;
  /** Resolves when the program has done it; rejects when the signal aborts. */
  readonly run: (lab: Lab, signal: AbortSignal) => Promise<void>;
}

/** Somebody whom deploy/manifests gives rights. */
export interface Actor {
  readonly name: string;
  /** As the API server names it. */
  readonly user: string;
  /**
   * What it does, so that together the steps use every right of its roles. A new rule needs a step that fails without it.
   * Steps that start the program come first.
   */
  readonly steps: readonly Step[];
}

export const actors: readonly Actor[] = [
  {
    name: "crl-server",
    user: "system:serviceaccount:capstan-system:crl-server",
    steps: [{ name: "starting", startsProgram: true, run: serve }],
  },
  {
    name: "issuer-controller",
    user: "system:serviceaccount:capstan-system:issuer-controller",
    steps: [
      ...beginnings("issuer-controller"),
      { name: "issuing for a cluster issuer", run: issue },
      { name: "checking a namespaced issuer", run: (lab, signal) => checkIssuer(lab, signal, "issuer") },
      { name: "checking a cluster issuer", run: (lab, signal) => checkIssuer(lab, signal, "clusterIssuer") },
      { name: "finding a record that is there", run: findRecord },
      { name: "removing a record that has expired", startsProgram: true, run: prune },
      { name: "re-issuing a Certificate", run: reissueCertificate },
      { name: "evicting a pod", run: evictPod },
      {
        name: "signing a Kubernetes CSR for a cluster issuer",
        run: (lab, signal) => signRequest(lab, signal, "clusterIssuer"),
      },
      {
        name: "signing a Kubernetes CSR for a namespaced issuer",
        run: (lab, signal) => signRequest(lab, signal, "issuer"),
      },
      // Last, since it leaves a controller behind that thinks the ledger full.
      { name: "telling the same again", startsProgram: true, isSlow: true, run: tellTwice },
    ],
  },
  {
    name: "crl-publisher",
    user: "system:serviceaccount:capstan-system:crl-publisher",
    steps: [
      ...beginnings("crl-publisher"),
      { name: "making an authority", run: makeAuthority },
      { name: "replacing a compromised generation", run: replaceGeneration },
      { name: "holding issuing twice", isSlow: true, run: holdTwice },
      { name: "revoking by serial", run: (lab, signal) => revoke(lab, signal, "serial") },
      { name: "revoking by record", run: (lab, signal) => revoke(lab, signal, "issuedCertificate") },
      { name: "revoking a whole generation", run: revokeGeneration },
    ],
  },
  {
    name: "cert-manager's approver",
    user: "system:serviceaccount:cert-manager:cert-manager",
    steps: [
      { name: "approving for a cluster issuer", run: (lab, signal) => approve(lab, signal, "CapstanClusterIssuer") },
      { name: "approving for a namespaced issuer", run: (lab, signal) => approve(lab, signal, "CapstanIssuer") },
    ],
  },
];

async function serve(lab: Lab, signal: AbortSignal): Promise<void> {
  await start(lab, signal, "crl-server");
  await eventually(signal, async () => {
    const answer = await fetch(`${lab.environment.crlServer}/bundle/fleet.pem`);
    return answer.ok ? true : undefined;
  });
  // What is published later reaches it by its watch alone.
  const ref = { namespace: ownNamespace, name: lab.unique("rbac") };
  const { apiVersion, kind, metadata, data } = await lab.admin.get<Stored & { readonly data?: object }>(
    kinds.configMap,
    { namespace: ownNamespace, name: bundleName("fleet") },
  );
  const labels = { ...metadata.labels, [authorityLabel]: ref.name };
  await lab.admin.create(kinds.configMap, { apiVersion, kind, metadata: { ...ref, labels }, data } as Stored);
  try {
    await eventually(signal, async () => {
      const answer = await fetch(`${lab.environment.crlServer}/bundle/${ref.name}.pem`);
      return answer.ok ? true : undefined;
    });
  } finally {
    await lab.admin.delete(kinds.configMap, ref);
  }
}

function beginnings(program: LeasedProgram): readonly Step[] {
  return [
    {
      name: "starting where nobody led",
      startsProgram: true,
      run: (lab, signal) => startFirst(lab, signal, program),
    },
    { name: "taking over", startsProgram: true, run: (lab, signal) => takeOver(lab, signal, program) },
  ];
}

/** Nobody need serve the issuer for its request to be approved. */
async function approve(lab: Lab, signal: AbortSignal, kind: string): Promise<void> {
  const { metadata } = await createRequest(lab, { kind, name: lab.unique("nobody") });
  const ref = { namespace: "demo", name: metadata.name };
  await eventually(signal, async () =>
    conditionOf(await lab.admin.get<Stored>(kinds.request, ref), "Approved")?.status === "True" ? true : undefined,
  );
}
