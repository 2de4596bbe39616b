import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** The root of the repository. */
export const repository: string = path.dirname(path.dirname(here));

/** The Go module with the port of the specs. */
export const portDirectory: string = path.join(here, "go");

/** The Go module that runs the last suites that were released in cert-manager's root module. */
export const originalDirectory: string = path.join(here, "go-original");

export const manifests: string = path.join(here, "manifests");

/** The page that a whole run writes. */
export const document: string = path.join(repository, "docs/conformance.md");
