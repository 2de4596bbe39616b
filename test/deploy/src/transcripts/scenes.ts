/** A command as somebody types it in a cluster, and what had to happen before. */
export interface Scene {
  /** What a page calls it by. */
  readonly name: string;
  /** As whom: whoever is on call, or an administrator of both cluster and AWS account. */
  readonly as: "operator" | "administrator";
  readonly prepare?: (stage: Stage) => Promise<void>;
  /** `$NAME` stands for what is known only when it runs; the transcript shows that instead. */
  readonly command: string;
  /** What the command ends with. */
  readonly exitCode: 0 | 1;
  readonly after?: (stage: Stage) => Promise<void>;
}

/** What can be done around a scene. */
export interface Stage {
  /** Changes the trust policy of the workload's role, or sets it right again. */
  readonly setTrust: (change?: Readonly<Record<string, unknown>>) => Promise<void>;
  /** Runs the plugin as whoever is on call. */
  readonly order: (args: readonly string[]) => Promise<void>;
  /** Until the rotation waits for this. */
  readonly untilRotating: (reason: string) => Promise<void>;
}

const ofLeaf = "--certificate tls.crt --private-key tls.key --role-arn $ROLE_ARN --profile-arn $PROFILE_ARN";

/** In this order, each in what the ones before have left. */
export const scenes: readonly Scene[] = [
  { name: "status-healthy", as: "operator", command: "kubectl capstan status", exitCode: 0 },
  { name: "doctor-healthy", as: "administrator", command: `kubectl capstan doctor ${ofLeaf}`, exitCode: 0 },
  {
    name: "doctor-fault",
    as: "administrator",
    prepare: ({ setTrust }) =>
      setTrust({
        Condition: {
          StringEquals: {
            "aws:PrincipalTag/x509Subject/CN": "web.production",
            "aws:PrincipalTag/x509Issuer/CN": "Example Fleet CA",
          },
        },
      }),
    command: `kubectl capstan doctor ${ofLeaf}`,
    exitCode: 1,
    after: ({ setTrust }) => setTrust(),
  },
  { name: "rotate-dry-run", as: "operator", command: "kubectl capstan rotate fleet --dry-run", exitCode: 0 },
  { name: "whois", as: "operator", command: "kubectl capstan whois $SESSION_ARN", exitCode: 0 },
  {
    name: "revoke",
    as: "operator",
    command:
      "kubectl capstan revoke certificate/web -n demo --reason keyCompromise --reissue --end-sessions --yes --wait",
    exitCode: 0,
  },
  {
    name: "status-rotating",
    as: "operator",
    prepare: async ({ order, untilRotating }) => {
      await order(["rotate", "fleet", "--yes"]);
      await untilRotating("Soaking");
    },
    command: "kubectl capstan status",
    exitCode: 0,
  },
  {
    name: "compromised",
    as: "operator",
    command: "kubectl capstan rotate fleet --compromised --yes --wait",
    exitCode: 0,
  },
  { name: "status-compromised", as: "operator", command: "kubectl capstan status", exitCode: 0 },
];
