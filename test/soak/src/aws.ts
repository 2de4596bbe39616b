import { type Clock, createControlPlane, type RolesAnywhereControlPlane } from "@capstan/rolesanywhere";
import { type Emulator, type Quotas, startEmulator } from "@capstan/test-rolesanywhere";
import { issuerCommonName } from "./places.ts";
import type { Plan } from "./plan.ts";
import type { ScaledTime } from "./time-scale.ts";

/** Where a trust anchor is. */
export interface Place {
  /** In the spec. */
  readonly name: string;
  readonly region: string;
  readonly account: string;
}

/** Three anchors in two regions and two accounts. */
export const places: readonly Place[] = [
  { name: "frankfurt", region: "eu-central-1", account: "111122223333" },
  { name: "virginia", region: "us-east-1", account: "111122223333" },
  { name: "other", region: "eu-central-1", account: "444455556666" },
];

/** A trust anchor, and what is asked for under it. */
export interface Anchor extends Place {
  readonly arn: string;
  readonly workload: Target;
  readonly publisher: Target;
  readonly canary: Target;
}

interface Target {
  readonly profileArn: string;
  readonly roleArn: string;
}

const roleNames = ["workload", "publisher", "canary"] as const;

/** AWS as an administrator has prepared it: profiles and roles, and no trust anchor yet. */
export class Aws {
  readonly emulator: Emulator;
  readonly #time: ScaledTime;

  private constructor(emulator: Emulator, time: ScaledTime) {
    this.emulator = emulator;
    this.#time = time;
  }

  static async start(plan: Plan, time: ScaledTime): Promise<Aws> {
    const [home, ...others] = accounts().map((id) => accountSeed(id, quotasOf(plan)));
    if (home === undefined) throw new TypeError("there is no place");
    const [region = "", ...regions] = home.regions;
    const { id: account, roles, profiles, quotas } = home;
    const options = { region, regions, account, roles, profiles, quotas, accounts: others, now: time.now };
    return new Aws(await startEmulator({ ...options, accessKeys: accounts().map(accessKeyOf) }), time);
  }

  /** As the account's administrator, who is not paced. */
  administrator({ region, account }: Place): RolesAnywhereControlPlane {
    const { emulator, now } = { emulator: this.emulator, now: this.#time.now };
    return createControlPlane({
      region,
      account,
      endpoint: emulator.endpoint,
      credentials: accessKeyOf(account),
      now,
      clock: unpaced(),
    });
  }

  /** Makes a trust anchor that holds one root, as `kubectl capstan aws-setup` would. */
  async createAnchor(place: Place, rootPem: string): Promise<Anchor> {
    const { arn } = await this.administrator(place).createTrustAnchor({ name: place.name, bundlePem: rootPem });
    const targetOf = (name: (typeof roleNames)[number]): Target => ({
      profileArn: this.emulator.profileArn(name, place),
      roleArn: this.emulator.roleArn(name, place),
    });
    return {
      ...place,
      arn,
      workload: targetOf("workload"),
      publisher: targetOf("publisher"),
      canary: targetOf("canary"),
    };
  }
}

/** Time for a caller of its own: nobody else's calls count toward its pace. */
export function unpaced(): Clock {
  let calls = 0;
  return { now: () => (calls += 3_600_000), sleep: () => Promise.resolve() };
}

function accounts(): readonly string[] {
  return [...new Set(places.map(({ account }) => account))];
}

function accessKeyOf(account: string): {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly arn: string;
} {
  return {
    accessKeyId: `AKIASOAK${account}`,
    secretAccessKey: "emulator-only/not-a-secret/0123456789abc",
    arn: `arn:aws:iam::${account}:user/administrator`,
  };
}

function accountSeed(id: string, quotas: Partial<Quotas>) {
  const regions = [...new Set(places.filter(({ account }) => account === id).map(({ region }) => region))];
  return {
    id,
    regions,
    quotas,
    roles: roleNames.map((name) => ({ arn: `arn:aws:iam::${id}:role/${name}`, trustPolicy })),
    profiles: regions.flatMap((region) =>
      roleNames.map((name) => ({ name, region, roleArns: [`arn:aws:iam::${id}:role/${name}`] })),
    ),
  };
}

const trustPolicy = {
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Principal: { Service: "rolesanywhere.amazonaws.com" },
      Action: ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
      Condition: { StringEquals: { "aws:PrincipalTag/x509Issuer/CN": issuerCommonName } },
    },
  ],
};

/** The emulator counts by its own clock, AWS by real seconds. */
function quotasOf({ factor, quotas }: Plan): Partial<Quotas> {
  const times = (perSecond: number) => {
    const most = quotas === "real" ? perSecond : perSecond * 1_000;
    return { perSecond: most / factor, burst: most };
  };
  return { "trust-anchors": times(1), crls: times(1), "create-session": times(10) };
}
