/** What is asked of one trust anchor, what is known of it, and what AWS said. */
export interface AnchorInput {
  /** Name that Capstan gives to a trust anchor it creates. */
  readonly awsName: string;
  readonly create: boolean;
  /** SHA-256 fingerprints, lower-case hex, of the roots that the anchor must hold. */
  readonly wanted: readonly string[];
  /** The anchor by its ARN, when one is named in the spec or known from status. */
  readonly known: { readonly arn: string; readonly found: AnchorReading | undefined } | undefined;
  /** Every anchor of the account and region; read only when none is known. */
  readonly listed: readonly AnchorReading[];
}

/** A trust anchor as AWS returned it. */
export interface AnchorReading {
  readonly id: string;
  readonly arn: string;
  readonly name: string;
  readonly enabled: boolean;
  /** Fingerprints of its certificates; undefined for an anchor that is no certificate bundle. */
  readonly bundle: readonly string[] | undefined;
}

export type AnchorPlan =
  | { readonly do: "create" }
  | { readonly do: "join"; readonly anchor: AnchorReading }
  | { readonly do: "wait"; readonly anchor?: AnchorReading; readonly message: string };

/**
 * Decides the next step for a trust anchor. Nothing in an anchor is ever overwritten: UpdateTrustAnchor has no
 * precondition, so an unknown certificate is somebody else's and is reported.
 */
export function planAnchor(input: AnchorInput): AnchorPlan {
  const { known, create, awsName } = input;
  if (known?.found !== undefined) return checkAnchor(known.found, input.wanted);
  if (known !== undefined && !create) return { do: "wait", message: `trust anchor ${known.arn} does not exist` };
  const named = input.listed.filter(({ name }) => name === awsName);
  const [first, ...others] = named;
  if (first === undefined) return { do: "create" };
  if (others.length > 0) {
    return {
      do: "wait",
      message: `${named.length} trust anchors are named ${awsName}; delete the unused ones, or name one by its arn in spec.trustAnchors`,
    };
  }
  return checkAnchor(first, input.wanted);
}

function checkAnchor(anchor: AnchorReading, wanted: readonly string[]): AnchorPlan {
  const { bundle } = anchor;
  if (bundle === undefined) {
    return { do: "wait", anchor, message: `trust anchor ${anchor.arn} is not of type CERTIFICATE_BUNDLE` };
  }
  if (!anchor.enabled) {
    return { do: "wait", anchor, message: `trust anchor ${anchor.arn} is disabled; enable it in AWS` };
  }
  const unknown = bundle.filter((fingerprint) => !wanted.includes(fingerprint));
  if (unknown.length > 0) {
    return {
      do: "wait",
      anchor,
      message: `trust anchor ${anchor.arn} holds ${unknown.length === 1 ? "a certificate" : "certificates"} that no generation of this authority has (SHA-256 ${unknown.join(", ")}); nothing was overwritten`,
    };
  }
  const lost = wanted.filter((fingerprint) => !bundle.includes(fingerprint));
  if (lost.length > 0) {
    return { do: "wait", anchor, message: `trust anchor ${anchor.arn} lacks the root with SHA-256 ${lost.join(", ")}` };
  }
  return { do: "join", anchor };
}
