import type { CertificationRequest } from "@capstan/ca-core";

/** Asks for nothing: where the profile is asked about names alone, they are put into it. */
export const emptyRequest: CertificationRequest = {
  subject: [],
  sharedRdnTypes: [],
  subjectDer: new Uint8Array(),
  subjectAlternativeNames: [],
  publicKey: { algorithm: "RSA-2048", spki: new Uint8Array(), sha256: "" },
  requested: {},
  ignored: [],
};
