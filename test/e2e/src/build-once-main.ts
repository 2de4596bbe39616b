// Builds into a folder what each environment of a run would else build anew, some seconds each time: the plugin, the programs
// as the image holds them, and code that Node has compiled.
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { buildPlugin } from "@capstan/kubectl-capstan/bundle";
import { bundlePrograms } from "@capstan/tools/bundles";
import { builtFiles } from "./built-files.ts";

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("usage: build-once-main.ts FOLDER");
const { plugin, programs, compileCache } = builtFiles(folder);
await Promise.all([buildPlugin(plugin), bundlePrograms(programs)]);
// Node writes what it has compiled when it ends by itself, which a program that is killed never does.
const bundles = ["issuer-controller.js", "crl-publisher.js", "crl-server.js"].map((name) => path.join(programs, name));
for (const program of [plugin, ...bundles]) {
  const env = { ...process.env, NODE_COMPILE_CACHE: compileCache };
  await promisify(execFile)(process.execPath, [program, "--help"], { env });
}
