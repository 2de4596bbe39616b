import { type Account, findByArn } from "./account.ts";
import { readCertificates } from "./bundle.ts";
import { accountIn, type Cloud } from "./cloud.ts";
import { readCrlPem } from "./crl-import.ts";
import type { Crl } from "./crls.ts";
import { type Field, flag, optional, readKind, required, text, wholeNumber } from "./input.ts";
import { EVENT, type NotificationEvent } from "./notification-settings.ts";
import { remember } from "./propagation.ts";
import { placeOfArn } from "./region.ts";
import type { TrustAnchor } from "./trust-anchors.ts";

/**
 * What somebody else does in the account, behind the back of whoever is tested: Terraform, a console, another cluster. No
 * rate, right or rule holds it up, so that also what AWS would refuse can be met.
 */
export type Interference = {
  /** Of the trust anchor or CRL that it happens to. */
  readonly arn: string;
  /** Milliseconds on the emulator's clock. Default is 0, at once. */
  readonly afterMs?: number;
} & (
  | { readonly kind: "add-certificate"; readonly pem: string }
  | { readonly kind: "replace-bundle"; readonly pem: string }
  | { readonly kind: "revert-bundle" }
  | { readonly kind: "set-notification"; readonly event: NotificationEvent; readonly enabled: boolean }
  | { readonly kind: "replace-crl"; readonly pem: string }
  | { readonly kind: "enable" }
  | { readonly kind: "disable" }
  | { readonly kind: "delete" }
);

type Kind = Interference["kind"];

const PEM = { pem: required(text({ min: 1 })) };

/** Every kind of interference, and what it can happen to. */
export const INTERFERENCES: Readonly<
  Record<
    Kind,
    {
      readonly to: readonly ("trust anchor" | "CRL")[];
      readonly meaning: string;
      /** Besides `kind`, `arn` and `afterMs`. */
      readonly members?: Readonly<Record<string, Field<unknown>>>;
    }
  >
> = {
  "add-certificate": {
    to: ["trust anchor"],
    meaning: "The certificates in `pem` join the bundle, be it as a third one",
    members: PEM,
  },
  "replace-bundle": { to: ["trust anchor"], meaning: "The bundle becomes `pem`", members: PEM },
  "revert-bundle": { to: ["trust anchor"], meaning: "The bundle becomes what it was before its last change" },
  "set-notification": {
    to: ["trust anchor"],
    meaning: "The setting of `event` becomes `enabled`, with 1 day",
    members: { event: EVENT, enabled: required(flag) },
  },
  "replace-crl": { to: ["CRL"], meaning: "The data becomes `pem`, of whichever issuer", members: PEM },
  enable: { to: ["trust anchor", "CRL"], meaning: "It is enabled" },
  disable: { to: ["trust anchor", "CRL"], meaning: "It is disabled" },
  delete: { to: ["trust anchor", "CRL"], meaning: "It is deleted, a trust anchor with its CRLs" },
};

/** Reads an interference as JSON has it. @throws {ServiceError} that names the member, the rule and the value */
export function readInterference(value: unknown): Interference {
  const common = { arn: required(text({})), afterMs: optional(wholeNumber({ min: 0, max: Number.MAX_SAFE_INTEGER })) };
  return readKind(value, INTERFERENCES, ({ members }) => ({ ...common, ...members })) as unknown as Interference;
}

/**
 * Does it, or plans it; what is planned for a resource that is gone by then does not happen.
 *
 * @throws {TypeError} when there is no such resource now, or this cannot happen to it
 * @throws {ServiceError} ValidationException for PEM that cannot be read
 */
export function interfere(cloud: Cloud, interference: Interference): void {
  const { arn, kind, afterMs = 0 } = interference;
  const target = find(cloud, arn);
  if (target === undefined) throw new TypeError(`${arn} is no trust anchor or CRL of the emulator`);
  if (!INTERFERENCES[kind].to.includes(target.kind)) {
    throw new TypeError(`${kind} is nothing that can happen to a ${target.kind}`);
  }
  const change = changeOf(interference);
  cloud.timeline.at(new Date(cloud.now().getTime() + afterMs), () => {
    const found = find(cloud, arn);
    if (found !== undefined) change(found);
  });
  cloud.timeline.run(cloud.now());
}

type Target = { readonly account: Account } & (
  | { readonly kind: "trust anchor"; readonly anchor: TrustAnchor }
  | { readonly kind: "CRL"; readonly crl: Crl }
);

function find(cloud: Cloud, arn: string): Target | undefined {
  const place = placeOfArn(arn);
  const account = accountIn(cloud, place?.account, place?.region);
  if (account === undefined) return undefined;
  const anchor = findByArn(account.trustAnchors, arn);
  if (anchor !== undefined) return { kind: "trust anchor", account, anchor };
  const crl = findByArn(account.crls, arn);
  return crl === undefined ? undefined : { kind: "CRL", account, crl };
}

/** What to do to the target of that time. */
function changeOf(interference: Interference): (target: Target) => void {
  switch (interference.kind) {
    case "enable":
    case "disable": {
      const enabled = interference.kind === "enable";
      return (target) =>
        target.kind === "CRL" ? storeCrl(target, { enabled }) : storeAnchor(target, () => ({ enabled }));
    }
    case "delete":
      return remove;
    case "add-certificate": {
      const added = readCertificates(interference.pem);
      return (target) =>
        storeAnchor(target, ({ bundle, certificates }) => ({
          bundle: bundle + interference.pem,
          certificates: [...certificates, ...added],
          previousBundle: bundle,
        }));
    }
    case "replace-bundle": {
      const certificates = readCertificates(interference.pem);
      return (target) =>
        storeAnchor(target, ({ bundle }) => ({ bundle: interference.pem, certificates, previousBundle: bundle }));
    }
    case "revert-bundle":
      return (target) =>
        storeAnchor(target, ({ bundle, previousBundle = bundle }) => ({
          bundle: previousBundle,
          certificates: readCertificates(previousBundle),
          previousBundle: bundle,
        }));
    case "set-notification": {
      const { event, enabled } = interference;
      return (target) =>
        storeAnchor(target, ({ notificationSettings }) => ({
          notificationSettings: new Map([...notificationSettings, [event, { enabled, threshold: 1 }]]),
        }));
    }
    case "replace-crl":
      break;
  }
  const data = new TextEncoder().encode(interference.pem);
  const list = readCrlPem(data);
  return (target) => storeCrl(target, { data, list });
}

function storeAnchor(target: Target, change: (anchor: TrustAnchor) => Partial<TrustAnchor>): void {
  if (target.kind !== "trust anchor") return;
  const { account, anchor } = target;
  remember(account);
  account.trustAnchors.set(anchor.id, { ...anchor, ...change(anchor), updatedAt: account.now() });
}

function storeCrl(target: Target, changes: Partial<Crl>): void {
  if (target.kind !== "CRL") return;
  const { account, crl } = target;
  remember(account);
  account.crls.set(crl.id, { ...crl, ...changes, updatedAt: account.now() });
}

function remove(target: Target): void {
  const { account } = target;
  remember(account);
  if (target.kind === "CRL") {
    account.crls.delete(target.crl.id);
    return;
  }
  for (const crl of account.crls.values()) if (crl.trustAnchorArn === target.anchor.arn) account.crls.delete(crl.id);
  account.trustAnchors.delete(target.anchor.id);
}
