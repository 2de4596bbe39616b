import type { CertificateAuthority } from "@capstan/api";
import { parseTrustAnchorArn, type TrustAnchor } from "@capstan/rolesanywhere";
import { Unreadable } from "./unreadable.ts";
import type { World } from "./world.ts";

/** A trust anchor of an authority, where its status or spec says that it is. */
export interface AnchorPlace {
  readonly authority: CertificateAuthority;
  readonly name: string;
  /** As findings name it. */
  readonly subject: string;
  readonly arn: string;
  readonly id: string;
  readonly region: string;
  readonly account: string;
}

/** Every trust anchor that is known and not ignored. */
export async function anchorPlaces(world: World): Promise<readonly AnchorPlace[]> {
  return (await world.authorities()).flatMap((authority) =>
    (authority.spec.trustAnchors ?? []).flatMap(({ name, arn: given, ignore }): readonly AnchorPlace[] => {
      const arn = authority.status?.trustAnchors?.find((anchor) => anchor.name === name)?.arn ?? given;
      if (arn === undefined || ignore === true) return [];
      const { id, region, account } = parseTrustAnchorArn(arn);
      return [
        { authority, name, subject: `trust anchor ${authority.metadata.name}/${name}`, arn, id, region, account },
      ];
    }),
  );
}

/**
 * The trust anchors of the caller's own account: of others its credentials can say nothing.
 *
 * @throws {Unreadable} when there is none, or without credentials
 */
export async function ownAnchors(world: World): Promise<readonly AnchorPlace[]> {
  const aws = world.aws;
  const places = await anchorPlaces(world);
  const [first] = places;
  if (first === undefined) throw new Unreadable("no trust anchor is known yet");
  const account = await aws.account(first.region);
  const own = places.filter((place) => place.account === account);
  if (own.length > 0) return own;
  throw new Unreadable(
    `your AWS credentials are of account ${account}, and the trust anchors in ${[...new Set(places.map((place) => place.account))].join(", ")}`,
  );
}

/** The trust anchor as AWS has it now; undefined where it does not exist. @throws {Unreadable} */
export async function liveAnchor(world: World, { arn }: AnchorPlace): Promise<TrustAnchor | undefined> {
  return await world.aws.anchor(arn);
}
