import type { CertificateAuthority } from "@capstan/api";
import type { FoundSetup } from "./read-setup.ts";

type AnchorSpec = NonNullable<CertificateAuthority["spec"]["trustAnchors"]>[number];

/** What the spec has to say of a trust anchor so that the publisher needs no credentials but its own leaves'. */
export interface AnchorFields {
  readonly name: string;
  readonly arn: string;
  readonly publisher: { readonly profileArn: string; readonly roleArn: string };
  readonly canary: { readonly profileArn: string; readonly roleArn: string };
}

/** Undefined while a part is missing in AWS. */
export function fieldsOf(name: string, { anchors, identities }: FoundSetup): AnchorFields | undefined {
  const arnsOf = (kind: "publisher" | "canary"): AnchorFields["publisher"] | undefined => {
    const { role, profiles = [] } = identities.find(({ identity }) => identity.kind === kind) ?? {};
    const profileArn = profiles[0]?.arn;
    return role === undefined || profileArn === undefined ? undefined : { profileArn, roleArn: role.arn };
  };
  const [publisher, canary, arn] = [arnsOf("publisher"), arnsOf("canary"), anchors[0]?.arn];
  return publisher === undefined || canary === undefined || arn === undefined
    ? undefined
    : { name, arn, publisher, canary };
}

/**
 * The trust anchors of a spec with these fields. `create` goes: without an ARN the publisher could not ask for a session under
 * a trust anchor that it has never read.
 *
 * @example
 * withFields([{ name: "prod", region, account, create: true }], [fields])[0].arn; // fields.arn
 */
export function withFields(specs: readonly AnchorSpec[], fields: readonly AnchorFields[]): readonly AnchorSpec[] {
  return specs.map((spec) => {
    const own = fields.find(({ name }) => name === spec.name);
    if (own === undefined) return spec;
    const { create: _, ...kept } = spec;
    return { ...kept, ...own };
  });
}
