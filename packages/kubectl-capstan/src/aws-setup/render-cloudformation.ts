import { stringify } from "yaml";
import { rightsPolicy, trustPolicy } from "./policies.ts";
import { type Identity, notificationSettings, policyName, sessionSeconds, type Setup } from "./setup.ts";

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_RolesAnywhere.html

type Json = string | number | boolean | readonly Json[] | { readonly [name: string]: Json };

const anchorArn: Json = { "Fn::GetAtt": ["TrustAnchor", "TrustAnchorArn"] };

/** A stack of its own for each trust anchor. */
export function renderCloudFormation(setup: Setup): string {
  const { authority, anchor, region, account, anchorArn: knownArn } = setup;
  const arn = knownArn ?? anchorArn;
  const tags = Object.entries(setup.tags).map(([Key, Value]) => ({ Key, Value }));
  const template = {
    AWSTemplateFormatVersion: "2010-09-09",
    Description: `Capstan: certificate authority ${authority}, trust anchor ${anchor}`,
    Rules: {
      Place: {
        Assertions: [
          equals("AWS::AccountId", account, `spec.trustAnchors says account ${account}`),
          equals("AWS::Region", region, `spec.trustAnchors says region ${region}`),
        ],
      },
    },
    Resources: {
      ...(knownArn === undefined ? { TrustAnchor: trustAnchor(setup, tags) } : {}),
      ...Object.fromEntries(
        setup.identities.flatMap((identity) => [
          [`${idOf(identity)}Role`, role(setup, identity, { arn, tags })],
          [`${idOf(identity)}Profile`, profile(identity, tags)],
        ]),
      ),
    },
    Outputs: {
      TrustAnchorArn: { Description: `arn of ${anchor} in spec.trustAnchors`, Value: arn },
      ...Object.fromEntries(
        setup.identities.flatMap((identity) => {
          const id = idOf(identity);
          const use = identity.kind === "workload" ? "of the workload" : `of ${identity.kind} in spec.trustAnchors`;
          return [
            [
              `${id}ProfileArn`,
              {
                Description: `profileArn ${use}`,
                Value: { "Fn::GetAtt": [`${id}Profile`, "ProfileArn"] },
              },
            ],
            [`${id}RoleArn`, { Description: `roleArn ${use}`, Value: { "Fn::GetAtt": [`${id}Role`, "Arn"] } }],
          ];
        }),
      ),
    },
  };
  return `${head(setup)}${stringify(template, { lineWidth: 0, aliasDuplicateObjects: false, version: "1.1" })}`;
}

function head({ anchorName, region, anchorArn: knownArn }: Setup): string {
  const lines = [
    `aws cloudformation deploy --region ${region} --stack-name ${anchorName} --template-file FILE --capabilities CAPABILITY_NAMED_IAM`,
    `aws cloudformation describe-stacks --region ${region} --stack-name ${anchorName} --query Stacks[0].Outputs`,
    ...(knownArn === undefined
      ? [
          "From then on Capstan writes the trust anchor's certificates, at each rotation. Never change a property of TrustAnchor",
          "here: an update would send the first root again. Delete its CRLs before the stack.",
        ]
      : []),
  ];
  return lines.map((line) => `# ${line}\n`).join("");
}

function trustAnchor({ anchorName, roots }: Setup, Tags: Json): Json {
  return {
    Type: "AWS::RolesAnywhere::TrustAnchor",
    Properties: {
      Name: anchorName,
      Enabled: true,
      Source: {
        SourceType: "CERTIFICATE_BUNDLE",
        SourceData: { X509CertificateData: roots.map((pem) => `${pem.trimEnd()}\n`).join("") },
      },
      NotificationSettings: notificationSettings.map((setting) => ({
        Event: setting.event,
        Enabled: setting.enabled,
        ...(setting.enabled ? { Threshold: setting.thresholdDays } : {}),
      })),
      Tags,
    },
  };
}

function role(setup: Setup, identity: Identity, { arn, tags }: { readonly arn: Json; readonly tags: Json }): Json {
  const rights = rightsPolicy(setup, identity, arn);
  return {
    Type: "AWS::IAM::Role",
    Properties: {
      RoleName: identity.roleName,
      Description: identity.description,
      AssumeRolePolicyDocument: trustPolicy(setup, identity, arn) as unknown as Json,
      ...(rights === undefined
        ? {}
        : { Policies: [{ PolicyName: policyName, PolicyDocument: rights as unknown as Json }] }),
      Tags: tags,
    },
  };
}

function profile(identity: Identity, Tags: Json): Json {
  return {
    Type: "AWS::RolesAnywhere::Profile",
    Properties: {
      Name: identity.profileName,
      Enabled: true,
      DurationSeconds: sessionSeconds,
      RoleArns: [{ "Fn::GetAtt": [`${idOf(identity)}Role`, "Arn"] }],
      Tags,
    },
  };
}

function idOf({ kind }: Identity): string {
  return `${kind[0]?.toUpperCase() ?? ""}${kind.slice(1)}`;
}

function equals(parameter: string, value: string, description: string): Json {
  return { Assert: { "Fn::Equals": [{ Ref: parameter }, value] }, AssertDescription: description };
}
