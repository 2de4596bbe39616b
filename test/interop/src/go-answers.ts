import type { CertificatePlan } from "./certificate-plan.ts";
import { base64, type GoOpinion } from "./go-opinion.ts";
import type { CrlSpecimen } from "./make-crl.ts";

/** A certificate in the eyes of Go, as far as others are asked whether they agree. */
export type CertificateReading = Pick<CertificatePlan, "subject" | "spki" | "purposes" | "names" | "isCa"> & {
  /** What Go has against its signature or path; empty: nothing. */
  readonly faults: readonly string[];
};

/** A CRL in the eyes of Go. */
export type CrlReading = Omit<CrlSpecimen, "label" | "der" | "pem" | "signature"> & {
  readonly faults: readonly string[];
};

/** @throws Error with what Go said when it cannot read the certificate */
export async function readCertificateByGo(
  go: GoOpinion,
  options: { readonly der: Uint8Array; readonly issuer: Uint8Array; readonly at: Date },
): Promise<CertificateReading> {
  const answer = await askOne<{
    readonly subject: CertificatePlan["subject"];
    readonly spki: string;
    readonly extKeyUsages: readonly string[];
    readonly names: readonly { readonly tag: number; readonly value: string }[];
    readonly isCA: boolean;
    readonly signatureFault: string;
    readonly pathFault: string;
  }>(go, {
    do: "certificate",
    der: base64(options.der),
    issuer: base64(options.issuer),
    at: options.at.getTime() / 1000,
  });
  return {
    subject: answer.subject,
    spki: fromHex(answer.spki),
    purposes: answer.extKeyUsages,
    names: answer.names.map(({ tag, value }) => ({ tag, content: fromHex(value) })),
    isCa: answer.isCA,
    faults: [answer.signatureFault, answer.pathFault].filter((fault) => fault !== ""),
  };
}

/** @throws Error with what Go said when it cannot read the CRL */
export async function readCrlByGo(go: GoOpinion, der: Uint8Array, issuer: Uint8Array): Promise<CrlReading> {
  const answer = await askOne<{
    readonly number: string;
    readonly thisUpdate: string;
    readonly nextUpdate: string;
    readonly entries: readonly { readonly serial: string; readonly revokedAt: string; readonly reason: number }[];
    readonly signatureFault: string;
  }>(go, { do: "crl", der: base64(der), issuer: base64(issuer) });
  return {
    number: BigInt(answer.number),
    thisUpdate: new Date(answer.thisUpdate),
    nextUpdate: new Date(answer.nextUpdate),
    entries: answer.entries.map((entry) => ({ ...entry, revokedAt: new Date(entry.revokedAt) })),
    faults: [answer.signatureFault].filter((fault) => fault !== ""),
  };
}

async function askOne<T extends object>(go: GoOpinion, question: object): Promise<T> {
  const [answer] = (await go([question])) as readonly (T | { readonly error: string })[];
  if (answer === undefined || "error" in answer) throw new Error(`Go: ${answer?.error}`);
  return answer;
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "hex"));
}
