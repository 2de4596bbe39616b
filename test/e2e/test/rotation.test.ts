import { until } from "@capstan/test-cluster";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Environment } from "../src/environment.ts";
import { assumeRole, getObject, type LeafFiles, mountSecret, startDemo } from "../src/workload.ts";

// A rotation on a real API server, with cert-manager's Certificates and AWS's own helper. Its times are the shortest that
// the CRD takes; whole rotations by an injected clock are in packages/crl-publisher/test/rotation.

const minute = 60_000;

let environment: Environment;
let before: LeafFiles;

beforeAll(async () => {
  environment = await startDemo();
  before = await mountSecret(environment, "demo", "web-tls");
  const patch = JSON.stringify({ spec: { rotation: { soak: "15s" } } });
  const patched = await environment.cluster.kubectl([
    "patch",
    "certificateauthority",
    "fleet",
    "--type=merge",
    `--patch=${patch}`,
  ]);
  expect(patched.stderr).toBe("");
});

afterAll(async () => {
  await environment?.stop();
});

interface Authority {
  readonly metadata: { readonly finalizers?: readonly string[] };
  readonly status?: {
    readonly activeGeneration?: number;
    readonly generations?: readonly {
      readonly number: number;
      readonly phase: string;
      readonly fingerprint?: string;
    }[];
    readonly trustAnchors?: readonly { readonly bundle?: readonly string[]; readonly joined: boolean }[];
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string }[];
  };
}

interface Operation {
  readonly status?: { readonly phase?: string; readonly message?: string };
}

const fleet = async (): Promise<Authority> => {
  const authority = await getObject<Authority>(environment, ["certificateauthority", "fleet"]);
  if (authority === undefined) throw new Error("there is no CertificateAuthority fleet");
  return authority;
};

const phasesOf = ({ status }: Authority): string =>
  (status?.generations ?? []).map(({ number, phase }) => `${number} ${phase}`).join(", ");

async function order(name: string, spec: Readonly<Record<string, unknown>>): Promise<string> {
  const manifest = {
    apiVersion: "capstan.dev/v1alpha1",
    kind: "AuthorityOperation",
    metadata: { name, namespace: "capstan-system" },
    spec: { authority: "fleet", requestedBy: "admin", ...spec },
  };
  const created = await environment.cluster.kubectl(["create", "-f", "-"], { stdin: JSON.stringify(manifest) });
  return created.stderr;
}

async function outcomeOf(name: string): Promise<string> {
  return until(
    `operation ${name} to be over`,
    async () => {
      const operation = await getObject<Operation>(environment, ["authorityoperation", name, "-n", "capstan-system"]);
      const { phase, message } = operation?.status ?? {};
      return phase === "Done" || phase === "Refused" ? `${phase}: ${message ?? ""}` : undefined;
    },
    5 * minute,
  );
}

/** A new leaf for web.demo. */
async function issueLeaf(name: string): Promise<LeafFiles> {
  const manifest = `
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: { name: ${name}, namespace: demo }
spec:
  secretName: ${name}-tls
  commonName: web.demo
  duration: 24h
  privateKey: { algorithm: ECDSA, size: 256 }
  usages: [client auth, digital signature]
  issuerRef: { group: capstan.dev, kind: CapstanClusterIssuer, name: fleet }
`;
  const applied = await environment.cluster.kubectl(["apply", "-f", "-"], { stdin: manifest });
  expect(applied.stderr).toBe("");
  return mountSecret(environment, "demo", `${name}-tls`);
}

test("an-operation-in-somebody-elses-name-or-without-what-it-needs-is-refused", async () => {
  await expect(order("not-mine", { kind: "Rotate", requestedBy: "alice" })).resolves.toContain(
    "spec.requestedBy must be your own user name: write admin instead of alice",
  );
  await expect(order("of-what", { kind: "Compromised" })).resolves.toContain("names the compromised generations");
  await expect(order("too-much", { kind: "Rotate", aws: "Delete" })).resolves.toContain("says what becomes of AWS");
});

test("an-authority-cannot-vanish-while-its-leaves-are-valid", async () => {
  expect((await fleet()).metadata.finalizers).toContain("capstan.dev/leaves-may-be-valid");
});

describe("a rotation that is ordered", () => {
  test("introduces-the-next-root-and-switches-while-every-leaf-is-accepted", { timeout: 5 * minute }, async () => {
    await assumeRole(environment, before);
    expect(await order("turn", { kind: "Rotate" })).toBe("");
    expect(await outcomeOf("turn")).toBe("Done: generation 2 is being introduced");
    const refusals: string[] = [];
    await until(
      "generation 2 to be active",
      async () => {
        // Whatever phase it is in, a leaf of the old generation is accepted.
        await assumeRole(environment, before).catch((error: unknown) => refusals.push(String(error)));
        return phasesOf(await fleet()) === "1 Draining, 2 Active" ? true : undefined;
      },
      4 * minute,
    );
    expect(refusals).toEqual([]);
    const { status } = await fleet();
    expect(status?.trustAnchors?.[0]?.bundle?.toSorted()).toEqual(
      status?.generations?.map(({ fingerprint }) => fingerprint).toSorted(),
    );
    const after = await issueLeaf("after");
    await assumeRole(environment, after);
    await assumeRole(environment, before);
  });

  test("leaves-a-mark-that-the-api-server-lets-nobody-unseal-lower-or-raise", async () => {
    const patch = (body: object, ...subresource: readonly string[]) =>
      environment.cluster.kubectl([
        "patch",
        "generationmark",
        "fleet-1",
        "-n",
        "capstan-system",
        "--type=merge",
        ...subresource,
        `--patch=${JSON.stringify(body)}`,
      ]);
    const status = "--subresource=status";
    expect((await patch({ status: { sealed: false } }, status)).stderr).toContain("a sealed mark is never unsealed");
    expect((await patch({ status: { abandons: 2 } }, status)).stderr).toContain(
      "a mark that is sealed gives up nothing",
    );
    expect((await patch({ spec: { notAfter: "2030-01-01T00:00:00Z" } })).stderr).toContain(
      "a sealed mark is raised no more",
    );
    expect((await patch({ spec: { notAfter: "2020-01-01T00:00:00Z" } })).stderr).toContain("a mark never falls");
  });
});

describe("freeze", () => {
  test("holds-every-new-leaf-until-unfreeze", { timeout: 5 * minute }, async () => {
    expect(await order("stop", { kind: "Freeze" })).toBe("");
    expect(await outcomeOf("stop")).toBe("Done: the issuer stands still");
    const late = issueLeaf("late");
    await until("the request to say that issuing is held", async () => {
      const requests = await getObject<{
        readonly items: readonly {
          readonly metadata: { readonly name: string };
          readonly status?: { readonly conditions?: readonly { readonly type: string; readonly message?: string }[] };
        }[];
      }>(environment, ["certificaterequests", "-n", "demo"]);
      const own = requests?.items.find(({ metadata }) => metadata.name.startsWith("late-"));
      return own?.status?.conditions?.some(({ message }) => message?.includes("held") === true) === true
        ? true
        : undefined;
    });
    expect(await order("go", { kind: "Unfreeze" })).toBe("");
    expect(await outcomeOf("go")).toMatch(/^Done/);
    await assumeRole(environment, await late);
  });
});

describe("a compromised generation", () => {
  test("is-gone-from-aws-at-once-and-its-leaf-is-replaced", { timeout: 5 * minute }, async () => {
    expect(await order("leak", { kind: "Compromised", generations: [1] })).toBe("");
    expect(await outcomeOf("leak")).toMatch(/^Done: generation 2 signs/);
    await expect(assumeRole(environment, before)).rejects.toThrow("AccessDeniedException");
    // The operation is told of first, and then the authority.
    await until("the authority to have one root in its trust anchor", async () =>
      (await fleet()).status?.trustAnchors?.[0]?.bundle?.length === 1 ? true : undefined,
    );
    // Certificate web held a leaf of it, and is renewed by itself.
    await until(
      "Certificate web to hold a leaf that AWS accepts",
      async () => {
        const renewed = await mountSecret(environment, "demo", "web-tls");
        return assumeRole(environment, renewed).then(
          () => true,
          () => undefined,
        );
      },
      3 * minute,
    );
  });
});
