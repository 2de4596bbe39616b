/**
 * What is built, from which of the Go modules below `go/`. Versions are not named here: they are read from the
 * module's go.mod, which is the one place that names them.
 */
export interface ToolSource {
  /** The binary's file name. */
  readonly name: ToolName;
  /** Folder below `go/` with the go.mod that builds it. */
  readonly module: GoModule;
  readonly package: string;
  /** The module in go.mod whose version is this tool's version. */
  readonly versionOf: string;
  /** Go variables that get the version at link time: a plain `go build` would report none. */
  readonly versionVariables: (version: string) => Readonly<Record<string, string>>;
  /** Whether it needs a C compiler. */
  readonly cgo: boolean;
  /** Folder of its Helm chart in the module `versionOf`, which is copied beside the binary. */
  readonly chart?: string;
  /** Not one that every cluster is made of or every suite runs: built when a suite asks for it by name. */
  readonly onDemand?: true;
}

export type GoModule =
  | "approver-policy"
  | "control-plane"
  | "etcd"
  | "client-tools"
  | "krew"
  | "opentofu"
  | "signing-helper"
  | "zlint";

export type ToolName =
  | "etcd"
  | "kube-apiserver"
  | "kube-controller-manager"
  | "kubectl"
  | "cert-manager"
  | "helm"
  | "cmctl"
  | "aws_signing_helper"
  | "zlint"
  | "approver-policy"
  | "krew"
  | "validate-krew-manifest"
  | "tofu";

const certManagerVersion = (version: string): Record<string, string> => ({
  "github.com/cert-manager/cert-manager/pkg/util.AppVersion": version,
});

function kubernetes(name: ToolName): ToolSource {
  return {
    name,
    module: "control-plane",
    package: `k8s.io/kubernetes/cmd/${name}`,
    versionOf: "k8s.io/kubernetes",
    versionVariables: (version) => {
      const [major = "", minor = ""] = version.slice(1).split(".");
      const variables = "k8s.io/component-base/version";
      return {
        [`${variables}.gitVersion`]: version,
        [`${variables}.gitMajor`]: major,
        [`${variables}.gitMinor`]: minor,
      };
    },
    cgo: false,
  };
}

function krew(name: ToolName): ToolSource {
  return {
    name,
    module: "krew",
    package: `sigs.k8s.io/krew/cmd/${name}`,
    versionOf: "sigs.k8s.io/krew",
    // Without a version it never asks the network for a newer one.
    versionVariables: () => ({}),
    cgo: false,
    onDemand: true,
  };
}

/** In the order of building: what the next one shares packages with comes first. */
export const toolTable: readonly ToolSource[] = [
  kubernetes("kube-apiserver"),
  kubernetes("kube-controller-manager"),
  kubernetes("kubectl"),
  {
    name: "cert-manager",
    module: "control-plane",
    package: "./cert-manager",
    versionOf: "github.com/cert-manager/cert-manager",
    versionVariables: certManagerVersion,
    cgo: false,
    chart: "deploy/charts/cert-manager",
  },
  {
    name: "helm",
    module: "client-tools",
    package: "helm.sh/helm/v4/cmd/helm",
    versionOf: "helm.sh/helm/v4",
    versionVariables: (version) => ({ "helm.sh/helm/v4/internal/version.version": version }),
    cgo: false,
  },
  {
    name: "cmctl",
    module: "client-tools",
    package: "github.com/cert-manager/cmctl/v2",
    versionOf: "github.com/cert-manager/cmctl/v2",
    // cmctl reports the version through cert-manager's own variable.
    versionVariables: certManagerVersion,
    cgo: false,
  },
  {
    name: "etcd",
    module: "etcd",
    package: "go.etcd.io/etcd/server/v3",
    versionOf: "go.etcd.io/etcd/server/v3",
    // etcd's version is a constant in its source.
    versionVariables: () => ({}),
    cgo: false,
  },
  {
    name: "aws_signing_helper",
    module: "signing-helper",
    package: "github.com/aws/rolesanywhere-credential-helper",
    versionOf: "github.com/aws/rolesanywhere-credential-helper",
    versionVariables: (version) => ({
      "github.com/aws/rolesanywhere-credential-helper/cmd.Version": version.slice(1),
    }),
    cgo: true,
  },
  {
    name: "zlint",
    module: "zlint",
    package: "github.com/zmap/zlint/v3/cmd/zlint",
    versionOf: "github.com/zmap/zlint/v3",
    versionVariables: (version) => ({ "main.version": version.slice(1) }),
    cgo: false,
  },
  {
    name: "approver-policy",
    module: "approver-policy",
    package: "github.com/cert-manager/approver-policy/cmd",
    versionOf: "github.com/cert-manager/approver-policy",
    // It has no word for its version.
    versionVariables: () => ({}),
    cgo: false,
    chart: "deploy/charts/approver-policy",
    onDemand: true,
  },
  krew("krew"),
  krew("validate-krew-manifest"),
  {
    name: "tofu",
    module: "opentofu",
    package: "github.com/opentofu/opentofu/cmd/tofu",
    versionOf: "github.com/opentofu/opentofu",
    // Its version is a file in its source.
    versionVariables: () => ({}),
    cgo: false,
    onDemand: true,
  },
];

/** The version of a required module, from a go.mod's text, as `v1.36.4`. */
export function requiredVersion(goMod: string, module: string): string {
  for (const line of goMod.split("\n")) {
    const words = line
      .trim()
      .replace(/^require /, "")
      .split(/\s+/);
    if (words[0] === module && words[1]?.startsWith("v") === true) return words[1];
  }
  throw new Error(`go.mod requires no ${module}`);
}

/** The `go build` arguments of a tool, without its output path. They are part of the cache key. */
export function buildArguments(tool: ToolSource, version: string): readonly string[] {
  const variables = Object.entries(tool.versionVariables(version)).map(([name, value]) => `-X ${name}=${value}`);
  return [
    "build",
    "-mod=readonly",
    "-buildvcs=false",
    "-trimpath",
    `-ldflags=${["-s -w", ...variables].join(" ")}`,
    tool.package,
  ];
}
