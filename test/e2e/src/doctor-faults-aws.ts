import { commandIn, type DoctorFault } from "./doctor-fault.ts";
import { otherRoleArn, roleArn } from "./doctor-lab.ts";
import { strangersRoot } from "./doctor-strangers.ts";

/** Faults in AWS. Each is cured before the next. */
export const awsFaults: readonly DoctorFault[] = [
  {
    group: "anchor",
    name: "the trust anchor is disabled",
    inject: ({ environment, anchorArn }) => environment.emulator.interfere({ kind: "disable", arn: anchorArn }),
    expected: "anchor-disabled",
    cure: ({ enableTrustAnchor }) => enableTrustAnchor(),
  },
  {
    group: "anchor",
    name: "the trust anchor is disabled by an order",
    inject: async ({ shell }) => await shell("kubectl capstan freeze fleet --anchor prod --yes --wait"),
    expected: "anchor-disabled",
    cure: async ({ shell }, printed) => await shell(`${commandIn(printed)} --yes --wait`),
  },
  {
    group: "anchor",
    name: "a stranger adds a root",
    inject: async ({ environment, anchorArn }) =>
      environment.emulator.interfere({
        kind: "add-certificate",
        arn: anchorArn,
        pem: await strangersRoot(environment.cluster.directory),
      }),
    expected: "anchor-drift",
    cure: ({ environment, anchorArn }) => environment.emulator.interfere({ kind: "revert-bundle", arn: anchorArn }),
  },
  {
    group: "anchor",
    name: "a stranger replaces the bundle",
    inject: async ({ environment, anchorArn }) =>
      environment.emulator.interfere({
        kind: "replace-bundle",
        arn: anchorArn,
        pem: await strangersRoot(environment.cluster.directory),
      }),
    expected: "anchor-drift",
    cure: ({ environment, anchorArn }) => environment.emulator.interfere({ kind: "revert-bundle", arn: anchorArn }),
  },
  {
    group: "CRL",
    name: "the CRL is disabled",
    inject: async ({ environment, crlArn }) => environment.emulator.interfere({ kind: "disable", arn: await crlArn() }),
    expected: "aws-crl-disabled",
    cure: ({ enableCrl }) => enableCrl(),
  },
  {
    group: "profile",
    name: "the profile is disabled",
    inject: ({ setProfileEnabled }) => setProfileEnabled(false),
    expected: "profile-disabled",
    cure: ({ setProfileEnabled }) => setProfileEnabled(true),
  },
  {
    group: "profile",
    name: "the profile does not hold the role",
    inject: ({ setProfile }) => setProfile({ roleArns: ["arn:aws:iam::111122223333:role/other"] }),
    expected: "profile-lacks-role",
    cure: ({ setProfile }) => setProfile({ roleArns: [roleArn] }),
  },
  {
    group: "profile",
    name: "the profile asks for longer sessions than the role grants",
    inject: ({ setProfile }) => setProfile({ durationSeconds: 7_200 }),
    expected: "session-duration-too-long",
    cure: ({ setProfile }) => setProfile({ durationSeconds: 3_600 }),
  },
  {
    group: "profile",
    name: "the profile that was named does not exist",
    inject: (lab) => void (lab.asked = { profileArn: lab.profileArn.replace(/.{4}$/, "0000") }),
    expected: "profile-missing",
    cure: (lab) => void (lab.asked = {}),
  },
  {
    group: "profile",
    name: "the profile that was named is of another region",
    inject: (lab) => void (lab.asked = { profileArn: lab.profileArn.replace("eu-central-1", "us-east-1") }),
    expected: "target-elsewhere",
    cure: (lab) => void (lab.asked = {}),
  },
  {
    group: "role",
    name: "the role that was named is not the profile's",
    inject: (lab) => void (lab.asked = { roleArn: otherRoleArn }),
    expected: "profile-lacks-role",
    cure: (lab) => void (lab.asked = {}),
  },
  {
    group: "trust policy",
    name: "the principal is missing",
    inject: ({ setTrust }) => setTrust({ Principal: { Service: "ec2.amazonaws.com" } }),
    expected: "role-principal-missing",
    cure: ({ setTrust }) => setTrust(),
  },
  ...["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"].map((missing): DoctorFault => ({
    group: "trust policy",
    name: `${missing} is missing`,
    inject: ({ setTrust }) =>
      setTrust({
        Action: ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"].filter((action) => action !== missing),
      }),
    expected: "role-action-missing",
    cure: ({ setTrust }) => setTrust(),
  })),
  ...Object.entries({
    "another common name": { StringEquals: { "aws:PrincipalTag/x509Subject/CN": "api.demo" } },
    "another authority": { StringEquals: { "aws:PrincipalTag/x509Issuer/CN": "Example Fleet CA G2" } },
    "a DNS name that the leaf lacks": { StringLike: { "aws:PrincipalTag/x509SAN/DNS": "*.demo.svc" } },
    "a source identity without CN=": { StringEquals: { "sts:SourceIdentity": "web.demo" } },
  }).map(([what, condition]): DoctorFault => ({
    group: "trust policy",
    name: `a condition wants ${what}`,
    inject: ({ setTrust }) => setTrust({ Condition: condition }),
    expected: "role-condition",
    cure: ({ setTrust }) => setTrust(),
  })),
  {
    group: "trust policy",
    name: "a condition wants another trust anchor",
    inject: ({ setTrust, anchorArn }) =>
      setTrust({ Condition: { ArnEquals: { "aws:SourceArn": anchorArn.replace(/.{4}$/, "0000") } } }),
    expected: "role-source-arn",
    cure: ({ setTrust }) => setTrust(),
  },
];
