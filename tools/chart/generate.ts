// Writes what is made from the chart and what the chart is made from; continuous integration compares.
import { installTool } from "@capstan/test-cluster";
import { copyCrds } from "./copy-crds.ts";
import { writeReference } from "./write-reference.ts";
import { writeManifests } from "./render-manifests.ts";

const helm = await installTool("helm", { log: (line) => void process.stderr.write(`${line}\n`) });
await copyCrds();
await writeReference();
await writeManifests({ helm });
