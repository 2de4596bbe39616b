import type { RelayedCall } from "./relay.ts";

/** What a trust anchor held after a change. */
export interface Holding {
  /** Milliseconds since 1970 of the run's time. */
  readonly at: number;
  readonly trustAnchorArn: string;
  readonly certificates: number;
  readonly crls: number;
}

interface AnchorAnswer {
  readonly trustAnchorArn: string;
  readonly source?: { readonly sourceData?: { readonly x509CertificateData?: string } };
}

interface CrlAnswer {
  readonly crlId: string;
  readonly trustAnchorArn: string;
}

/** Follows what each trust anchor holds, by what the service answers to every call of the publisher. */
export class Holdings {
  /** One for each change. */
  readonly history: Holding[] = [];
  readonly #certificates = new Map<string, number>();
  /** Trust anchors by CRL. */
  readonly #crls = new Map<string, string>();
  #answers = 0;

  /** How many answers told what an anchor holds. */
  get answers(): number {
    return this.#answers;
  }

  take(call: RelayedCall, at: number): void {
    if (call.status >= 300 || typeof call.answer !== "object" || call.answer === null) return;
    const { trustAnchor, trustAnchors, crl, crls } = call.answer as {
      readonly trustAnchor?: AnchorAnswer;
      readonly trustAnchors?: readonly AnchorAnswer[];
      readonly crl?: CrlAnswer;
      readonly crls?: readonly CrlAnswer[];
    };
    if (trustAnchor === undefined && trustAnchors === undefined && crl === undefined && crls === undefined) return;
    this.#answers += 1;
    const touched = new Set<string>();
    for (const anchor of [...(trustAnchor === undefined ? [] : [trustAnchor]), ...(trustAnchors ?? [])]) {
      const pem = anchor.source?.sourceData?.x509CertificateData ?? "";
      this.#certificates.set(anchor.trustAnchorArn, pem.split("-----BEGIN CERTIFICATE-----").length - 1);
      touched.add(anchor.trustAnchorArn);
    }
    const isGone = call.method === "DELETE";
    for (const { crlId, trustAnchorArn } of [...(crl === undefined ? [] : [crl]), ...(crls ?? [])]) {
      if (isGone) this.#crls.delete(crlId);
      else this.#crls.set(crlId, trustAnchorArn);
      touched.add(trustAnchorArn);
    }
    for (const trustAnchorArn of touched) this.#note(trustAnchorArn, at);
  }

  #note(trustAnchorArn: string, at: number): void {
    const certificates = this.#certificates.get(trustAnchorArn) ?? 0;
    const crls = [...this.#crls.values()].filter((arn) => arn === trustAnchorArn).length;
    const before = this.history.findLast((holding) => holding.trustAnchorArn === trustAnchorArn);
    if (before?.certificates === certificates && before.crls === crls) return;
    this.history.push({ at, trustAnchorArn, certificates, crls });
  }
}
