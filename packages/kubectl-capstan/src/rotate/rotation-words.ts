import type { RotationAction, RotationActionName } from "@capstan/ca-core";

type Words = {
  readonly [K in RotationActionName]: {
    /** What happens, for an operator; undefined for what only Capstan itself has to remember. */
    readonly text: (action: Extract<RotationAction, { readonly do: K }>) => string | undefined;
    /** The calls to AWS that it takes. */
    readonly calls: readonly string[];
  };
};

const readBack = ["GetTrustAnchor", "ListCrls"] as const;

const words: Words = {
  Freeze: {
    text: ({ hold }) => (hold === "Operator" ? "issuing is held" : "issuing is held by the compromise"),
    calls: [],
  },
  Unfreeze: { text: () => "issuing goes on", calls: [] },
  ReadAnchor: { text: () => undefined, calls: readBack },
  CreateAnchor: { text: ({ anchor }) => `trust anchor ${anchor} is created`, calls: ["CreateTrustAnchor"] },
  WriteAnchor: {
    text: ({ anchor, removes }) =>
      removes.length === 0
        ? `the new root is added to trust anchor ${anchor}`
        : `the old root is removed from trust anchor ${anchor}`,
    calls: ["UpdateTrustAnchor"],
  },
  ImportCrl: {
    text: ({ anchor, generation }) => `the CRL of generation ${generation} is put into trust anchor ${anchor}`,
    calls: ["ImportCrl"],
  },
  DeleteCrl: {
    text: ({ anchor, generation }) => `the CRL of generation ${generation} is deleted from trust anchor ${anchor}`,
    calls: ["DeleteCrl"],
  },
  DeleteAnchor: { text: ({ anchor }) => `trust anchor ${anchor} is deleted`, calls: ["DeleteTrustAnchor"] },
  DisableAnchor: { text: ({ anchor }) => `trust anchor ${anchor} is disabled`, calls: ["DisableTrustAnchor"] },
  EnableAnchor: { text: ({ anchor }) => `trust anchor ${anchor} is enabled`, calls: ["EnableTrustAnchor"] },
  SetAnchorDisabled: { text: () => undefined, calls: [] },
  SetJoined: {
    text: ({ anchor, joined, because }) =>
      `trust anchor ${anchor} is ${joined ? "joined" : `not joined any more: ${because}`}`,
    calls: [],
  },
  RunCanary: {
    text: ({ anchor, generation }) =>
      `a canary leaf of generation ${generation} gets a session by trust anchor ${anchor}`,
    calls: ["CreateSession"],
  },
  RenewOwnLeaf: {
    text: ({ anchor, generation }) =>
      `the publisher's own credentials for trust anchor ${anchor} come from generation ${generation}`,
    calls: ["CreateSession"],
  },
  StoreRemovalIntent: { text: () => undefined, calls: [] },
  MakeGeneration: { text: ({ generation }) => `generation ${generation} is made: key, root and mark`, calls: [] },
  RestoreMark: { text: ({ generation }) => `the mark of generation ${generation} is made`, calls: [] },
  RaiseMark: { text: () => undefined, calls: [] },
  SealMark: { text: ({ generation }) => `generation ${generation} signs no more: its mark is sealed`, calls: [] },
  BeginAbandon: {
    text: ({ generation, because }) => `generation ${generation} is given up: ${because}`,
    calls: [],
  },
  SetPhases: {
    text: ({ changes }) => changes.map(({ generation, phase }) => `generation ${generation} is ${phase}`).join(", "),
    calls: [],
  },
  DestroyKey: { text: ({ generation }) => `the key of generation ${generation} is deleted`, calls: [] },
  MarkCompromised: {
    text: ({ generations }) => `generation ${generations.join(", ")} is marked compromised`,
    calls: [],
  },
  OrderReissue: {
    text: ({ generation }) => `all that generation ${generation} issued begins to be issued anew`,
    calls: [],
  },
  BeginOperation: { text: () => undefined, calls: [] },
  FinishOperation: { text: () => undefined, calls: [] },
  AcceptRoots: { text: () => undefined, calls: [] },
  MergeRevocations: { text: () => undefined, calls: readBack },
  RemoveFinalizer: { text: () => "the authority is let go", calls: [] },
};

/** What a step is for an operator, or undefined when it is nothing to tell. */
export function describeAction<K extends RotationActionName>(
  action: Extract<RotationAction, { readonly do: K }>,
): string | undefined {
  return words[action.do].text(action);
}

/** The calls to AWS that a step takes. */
export function callsOf({ do: name }: RotationAction): readonly string[] {
  return words[name].calls;
}
