import type { CrlDetail, TrustAnchorDetail } from "@aws-sdk/client-rolesanywhere";

import type { Crl, TrustAnchor } from "./control-plane.ts";
import { RolesAnywhereError } from "./errors.ts";

/** The SDK checks the types of the members that came, and says of every member that it may be missing. */
export function parseTrustAnchor(operation: string, detail: TrustAnchorDetail | undefined): TrustAnchor {
  const { trustAnchorId, trustAnchorArn, name, enabled, source } = detail ?? {};
  const bundlePem = source?.sourceData?.x509CertificateData;
  return {
    id: present(operation, "trustAnchorId", trustAnchorId),
    arn: present(operation, "trustAnchorArn", trustAnchorArn),
    name: present(operation, "name", name),
    enabled: present(operation, "enabled", enabled),
    sourceType: present<string>(operation, "source.sourceType", source?.sourceType),
    ...(bundlePem === undefined ? {} : { bundlePem }),
  };
}

export function parseCrl(operation: string, detail: CrlDetail | undefined): Crl {
  const { crlId, crlArn, name, enabled, trustAnchorArn, crlData } = detail ?? {};
  return {
    id: present(operation, "crlId", crlId),
    arn: present(operation, "crlArn", crlArn),
    name: present(operation, "name", name),
    enabled: present(operation, "enabled", enabled),
    trustAnchorArn: present(operation, "trustAnchorArn", trustAnchorArn),
    crlPem: new TextDecoder().decode(present(operation, "crlData", crlData)),
  };
}

function present<T>(operation: string, member: string, value: T | undefined): T {
  if (value === undefined) {
    throw new RolesAnywhereError(
      "ERR_AWS_RESPONSE",
      `${operation}: the answer has no ${member}: check the endpoint and any proxy before it`,
      { operation },
    );
  }
  return value;
}
