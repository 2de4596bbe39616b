import { X509Certificate } from "node:crypto";
import { type IssuedCertificate, issuedCertificateResource } from "@capstan/api";
import { parseSerial } from "@capstan/ca-core";
import { splitBundle } from "@capstan/rolesanywhere";
import { sessionAttributes } from "../check/session-attributes.ts";
import { anchorPlaces, liveAnchor } from "./aws-anchors.ts";
import type { Check, Finding } from "./check.ts";
import { isKeyOf, type LeafFacts, readLeafFacts } from "./leaf-facts.ts";
import { configMapResource } from "./resources.ts";
import { Unreadable } from "./unreadable.ts";
import type { World } from "./world.ts";
import type { KubeObject } from "@capstan/kube";
import { bundleKey, bundleName } from "@capstan/api";

const noLeaf = "no leaf was given: name one by --certificate and --private-key, or by --secret";

/** The leaf that was given. @throws {Unreadable} when none was */
export function leafOf(world: World): { readonly label: string; readonly facts: LeafFacts } {
  const { leaf } = world.aws;
  if (leaf === undefined) throw new Unreadable(noLeaf);
  return { label: leaf.label, facts: readLeafFacts(leaf.certificatePem, leaf.label) };
}

/** What is wrong with the leaf that was given, whatever role it is for. */
export const leafChecks: readonly Check[] = [
  {
    id: "leaf",
    group: "AWS",
    title: "the leaf is one that AWS takes",
    reads: "the certificate and key that were given",
    run: async (world) => {
      const { label, facts } = leafOf(world);
      const key = world.aws.privateKey();
      return leafRules
        .flatMap(({ id, fault, cure }): readonly Finding[] => {
          const cause = fault(facts, { now: world.ownNow() });
          return cause === undefined ? [] : [{ id, subject: label, cause, cure }];
        })
        .concat(
          key === undefined || isKeyOf(facts, key)
            ? []
            : [
                {
                  id: "leaf-key-mismatch",
                  subject: label,
                  cause: "the private key does not belong to the certificate",
                  cure: "read both from the same Secret at the same time: they are renewed together",
                },
              ],
        );
    },
  },
  {
    id: "leaf-issuer",
    group: "AWS",
    title: "the leaf is signed by a root that a trust anchor holds",
    reads: "rolesanywhere:GetTrustAnchor, else get configmaps in Capstan's namespace",
    after: ["trust-anchors", "aws-anchors"],
    run: async (world) => {
      const { label, facts } = leafOf(world);
      const roots = await knownRoots(world);
      if (roots.length === 0) throw new Unreadable("no root could be read");
      if (roots.some((root) => facts.certificate.checkIssued(root) && facts.certificate.verify(root.publicKey)))
        return [];
      const issuer = facts.names.issuer.map(({ type, value }) => `${type}=${value}`).join(",");
      return [
        {
          id: "leaf-other-issuer",
          subject: label,
          cause: `its issuer ${issuer} is none of the roots in the trust anchors`,
          cure: "use a leaf of this authority: renew the Certificate (cmctl renew), and look at its issuerRef",
        },
      ];
    },
  },
  {
    id: "leaf-revoked",
    group: "AWS",
    title: "the leaf is not revoked",
    reads: "list issuedcertificates in Capstan's namespace",
    needs: ["capstan-crds"],
    run: async (world) => {
      const { label, facts } = leafOf(world);
      const serial = parseSerial(facts.certificate.serialNumber);
      const { group, version, plural } = issuedCertificateResource;
      const found = await world.read<{ readonly items?: readonly IssuedCertificate[] }>(
        `/apis/${group}/${version}/namespaces/${world.capstanNamespace}/${plural}`,
        { fieldSelector: `spec.serial=${serial}` },
      );
      const revoked = (found?.items ?? []).find(({ status }) => status?.revoked !== undefined)?.status?.revoked;
      if (revoked === undefined) return [];
      return [
        {
          id: "leaf-revoked",
          subject: label,
          cause: `serial ${serial} was revoked at ${revoked.at} by ${revoked.requestedBy} (${revoked.reason})`,
          cure: "renew the Certificate: cmctl renew",
        },
      ];
    },
  },
];

/** https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html */
const leafRules: readonly {
  readonly id: Finding["id"];
  readonly cure: string;
  readonly fault: (facts: LeafFacts, at: { readonly now: number }) => string | undefined;
}[] = [
  {
    id: "leaf-expired",
    cure: "renew it: cmctl renew; and see why nobody did: kubectl describe certificate",
    fault: ({ certificate }, { now }) =>
      certificate.validToDate.getTime() > now ? undefined : `it ended at ${certificate.validToDate.toISOString()}`,
  },
  {
    id: "leaf-not-yet-valid",
    cure: "wait, or synchronize this computer's clock",
    fault: ({ certificate }, { now }) =>
      certificate.validFromDate.getTime() <= now
        ? undefined
        : `it begins at ${certificate.validFromDate.toISOString()}`,
  },
  {
    id: "leaf-not-an-end-entity",
    cure: "use a leaf: a certificate with cA is refused",
    fault: ({ certificate }) => (certificate.ca ? "it is a CA certificate" : undefined),
  },
  {
    id: "leaf-no-digital-signature",
    cure: 'have "digital signature" in spec.usages; RolesAnywhere issuers always set it',
    fault: ({ hasDigitalSignature }) => (hasDigitalSignature ? undefined : "its key usage lacks digitalSignature"),
  },
  {
    id: "leaf-key-type",
    cure: "use an RSA or ECDSA key: spec.privateKey.algorithm",
    fault: ({ certificate }) => {
      const type = certificate.publicKey.asymmetricKeyType ?? "unknown";
      return ["rsa", "ec"].includes(type) ? undefined : `its key is of type ${type}`;
    },
  },
  {
    id: "leaf-subject-empty",
    cure: "set spec.commonName of the Certificate",
    fault: ({ names }) => (names.subject.length > 0 ? undefined : "its subject is empty, which AWS refuses"),
  },
  {
    id: "leaf-unmappable",
    cure: "use letters, digits, space and _ . : / = + @ - alone in names of leaf and authority",
    fault: ({ names }) => {
      const { unmapped, sourceIdentity } = sessionAttributes(names);
      if (unmapped.length > 0) return `AWS cannot map ${unmapped.join(", ")} into session tags`;
      return sourceIdentity === undefined ? "AWS cannot make a source identity of its common name" : undefined;
    },
  },
];

/** Roots in the trust anchors as AWS holds them now, else as Capstan publishes them. */
async function knownRoots(world: World): Promise<readonly X509Certificate[]> {
  const aws = world.aws;
  const pems = await Promise.all(
    (await anchorPlaces(world)).map(async (place) => {
      if (aws.hasCredentials) {
        const anchor = await liveAnchor(world, place).catch((error: unknown) => {
          if (error instanceof Unreadable) return undefined;
          throw error;
        });
        if (anchor?.bundlePem !== undefined) return anchor.bundlePem;
      }
      const name = bundleName(place.authority.metadata.name);
      const configMap = await world.get<KubeObject & { readonly data?: Readonly<Record<string, string>> }>(
        configMapResource,
        { namespace: world.capstanNamespace, name },
      );
      return configMap?.data?.[bundleKey];
    }),
  );
  return pems.flatMap((pem) => (pem === undefined ? [] : splitBundle(pem).map((one) => new X509Certificate(one))));
}
