import { KEY_ALGORITHMS } from "../keys/algorithms.ts";
import { quote } from "../lib/quote.ts";
import type { Violation } from "../violation.ts";
import type { ProfileQuestion } from "./check-against-profile.ts";
import type { Profile } from "./profiles.ts";
import {
  extendedKeyUsageOids,
  isConsistent,
  isUsage,
  keyUsageBits,
  possibleKeyUsageBits,
  usagesOf,
  type Usage,
} from "./usages.ts";

/** What a CA certificate may do and no other certificate. */
const CA_USAGES: readonly Usage[] = ["cert sign", "crl sign"];

/** There are 23 of them; cert-manager's webhook takes any number of repeats. */
const MAX_USAGES = 64;

/**
 * Whether `spec.usages` are few enough to be looked at one by one.
 *
 * @example
 * checkUsageCount(["client auth", "digital signature"]).length // 0
 */
export function checkUsageCount(usages: readonly string[]): Violation[] {
  if (usages.length <= MAX_USAGES) return [];
  const rule = `${usages.length} usages, and at most ${MAX_USAGES} are read`;
  return [{ code: "ERR_USAGE_COUNT", field: "spec.usages", rule, cure: "list each usage once" }];
}

/** Usages that `spec.usages` and the request ask for: known, allowed, and of some use together. */
export function checkUsages(profile: Profile, question: ProfileQuestion): Violation[] {
  const tooMany = checkUsageCount(question.usages ?? []);
  if (tooMany.length > 0) return tooMany;
  const refused = checkAllowed(profile, question);
  return refused.length > 0 ? refused : checkTogether(profile, question);
}

function checkAllowed(profile: Profile, question: ProfileQuestion): Violation[] {
  const { request, usages, isCa = false, allowedUsages = profile.defaultUsages } = question;
  const asked: [field: string, name: string][] = [
    ...(usages ?? []).map((name, index): [string, string] => [`spec.usages[${index}]`, name]),
    ...(request.requested.keyUsages ?? []).map((name): [string, string] => ["spec.request: keyUsage", name]),
    ...(request.requested.extendedKeyUsages ?? []).map((name): [string, string] => [
      "spec.request: extendedKeyUsage",
      name,
    ]),
  ];
  const allowed = [
    ...allowedUsages.filter((name) => !profile.forbiddenUsages.includes(name) && !CA_USAGES.includes(name)),
    ...(isCa && profile.mayIssueCa ? CA_USAGES : []),
  ];
  // What is in every leaf may always be asked for.
  const always = profile.needsDigitalSignature ? [0] : [];
  const allowedBits = new Set([...always, ...keyUsageBits(allowed)]);
  const allowedOids = new Set(extendedKeyUsageOids(allowed));
  return asked.flatMap(([field, name]): Violation[] => {
    if (!isUsage(name)) {
      return [{ code: "ERR_USAGE_UNKNOWN", field, rule: `${quote(name)} is no usage that cert-manager knows` }];
    }
    const fits = keyUsageBits([name]).every((bit) => allowedBits.has(bit));
    if (fits && extendedKeyUsageOids([name]).every((oid) => allowedOids.has(oid))) return [];
    const rule = `the usage ${quote(name)} is not among the allowed ones: ${allowed.join(", ")}`;
    return [{ code: "ERR_USAGE_NOT_ALLOWED", field, rule }];
  });
}

function checkTogether(profile: Profile, { request, usages, isCa = false }: ProfileQuestion): Violation[] {
  const field = "spec.usages";
  const cure = 'add "digital signature"';
  const granted = usagesOf(usages);
  const { algorithm } = request.publicKey;
  const { needsDigitalSignature } = profile;
  const { kind } = KEY_ALGORITHMS[algorithm];
  const bits = possibleKeyUsageBits({ usages: granted, kind, isCa, needsDigitalSignature });
  if (bits.length === 0 && keyUsageBits(granted).length > 0) {
    const rule = `a key of type ${algorithm} can do none of ${granted.join(", ")}`;
    return [{ code: "ERR_USAGE_KEY", field, rule, cure }];
  }
  // In a CA certificate purposes bound what its leaves may have.
  if (isCa || isConsistent(bits, extendedKeyUsageOids(granted))) return [];
  const rule = `with a key of type ${algorithm} no purpose goes with another of ${granted.join(", ")} (RFC 5280, 4.2.1.12)`;
  return [{ code: "ERR_USAGE_INCONSISTENT", field, rule, cure }];
}
