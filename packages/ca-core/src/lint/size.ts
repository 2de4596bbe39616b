import { KEY_ALGORITHMS } from "../keys/algorithms.ts";
import type { LintRule } from "./rule.ts";

const MAX_BYTES = 4_096;
/** Around tbsCertificate and signature: the outer header, the algorithm, the BIT STRING's header. */
const FRAME_BYTES = 32;

export const size: LintRule = {
  name: "certificate_is_at_most_4_kib",
  source: "IAM Roles Anywhere: the certificate travels in a request header",
  faultOf: ({ certificate, root }) => {
    const facts = KEY_ALGORITHMS[root.algorithm];
    const signatureBytes = facts.kind === "RSA" ? facts.modulusBits / 8 : 2 * facts.coordinateBytes + 9;
    const total = certificate.tbs.length + signatureBytes + FRAME_BYTES;
    return total <= MAX_BYTES
      ? undefined
      : `the certificate would have ${total} bytes, at most ${MAX_BYTES} are allowed: ask for fewer names`;
  },
};
