import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { installOnce } from "./install-once.ts";

// AWS's provider for Terraform and OpenTofu, built from its module with the clients and resources that our text is about, and not
// those of all 271 services: its two generated lists are shortened.

const run = promisify(execFile);

const module = "github.com/hashicorp/terraform-provider-aws";
/** A commit of release 6: Go's module proxy hands out none of its tags. */
const version = "v1.60.1-0.20260602190131-5f2286d6d836";
const sum = "h1:haLmsj0WF7e6d2TGbk0fbz5qWdA9f8w9sNpMe6J6WqM=";

/** Services with resources. */
const services: ReadonlySet<string> = new Set(["iam", "rolesanywhere", "sts"]);
/** Services with clients: the provider's own code asks S3 for its settings. */
const clients: ReadonlySet<string> = new Set([...services, "s3"]);

/** Generated lists, and what of them names a service. */
const lists: readonly {
  readonly file: string;
  readonly kept: ReadonlySet<string>;
  readonly entries: readonly RegExp[];
}[] = [
  {
    file: "internal/provider/sdkv2/service_packages_gen.go",
    kept: services,
    entries: [/^\t"\S+\/internal\/service\/(\w+)"\n/gm, /^\t\t(\w+)\.ServicePackage\(ctx\),\n/gm],
  },
  {
    file: "internal/conns/awsclient_gen.go",
    kept: clients,
    entries: [
      /^\t(?:\w+ )?"\S+\/aws-sdk-go-v2\/service\/(\w+)"\n/gm,
      /^func \(c \*AWSClient\) \w+\(ctx context\.Context\) \*(\w+)\.Client \{\n.*\n\}\n\n?/gm,
    ],
  },
];

/** Builds it once into `${XDG_CACHE_HOME:-~/.cache}/capstan/terraform-provider-aws-<key>`, and returns that folder. */
export async function installAwsProvider(log: (line: string) => void): Promise<string> {
  return installOnce("terraform-provider-aws", `${version} ${[...clients].join()}`, async (unfinished, final) => {
    log(`building AWS's provider into ${final} (once; some minutes)`);
    const { stdout } = await run("go", ["mod", "download", "-json", `${module}@${version}`], { cwd: unfinished });
    const { Dir: source, Sum: found } = JSON.parse(stdout) as { readonly Dir: string; readonly Sum: string };
    if (found !== sum) throw new Error(`${module}@${version} is ${found}, not ${sum}`);
    const copy = await mkdtemp(join(tmpdir(), "terraform-provider-aws-"));
    try {
      const isNeeded = (file: string): boolean => !/^(website|docs|examples|\.ci)(\/|$)/.test(relative(source, file));
      await cp(source, copy, { recursive: true, filter: isNeeded });
      await run("chmod", ["-R", "u+w", copy]);
      for (const { file, kept, entries } of lists) {
        let text = await readFile(join(copy, file), "utf8");
        for (const entry of entries) {
          text = text.replaceAll(entry, (all: string, name: string) => (kept.has(name) ? all : ""));
        }
        await writeFile(join(copy, file), text);
      }
      const program = join(unfinished, "terraform-provider-aws");
      await run("go", ["build", "-trimpath", "-ldflags=-s -w", "-o", program, "."], { cwd: copy, maxBuffer: 1 << 26 });
    } finally {
      await rm(copy, { recursive: true });
    }
  });
}
