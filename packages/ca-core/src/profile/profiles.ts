import {
  KEY_ALGORITHM_NAMES,
  LEAF_KEY_ALGORITHM_NAMES,
  SIGNING_HASH,
  type KeyAlgorithm,
  type LeafKeyAlgorithm,
  type SigningHash,
} from "../keys/algorithms.ts";
import type { SanKind } from "../san/subject-alternative-name.ts";
import type { ViolationCode } from "../violation.ts";
import { dnsNameFault, emailFault, ipFault, otherNameFault, uriFault } from "./san-values.ts";
import type { Usage } from "./usages.ts";

/**
 * `RolesAnywhere`: exactly what AWS IAM Roles Anywhere accepts and maps into session tags (AWS: "Trust model in IAM Roles
 * Anywhere"). `General`: what cert-manager's own CA issuer can do, for CAs that no trust anchor holds.
 */
export type ProfileName = "RolesAnywhere" | "General";

/** What a subject may be. */
export interface SubjectRule {
  readonly mayBeEmpty: boolean;
  /** Several attributes in one RDN. */
  readonly mayBeMultiValued: boolean;
  readonly mayRepeatTypes: boolean;
  readonly maxAttributes: number;
  /** Attribute types, by short name; "any" for every type whose value the strict reader can read. */
  readonly types: readonly string[] | "any";
  /** Upper bounds in characters (Unicode code points). */
  readonly maxLengths: { readonly [type: string]: number };
  readonly defaultMaxLength: number;
  readonly characters: { readonly pattern: RegExp; readonly rule: string; readonly cure: string };
}

/** What is wrong with a value of one kind of alternative name, or undefined; and under which code to say so. */
export interface SanRule {
  readonly code: ViolationCode;
  readonly faultOf: (value: string) => string | undefined;
}

export interface Profile {
  readonly name: ProfileName;
  readonly keyAlgorithms: readonly LeafKeyAlgorithm[];
  readonly subject: SubjectRule;
  /** Whether the leaf's Name is the request's, byte for byte; else it is written anew from the attributes. */
  readonly keepsSubjectBytes: boolean;
  /** A kind that stands nowhere here is refused. */
  readonly alternativeNames: { readonly [kind in SanKind]?: SanRule };
  /** What `spec.usages` may ask for where the CertificateAuthority says nothing. */
  readonly defaultUsages: readonly Usage[];
  /** Usages that no setting can allow. */
  readonly forbiddenUsages: readonly Usage[];
  readonly needsDigitalSignature: boolean;
  readonly mayIssueCa: boolean;
  readonly signingHash: { readonly [algorithm in KeyAlgorithm]: SigningHash };
  /** DER. Requests are bounded to 8,192 bytes, and so is what the reader takes. */
  readonly maxCertificateBytes: number;
  /** Of its roots: 0, or whatever the root says. */
  readonly rootPathLength: 0 | "any";
}

/**
 * Inside what STS takes in a session tag (`[\p{L}\p{Z}\p{N}_.:/=+\-@]*`): AWS drops a tag with any other value silently,
 * and a StringNotEquals condition on it then holds. No `/`, which joins repeated attributes there. No letters outside
 * ASCII: two names that look alike must not differ.
 */
const AWS_TAG_VALUE = /^[A-Za-z0-9 _.:=+@-]*$/;

/**
 * All of Unicode but what cannot be seen or changes how its surroundings are shown: control and format characters (bidi
 * overrides, zero-width spaces and joiners), fillers and other characters that are ignored by default, line separators,
 * every space but U+0020, and code points that are private, unpaired or unassigned.
 */
const VISIBLE = /^(?:[^\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]| )*$/u;

const EVERY_KEY_SHA256: Profile["signingHash"] = {
  "RSA-2048": SIGNING_HASH,
  "RSA-3072": SIGNING_HASH,
  "RSA-4096": SIGNING_HASH,
  "ECDSA-P256": SIGNING_HASH,
  "ECDSA-P384": SIGNING_HASH,
};

const COMMON_USAGES: readonly Usage[] = ["digital signature", "key encipherment", "client auth", "server auth"];

export const PROFILES: { readonly [name in ProfileName]: Profile } = {
  RolesAnywhere: {
    name: "RolesAnywhere",
    keyAlgorithms: KEY_ALGORITHM_NAMES,
    subject: {
      mayBeEmpty: false,
      mayBeMultiValued: false,
      mayRepeatTypes: false,
      maxAttributes: 32,
      types: ["CN", "O", "OU", "C", "ST", "L"],
      // Up to 61 characters the source identity is `CN=` and the name; beyond, AWS changes its form.
      maxLengths: { CN: 61 },
      // RFC 5280, A.1: ub-organization-name, ub-organizational-unit-name; the wider bounds of ST and L are cut to the same.
      defaultMaxLength: 64,
      characters: {
        pattern: AWS_TAG_VALUE,
        rule: "has characters other than letters, digits, space and _ . : = + @ -",
        cure: "AWS could not map it into a session tag",
      },
    },
    keepsSubjectBytes: false,
    alternativeNames: {
      DNS: { code: "ERR_SAN_DNS", faultOf: (value) => dnsNameFault(value) },
      URI: { code: "ERR_SAN_URI", faultOf: (value) => uriFault(value) },
      Email: { code: "ERR_SAN_EMAIL", faultOf: emailFault },
      IP: { code: "ERR_SAN_IP", faultOf: ipFault },
    },
    defaultUsages: COMMON_USAGES,
    // Each would make a leaf more than an end entity.
    forbiddenUsages: ["cert sign", "crl sign", "any", "ocsp signing"],
    needsDigitalSignature: true,
    mayIssueCa: false,
    // AWS's Python client cannot use a leaf that was signed with anything else.
    signingHash: EVERY_KEY_SHA256,
    maxCertificateBytes: 4_096,
    rootPathLength: 0,
  },
  General: {
    name: "General",
    keyAlgorithms: LEAF_KEY_ALGORITHM_NAMES,
    subject: {
      mayBeEmpty: true,
      mayBeMultiValued: true,
      mayRepeatTypes: true,
      maxAttributes: 32,
      types: "any",
      // RFC 5280, A.1.
      maxLengths: {
        CN: 64,
        O: 64,
        OU: 64,
        serialNumber: 64,
        L: 128,
        ST: 128,
      },
      // The longest upper bound that RFC 5280 has for a type in common use: ub-emailaddress-length.
      defaultMaxLength: 255,
      characters: {
        pattern: VISIBLE,
        rule: "has control, format, invisible or unassigned characters, or spaces other than U+0020",
        cure: "leave out what cannot be seen: two names that look alike must not differ",
      },
    },
    keepsSubjectBytes: true,
    alternativeNames: {
      DNS: { code: "ERR_SAN_DNS", faultOf: (value) => dnsNameFault(value, { wildcard: true }) },
      URI: { code: "ERR_SAN_URI", faultOf: (value) => uriFault(value, { http: true, port: true }) },
      Email: { code: "ERR_SAN_EMAIL", faultOf: emailFault },
      IP: { code: "ERR_SAN_IP", faultOf: ipFault },
      otherName: { code: "ERR_SAN_OTHER_NAME", faultOf: otherNameFault },
    },
    defaultUsages: COMMON_USAGES,
    forbiddenUsages: [],
    needsDigitalSignature: false,
    mayIssueCa: true,
    signingHash: { ...EVERY_KEY_SHA256, "ECDSA-P384": "sha384" },
    maxCertificateBytes: 8_192,
    rootPathLength: "any",
  },
};
