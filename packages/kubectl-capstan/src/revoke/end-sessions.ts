import { formatTime } from "../output/human-time.ts";
import type { Identity } from "./leaf.ts";

/** What AWS takes as a tag's value: another common name is in no tag, and in no policy. */
const tagValue = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]+$/u;

/** IAM takes this many characters of inline policies for a role, white space not counted. */
export const maxInlinePolicyCharacters = 10_240;

/**
 * An IAM policy that ends the sessions of revoked certificates and no others: a role that has it denies everything to the
 * sessions that bear their serial numbers, and to those of the same common names that were opened before a time. Sessions
 * whose profile lets the caller choose their names are only met by the second statement, those whose profile maps no common
 * name only by the first.
 *
 * IAM User Guide, "Disabling permissions for temporary security credentials" and "AWS global condition context keys";
 * IAM Roles Anywhere User Guide, "Trust model".
 *
 * @param before milliseconds since 1970
 * @returns undefined when nothing is known of whose sessions to end
 *
 * @example
 * endSessionsPolicy([{ serial: "4f1c…", commonName: "web.demo" }], Date.now())
 */
export function endSessionsPolicy(identities: readonly Identity[], before: number): object | undefined {
  if (identities.length === 0) return undefined;
  const serials = [...new Set(identities.map(({ serial }) => serial))];
  const names = [...new Set(identities.flatMap(({ commonName }) => commonName ?? []))].filter((name) =>
    tagValue.test(name),
  );
  const deny = { Effect: "Deny", Action: "*", Resource: "*" };
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "SessionsOfRevokedCertificates",
        ...deny,
        // A session's aws:userid is ROLE-ID:SESSION-NAME.
        Condition: { StringLike: { "aws:userid": serials.map((serial) => `*:${serial}`) } },
      },
      ...(names.length === 0
        ? []
        : [
            {
              Sid: "OlderSessionsOfTheirNames",
              ...deny,
              Condition: {
                StringEquals: { "aws:PrincipalTag/x509Subject/CN": names },
                DateLessThan: { "aws:TokenIssueTime": formatTime(before) },
              },
            },
          ]),
    ],
  };
}
