import { PluginError, UsageError } from "../exit-code.ts";
import type { Authority } from "./read-authority.ts";
import type { Request } from "./request.ts";

type AnchorSpec = NonNullable<Authority["spec"]["trustAnchors"]>[number];

/**
 * The trust anchors of the spec that are meant: the one named, else all but those that are to be ignored.
 *
 * @throws {PluginError} when the spec has none
 * @throws {UsageError} when one has to be named
 */
export function chooseAnchors(
  { metadata, spec }: Authority,
  { anchor, task, workload }: Request & { readonly anchor?: string | undefined },
): readonly AnchorSpec[] {
  const all = spec.trustAnchors ?? [];
  if (all.length === 0) {
    throw new PluginError(
      `certificate authority ${metadata.name} has no trust anchors: say in spec.trustAnchors where they are to be, for example { name: prod, region: eu-central-1, account: "111122223333", create: true }`,
    );
  }
  const names = all.map(({ name }) => name).join(", ");
  if (anchor !== undefined) {
    const found = all.filter(({ name }) => name === anchor);
    if (found.length > 0) return found;
    throw new UsageError(
      `--anchor: spec.trustAnchors of ${metadata.name} has no ${JSON.stringify(anchor)}, but ${names}`,
    );
  }
  const meant = all.filter(({ ignore }) => ignore !== true);
  const why =
    workload !== undefined
      ? "a role for workloads trusts one trust anchor"
      : task.do === "print"
        ? "text is printed for one trust anchor"
        : undefined;
  if (meant.length > 1 && why !== undefined) {
    throw new UsageError(`${why}, and ${metadata.name} has several: name one of ${names} by --anchor`);
  }
  return meant;
}
