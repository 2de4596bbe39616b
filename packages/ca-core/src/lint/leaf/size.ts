import { KEY_ALGORITHMS } from "../../keys/algorithms.ts";
import { EVERY_PROFILE, type LintRule } from "../rule.ts";

/** Of SEQUENCE and two INTEGERs, and a sign octet in each. */
const MAX_ECDSA_HEADERS = 9;
/** Around tbsCertificate and signature: the outer header, the algorithm, the BIT STRING's header. */
const MAX_FRAME_BYTES = 32;

/** Before there is a signature: an upper bound of the whole. */
export const size: LintRule = {
  name: "certificate_is_not_too_large",
  source: "IAM Roles Anywhere: the certificate travels in a request header",
  profiles: EVERY_PROFILE,
  faultOf: ({ certificate, profile, root }) => {
    const facts = KEY_ALGORITHMS[root.algorithm];
    const signatureBytes = facts.kind === "RSA" ? facts.modulusBits / 8 : 2 * facts.coordinateBytes + MAX_ECDSA_HEADERS;
    const total = certificate.tbs.length + signatureBytes + MAX_FRAME_BYTES;
    return total <= profile.maxCertificateBytes
      ? undefined
      : `the certificate would have ${total} bytes, at most ${profile.maxCertificateBytes} are allowed: ask for fewer names`;
  },
};
