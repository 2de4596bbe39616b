import { formatTotals } from "@capstan/test-cluster/long-run";
import type { Result, Results } from "./result.ts";

const introduction = `# Conformance with cert-manager

<!-- Written by \`pnpm conformance\`. Edit test/conformance/src/document.ts instead. -->

cert-manager has conformance suites for issuers: one of Certificates, one of Kubernetes CertificateSigningRequests. \`pnpm conformance\`
runs both against Capstan's two kinds of issuer, on a real control plane with a real cert-manager, with Capstan's programs as
their own service accounts. The issuers have profile General and a policy that allows every name, over an authority without trust
anchors ([manifests](../test/conformance/manifests)). Profile RolesAnywhere is narrower on purpose and would fail many specs.

Like cert-manager's own CA issuer, Capstan declares one feature unsupported: \`ACMEUseARI\`, which is about ACME.

**The first two tables are of a port.** cert-manager's suites are a Go module of their own, \`test/e2e\` in its repository, which no
module proxy served to this project in November 2026, at any version or name that was tried
([decision](decisions/0010-conformance-suites-as-a-port.md)). So every spec is written anew under its own name in
[test/conformance/go](../test/conformance/go), with every validation of the original, on the released libraries of cert-manager
v1.21.2. It runs more than cert-manager's CI does for its CA issuer: the specs of Ingress, Gateway and ListenerSet too, since
cert-manager needs nothing that serves those to make their Certificates.

**The last two tables are of the original**, the last one that was released in cert-manager's root module, with v1.11.5: its code,
unchanged, against the same cert-manager v1.21.2. It has fewer specs than v1.21's. One of them is left out, which no issuer can pass
since cert-manager v1.18 gives Certificates a new private key each time.

\`pnpm conformance --self-check\` runs all of it against cert-manager's own CA issuer, which passes.
`;

/**
 * The page: each spec with its result against each kind of issuer, in the order of their names. It holds no times, so two
 * runs that come to the same results write the same page.
 */
export function formatDocument({ port, original }: Results): string {
  return [
    introduction,
    `**${formatTotals([...port, ...original])}**`,
    ...formatSuites("", port),
    ...formatSuites(", of v1.11.5 unchanged", original),
    "",
  ].join("\n");
}

function formatSuites(edition: string, results: readonly Result[]): readonly string[] {
  const issuers = [...new Set(results.map(({ issuer }) => issuer))].sort();
  const suites = [...new Set(results.map(({ suite }) => suite))].sort();
  return suites.map((suite) =>
    formatSuite(
      `${suite}${edition}`,
      issuers,
      results.filter((one) => one.suite === suite),
    ),
  );
}

function formatSuite(title: string, issuers: readonly string[], results: readonly Result[]): string {
  const specs = [...new Set(results.map(({ spec }) => spec))].sort();
  const rows = specs.map((spec) => [
    escape(spec),
    ...issuers.map((issuer) => cell(results.find((one) => one.spec === spec && one.issuer === issuer))),
  ]);
  return [
    "",
    `## ${title}`,
    "",
    row(["spec", ...issuers]),
    row(["---", ...issuers.map(() => "---")]),
    ...rows.map(row),
  ].join("\n");
}

function cell(result: Result | undefined): string {
  if (result === undefined) return "not run";
  return result.outcome === "skipped" ? `skipped: ${escape(result.reason ?? "")}` : result.outcome;
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function escape(text: string): string {
  return text.replaceAll("|", String.raw`\|`);
}
