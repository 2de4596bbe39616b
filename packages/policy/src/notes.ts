import { quote, type CertificationRequest, type ProfileName } from "@capstan/ca-core";

/** Kinds of which AWS maps the first value into a session tag and drops the rest (AWS: "Trust model in IAM Roles Anywhere"). */
const kindsMappedOnce = ["DNS", "URI"] as const;

/** What the requester may not expect of the names, and what of the request was left aside. */
export function noteOnNames(request: CertificationRequest, profile: ProfileName): readonly string[] {
  const mapped = profile === "RolesAnywhere" ? kindsMappedOnce : [];
  const notes = mapped.flatMap((kind) => {
    const [first, ...others] = request.subjectAlternativeNames.filter((name) => name.kind === kind);
    if (first === undefined || others.length === 0) return [];
    return [`Of ${others.length + 1} ${kind} names AWS maps only the first, ${quote(first.value)}, into a session tag`];
  });
  if (request.ignored.length > 0) notes.push(`Attributes of the request left aside: ${request.ignored.join(", ")}`);
  return notes;
}
