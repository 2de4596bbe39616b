import type { Check, Finding } from "./check.ts";
import { type Container, type Pod, podResource } from "./resources.ts";

/** The last release whose `serve` answers a refused session with empty credentials and success. */
const lastBrokenServe = [1, 8, 0] as const;

/** Image of AWS's helper: https://gallery.ecr.aws/rolesanywhere/credential-helper */
const helperImage = /(?:^|\/)credential-helper:v?(?<version>\d+\.\d+\.\d+)/;

/** More pods than anybody reads findings about: they are of the same few workloads. */
const maxFindings = 20;

export const helperVersions: Check = {
  id: "helper-versions",
  group: "Requests",
  title: "no pod runs a version of AWS's helper that serves empty credentials",
  reads: "list pods",
  run: async (world) =>
    (await world.list<Pod>(podResource))
      .flatMap(({ metadata, spec }): readonly Finding[] =>
        [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].flatMap((container): readonly Finding[] => {
          const version = brokenVersionOf(container);
          if (version === undefined) return [];
          return [
            {
              id: "helper-serves-empty-credentials",
              subject: `pod/${metadata.namespace ?? ""}/${metadata.name}`,
              cause: `container ${container.name ?? ""} runs "serve" of aws_signing_helper ${version}, which answers with empty credentials and success when AWS refuses the session`,
              cure: "use an image of a release after 1.8.0, or credential-process instead of serve",
            },
          ];
        }),
      )
      .slice(0, maxFindings),
};

/** The version, where the container serves by one that is known to be broken. */
function brokenVersionOf({ image = "", command = [], args = [] }: Container): string | undefined {
  const version = helperImage.exec(image)?.groups?.["version"];
  if (version === undefined || ![...command, ...args].includes("serve")) return undefined;
  const parts = version.split(".").map(Number);
  for (const [index, part] of lastBrokenServe.entries()) {
    const own = parts[index] ?? 0;
    if (own !== part) return own < part ? version : undefined;
  }
  return version;
}
