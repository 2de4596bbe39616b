import {
  CreateProfileCommand,
  DeleteProfileCommand,
  EnableProfileCommand,
  GetProfileCommand,
  ListProfilesCommand,
  ListTagsForResourceCommand,
  type ProfileDetail,
  type RolesAnywhereClient,
  TagResourceCommand,
  UpdateProfileCommand,
} from "@aws-sdk/client-rolesanywhere";
import type { Tags } from "@capstan/rolesanywhere";
import { PluginError } from "../exit-code.ts";
import type { Pace } from "./pace.ts";

/** A profile as AWS holds it. */
export interface Profile {
  readonly id: string;
  readonly arn: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly roleArns: readonly string[];
  readonly durationSeconds: number;
  /** JSON; what sessions may at most do. */
  readonly sessionPolicy?: string;
  readonly managedPolicyArns: readonly string[];
}

/**
 * Profiles of one account and region, and the tags of what Roles Anywhere holds there. Every method rejects with a
 * `PluginError`.
 * @see https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/
 */
export class Profiles {
  readonly #client: RolesAnywhereClient;
  readonly #pace: Pace;
  readonly #tagging: Pace;

  constructor(client: RolesAnywhereClient, paces: { readonly profiles: Pace; readonly tagging: Pace }) {
    this.#client = client;
    this.#pace = paces.profiles;
    this.#tagging = paces.tagging;
  }

  async get(id: string): Promise<Profile | undefined> {
    const found = await this.#pace.find("rolesanywhere:GetProfile", () =>
      this.#client.send(new GetProfileCommand({ profileId: id })),
    );
    return found === undefined ? undefined : readProfile(found.profile);
  }

  /** All of them, over all pages. */
  async list(): Promise<readonly Profile[]> {
    const all: Profile[] = [];
    for (let nextToken: string | undefined; ;) {
      const page = await this.#pace.call("rolesanywhere:ListProfiles", () =>
        this.#client.send(
          new ListProfilesCommand({ pageSize: 100, ...(nextToken === undefined ? {} : { nextToken }) }),
        ),
      );
      all.push(...(page.profiles ?? []).map(readProfile));
      if (page.nextToken === undefined || page.nextToken === nextToken) return all;
      ({ nextToken } = page);
    }
  }

  /** Creates it enabled. Names are not unique: list first, or a repeat makes a second one. */
  async create(profile: {
    readonly name: string;
    readonly roleArns: readonly string[];
    readonly durationSeconds: number;
    readonly tags: Tags;
  }): Promise<Profile> {
    const { name, roleArns, durationSeconds, tags } = profile;
    const input = { name, roleArns: [...roleArns], durationSeconds, enabled: true, tags: tagList(tags) };
    const { profile: created } = await this.#pace.call("rolesanywhere:CreateProfile", () =>
      this.#client.send(new CreateProfileCommand(input)),
    );
    return readProfile(created);
  }

  /** Sets these members, and leaves the others. */
  async update(
    id: string,
    change: { readonly roleArns?: readonly string[]; readonly durationSeconds?: number },
  ): Promise<void> {
    const { roleArns, durationSeconds } = change;
    const input = {
      profileId: id,
      ...(roleArns === undefined ? {} : { roleArns: [...roleArns] }),
      ...(durationSeconds === undefined ? {} : { durationSeconds }),
    };
    await this.#pace.call("rolesanywhere:UpdateProfile", () => this.#client.send(new UpdateProfileCommand(input)));
  }

  async enable(id: string): Promise<void> {
    await this.#pace.call("rolesanywhere:EnableProfile", () =>
      this.#client.send(new EnableProfileCommand({ profileId: id })),
    );
  }

  /** That there is none is success. */
  async delete(id: string): Promise<void> {
    await this.#pace.find("rolesanywhere:DeleteProfile", () =>
      this.#client.send(new DeleteProfileCommand({ profileId: id })),
    );
  }

  /** Of a profile, a trust anchor or a CRL. */
  async tagsOf(arn: string): Promise<Tags> {
    const { tags = [] } = await this.#tagging.call("rolesanywhere:ListTagsForResource", () =>
      this.#client.send(new ListTagsForResourceCommand({ resourceArn: arn })),
    );
    return Object.fromEntries(tags.map(({ key, value }) => [key ?? "", value ?? ""]));
  }

  async tag(arn: string, tags: Tags): Promise<void> {
    await this.#tagging.call("rolesanywhere:TagResource", () =>
      this.#client.send(new TagResourceCommand({ resourceArn: arn, tags: tagList(tags) })),
    );
  }
}

function readProfile(profile: ProfileDetail | undefined): Profile {
  if (profile?.profileId === undefined || profile.profileArn === undefined) {
    throw new PluginError("Roles Anywhere answered without a profile: check the endpoint and any proxy before it");
  }
  const { sessionPolicy } = profile;
  return {
    id: profile.profileId,
    arn: profile.profileArn,
    name: profile.name ?? "",
    enabled: profile.enabled === true,
    roleArns: profile.roleArns ?? [],
    durationSeconds: profile.durationSeconds ?? 3600,
    ...(sessionPolicy === undefined || sessionPolicy === "" ? {} : { sessionPolicy }),
    managedPolicyArns: profile.managedPolicyArns ?? [],
  };
}

function tagList(tags: Tags): { key: string; value: string }[] {
  return Object.entries(tags).map(([key, value]) => ({ key, value }));
}
