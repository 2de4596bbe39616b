import { sameCertificates, splitBundle, type Tags } from "@capstan/rolesanywhere";
import { isSamePolicy } from "../aws/policy-document.ts";
import type { Action, Plan, PlanEntry } from "./plan.ts";
import { rightsPolicy, trustPolicy } from "./policies.ts";
import type { FoundAnchor, FoundIdentity, FoundProfile, FoundRole, FoundSetup } from "./read-setup.ts";
import { type Identity, roleArnOf, sessionSeconds, type Setup } from "./setup.ts";

/** Stands for the ARN of a trust anchor that is yet to be created. */
const newAnchorArn = "(of the new trust anchor)";

const maxCertificates = 2;

/** What is to be done so that AWS holds a setup. Pure. */
export function planSetup(setup: Setup, found: FoundSetup): Plan {
  const anchor = planAnchor(setup, found.anchors);
  const anchorArn = found.anchors[0]?.arn ?? newAnchorArn;
  return joinPlans([anchor, ...found.identities.map((identity) => planIdentity(setup, identity, anchorArn))]);
}

export function joinPlans(plans: readonly Plan[]): Plan {
  return {
    entries: plans.flatMap(({ entries }) => entries),
    conflicts: plans.flatMap(({ conflicts }) => conflicts),
    notes: plans.flatMap(({ notes }) => notes),
  };
}

/** Whether the tags say that it was made for this trust anchor of this authority. */
export function isTagged({ tags: wanted }: Pick<Setup, "tags">, tags: Tags): boolean {
  return Object.entries(wanted).every(([key, value]) => tags[key] === value);
}

function planAnchor(setup: Setup, anchors: readonly FoundAnchor[]): Plan {
  const { anchorName, anchorArn, authority, anchor: name, isAdopted, isManaged, roots } = setup;
  const [anchor, ...others] = anchors;
  const conflict = (text: string): Plan => ({ entries: [], conflicts: [text], notes: [] });
  if (anchor === undefined) {
    if (isAdopted) {
      return conflict(
        `trust anchor ${anchorArn ?? ""} does not exist: correct arn of ${name} in spec.trustAnchors, or write create: true instead`,
      );
    }
    const create: PlanEntry = {
      subject: `trust anchor ${anchorName}`,
      change: "create",
      details: [`with ${roots.length === 1 ? "the root" : `the ${roots.length} roots`} of ${authority}`],
      actions: [{ do: "create-anchor" }],
    };
    const gone =
      anchorArn === undefined
        ? []
        : [
            `trust anchor ${anchorArn}, which the status of ${authority} names, does not exist any more: the new one has another ARN, which the trust policies of workloads' roles and whoever gives --trust-anchor-arn have to be told`,
          ];
    return { entries: [create], conflicts: [], notes: gone };
  }
  const subject = `trust anchor ${anchor.name} (${anchor.arn})`;
  if (others.length > 0) {
    return conflict(
      `${anchors.length} trust anchors are named ${anchorName}: delete the unused ones, or name one by its arn in spec.trustAnchors`,
    );
  }
  if (anchor.bundlePem === undefined) {
    return conflict(`${subject} holds no certificate bundle but ${anchor.sourceType}: make another trust anchor`);
  }
  const held = splitBundle(anchor.bundlePem);
  const missing = roots.filter((root) => !held.some((pem) => sameCertificates(pem, root)));
  const notes = anchor.enabled
    ? []
    : [`${subject} is disabled, and is left so: AWS takes no leaf under it until it is enabled again`];
  if (missing.length === 0) {
    return {
      entries: [{ subject, change: "unchanged", details: [], actions: [] }],
      conflicts: [],
      notes,
    };
  }
  if (!isManaged) {
    const text = `${subject} lacks ${describeRoots(missing)} and has manage: false: its owner has to add it, or the publisher gets no credentials by its own leaves`;
    return {
      entries: [{ subject, change: "keep", details: [], actions: [] }],
      conflicts: [],
      notes: [...notes, text],
    };
  }
  if (!isAdopted && !isTagged(setup, anchor.tags)) {
    return conflict(
      `${subject} is there already, holds no root of ${authority} and has no tags of it: it may be another cluster's. Name it by its arn in spec.trustAnchors if it is to be shared, else give the authority or the trust anchor another name`,
    );
  }
  if (held.length + missing.length > maxCertificates) {
    return conflict(
      `${subject} holds ${held.length} certificates and lacks ${describeRoots(missing)}; AWS allows ${maxCertificates}: remove one that no leaf needs any more`,
    );
  }
  const bundlePem = [...held, ...missing].map((pem) => `${pem.trimEnd()}\n`).join("");
  const update: PlanEntry = {
    subject,
    change: "update",
    details: [`add ${describeRoots(missing)} to its ${held.length}`],
    actions: [{ do: "write-bundle", id: anchor.id, bundlePem }],
  };
  const foreign =
    held.length === 0 || missing.length < roots.length
      ? []
      : [
          `${subject} holds a certificate of another CA: list it in foreignRoots of ${name} in spec.trustAnchors, with the time until when its leaves are valid, or the rotation stops at it`,
        ];
  return { entries: [update], conflicts: [], notes: [...notes, ...foreign] };
}

function describeRoots(roots: readonly string[]): string {
  return roots.length === 1 ? "a root" : `${roots.length} roots`;
}

function planIdentity(setup: Setup, { identity, role, profiles }: FoundIdentity, anchorArn: string): Plan {
  const roleArn = role?.arn ?? roleArnOf(setup, identity);
  return joinPlans([planRole(setup, identity, role, anchorArn), planProfile(setup, identity, profiles, roleArn)]);
}

function planRole(setup: Setup, identity: Identity, role: FoundRole | undefined, anchorArn: string): Plan {
  const subject = `role ${identity.roleName}`;
  const rights = rightsPolicy(setup, identity, anchorArn);
  const putRights: readonly Action[] = rights === undefined ? [] : [{ do: "put-policy", identity }];
  if (role === undefined) {
    const entry: PlanEntry = {
      subject,
      change: "create",
      details: [
        `trusts ${identity.commonNames.join(" and ")}`,
        `may ${rights === undefined ? "do nothing" : "keep the trust anchor and its CRLs"}`,
      ],
      actions: [{ do: "create-role", identity }, ...putRights],
    };
    return { entries: [entry], conflicts: [], notes: [] };
  }
  const wanted = trustPolicy(setup, identity, anchorArn);
  const trusts = isSamePolicy(role.trustPolicy, wanted);
  const tagged = isTagged(setup, role.tags);
  if (!tagged && !trusts) {
    return {
      entries: [],
      conflicts: [
        `${subject} is there already, and neither its tags nor its trust policy are of ${setup.authority}: ${identity.kind === "workload" ? "choose another name by --workload-role" : "delete or rename it"}`,
      ],
      notes: [],
    };
  }
  const hasRights = isSamePolicy(role.policy, rights);
  // Whoever needs a workload's role gives it rights; Capstan's own need none but theirs.
  const extra = identity.kind === "workload" ? [] : role.otherPolicies;
  const changes: readonly (readonly [isNeeded: boolean, detail: string, actions: readonly Action[]])[] = [
    [
      !trusts,
      `trust policy ${JSON.stringify(role.trustPolicy)} becomes ${JSON.stringify(wanted)}`,
      [{ do: "set-trust-policy", identity }],
    ],
    [
      rights !== undefined && !hasRights,
      role.policy === undefined
        ? "gets its inline policy"
        : `inline policy ${JSON.stringify(role.policy)} becomes ${JSON.stringify(rights)}`,
      putRights,
    ],
    [
      identity.kind === "canary" && role.policy !== undefined,
      `loses its inline policy ${JSON.stringify(role.policy)}: it may do nothing`,
      [{ do: "delete-policy", roleName: identity.roleName }],
    ],
    [!tagged, "gets its tags", [{ do: "tag-role", identity }]],
  ];
  const notes =
    extra.length === 0 ? [] : [`${subject} has further policies, which Capstan does not need: ${extra.join(", ")}`];
  return { entries: [entryOf(subject, changes)], conflicts: [], notes };
}

function planProfile(setup: Setup, identity: Identity, profiles: readonly FoundProfile[], roleArn: string): Plan {
  const [profile, ...others] = profiles;
  if (profile === undefined) {
    const entry: PlanEntry = {
      subject: `profile ${identity.profileName}`,
      change: "create",
      details: [`hands out ${roleArn}`],
      actions: [{ do: "create-profile", identity, roleArn }],
    };
    return { entries: [entry], conflicts: [], notes: [] };
  }
  const subject = `profile ${profile.name} (${profile.arn})`;
  if (others.length > 0) {
    const arns = profiles.map(({ arn }) => arn).join(", ");
    const text = `${profiles.length} profiles are named ${profile.name}: delete all but one of ${arns}`;
    return { entries: [], conflicts: [text], notes: [] };
  }
  const tagged = isTagged(setup, profile.tags);
  const handsOut = profile.roleArns.length === 1 && profile.roleArns[0] === roleArn;
  if (!tagged && !handsOut) {
    const text = `${subject} is there already, and neither its tags nor its roles are of ${setup.authority}: delete or rename it`;
    return { entries: [], conflicts: [text], notes: [] };
  }
  // How long a workload's sessions last is its owner's to decide.
  const lasts = identity.kind === "workload" || profile.durationSeconds === sessionSeconds;
  const changes: readonly (readonly [isNeeded: boolean, detail: string, actions: readonly Action[]])[] = [
    [
      !handsOut || !lasts,
      handsOut
        ? `sessions of ${profile.durationSeconds} s become ${sessionSeconds} s`
        : `roles ${profile.roleArns.join(", ") || "(none)"} become ${roleArn}`,
      [{ do: "update-profile", id: profile.id, roleArn }],
    ],
    [!profile.enabled, "is disabled, and becomes enabled", [{ do: "enable-profile", id: profile.id }]],
    [!tagged, "gets its tags", [{ do: "tag-profile", arn: profile.arn }]],
  ];
  const isNarrowed = profile.sessionPolicy !== undefined || profile.managedPolicyArns.length > 0;
  const notes =
    identity.kind === "publisher" && isNarrowed
      ? [`${subject} has session policies: what they do not allow the publisher cannot do`]
      : [];
  return { entries: [entryOf(subject, changes)], conflicts: [], notes };
}

function entryOf(
  subject: string,
  changes: readonly (readonly [isNeeded: boolean, detail: string, actions: readonly Action[]])[],
): PlanEntry {
  const needed = changes.filter(([isNeeded]) => isNeeded);
  return {
    subject,
    change: needed.length === 0 ? "unchanged" : "update",
    details: needed.map(([, detail]) => detail),
    actions: needed.flatMap(([, , actions]) => actions),
  };
}
