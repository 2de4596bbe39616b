// Writes the bundles alone into a folder, for deploy/image/Dockerfile.
import { bundlePrograms } from "./bundle-programs.ts";

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("usage: bundle-main.ts FOLDER");
await bundlePrograms(folder);
