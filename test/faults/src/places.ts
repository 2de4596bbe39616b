import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** The root of the repository. */
export const repository: string = path.dirname(path.dirname(here));

/** The authority and the issuer that requests name. */
export const authorityManifest: string = path.join(here, "manifests/authority.yaml");
