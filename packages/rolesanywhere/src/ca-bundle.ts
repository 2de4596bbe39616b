import { readFile } from "node:fs/promises";

import { RolesAnywhereError } from "./errors.ts";

/**
 * The private CAs that the environment names: the text of the file in AWS_CA_BUNDLE. As with the AWS CLI they are the only ones that
 * are trusted then; those of NODE_EXTRA_CA_CERTS, which Node reads itself, come on top of the usual ones.
 *
 * @throws {RolesAnywhereError} ERR_AWS_CONFIGURATION when the file cannot be read
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-gen-config.html
 *
 * @example
 * createRequestHandler({ caBundlePem: await caBundleFromEnvironment(process.env) });
 */
export async function caBundleFromEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const file = env["AWS_CA_BUNDLE"];
  if (file === undefined || file === "") return undefined;
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    throw new RolesAnywhereError(
      "ERR_AWS_CONFIGURATION",
      `the file that AWS_CA_BUNDLE names, ${JSON.stringify(file)}, cannot be read (${code}): mount it, or unset the variable`,
      { operation: "caBundleFromEnvironment" },
    );
  }
}
