import { beforeAll, describe, expect, test } from "vitest";
import { type Answer as ApiAnswer, collection, forbidden, object, type Route, startApiServer } from "./api-server.ts";
import { recordOf, rootConfigMap, type TestAuthority, testAuthority, type TestLeaf, testLeaf } from "./authority.ts";
import { authority as authorityObject, condition, healthy, revocation } from "./objects.ts";
import { run, startedAt } from "./run.ts";

const ledger = "GET /apis/capstan.dev/v1alpha1/namespaces/capstan-system/issuedcertificates";
const authorities = "GET /apis/capstan.dev/v1alpha1/certificateauthorities";
const configMaps = "GET /api/v1/namespaces/capstan-system/configmaps";

const hour = 3_600_000;

let fleet: TestAuthority;
let leaf: TestLeaf;

beforeAll(async () => {
  fleet = await testAuthority();
  leaf = await testLeaf(fleet);
});

/** A ledger that answers field selectors as the API server does. */
function ledgerOf(...records: readonly ReturnType<typeof recordOf>[]): Route {
  return ({ query }): ApiAnswer => {
    const wanted = /^spec\.serial=(.*)$/.exec(query["fieldSelector"] ?? "")?.[1];
    return collection(...records.filter(({ spec }) => wanted === undefined || spec.serial === wanted));
  };
}

function routesOf(...records: readonly ReturnType<typeof recordOf>[]): Readonly<Record<string, Route>> {
  return {
    [ledger]: ledgerOf(...records),
    [authorities]: collection({ ...authorityObject(healthy) }),
    [configMaps]: collection(rootConfigMap(fleet)),
  };
}

interface Document {
  readonly asOf: string;
  readonly recordsSince: string;
  readonly subjects: readonly {
    readonly given: string;
    readonly verdict: string;
    readonly serial: string;
    readonly evidence: readonly string[];
    readonly revoked?: { readonly published?: boolean };
    readonly sessions?: object;
  }[];
}

async function ask(
  argv: readonly string[],
  routes: Readonly<Record<string, Route>>,
  input: string | Uint8Array = "",
): Promise<{ readonly code: number; readonly err: string; readonly subjects: Document["subjects"] }> {
  await using server = await startApiServer(routes);
  const { code, out, err } = await run(["whois", ...argv, "-o", "json"], { server, input });
  return { code, err, subjects: out === "" ? [] : (JSON.parse(out) as Document).subjects };
}

describe("a serial number", () => {
  test.each<[string, (serial: string) => string]>([
    ["hexadecimal", (serial) => serial],
    ["upper case with colons", (serial) => serial.toUpperCase().replaceAll(/..(?!$)/g, "$&:")],
    ["0x", (serial) => `0x${serial}`],
    ["with DER's sign octet", (serial) => `00${serial}`],
    ["openssl's", (serial) => `serial=${serial.toUpperCase()}`],
    ["decimal", (serial) => BigInt(`0x${serial}`).toString()],
  ])("is found however it is spelt: %s", async (_, spell) => {
    const given = spell(leaf.serial);
    const { code, subjects } = await ask([given], routesOf(recordOf(leaf)));
    expect({ code, subjects: subjects.map(({ given, verdict, serial }) => ({ given, verdict, serial })) }).toEqual({
      code: 0,
      subjects: [{ given, verdict: "Issued", serial: leaf.serial }],
    });
  });

  test("is answered in words with workload, requester, request and revocation", async () => {
    const revoked = {
      at: "2026-11-22T09:30:00Z",
      reason: "keyCompromise" as const,
      revocation: "demo/web-x",
      requestedBy: "alice",
    };
    const { name } = recordOf(leaf).metadata;
    await using server = await startApiServer({
      ...routesOf(recordOf(leaf, {}, { status: { revoked } })),
      "GET /apis/capstan.dev/v1alpha1/namespaces/demo/revocations/web-x": object(
        revocation(
          "web-x",
          {},
          {
            anchors: [
              { name: "prod", published: true, crlNumber: 17 },
              { name: "lab", published: false },
            ],
            conditions: [condition("Accepted", "True", "Recorded")],
          },
        ),
      ),
    });
    const { code, out, err } = await run(["whois", leaf.serial], { server });
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out.replaceAll(leaf.serial, "SERIAL").replaceAll(name, "RECORD")).toMatchInlineSnapshot(`
      "Serial:        SERIAL
      Verdict:       issued by us
      Because:       ledger record record-SERIAL has this serial number
      Workload:      demo Certificate/web
      Requested by:  system:serviceaccount:cert-manager:cert-manager
      Request:       CertificateRequest/web-1
      Issuer:        CapstanClusterIssuer/fleet
      Authority:     fleet, generation 1
      Subject:       CN=web.demo
      Names:         -
      Valid:         2026-11-22T09:00:00Z to 2026-11-23T10:00:00Z (24h left)
      Revoked:       2026-11-22T09:30:00Z (30m ago) by alice, keyCompromise, Revocation demo/web-x; NOT IN EVERY TRUST ANCHOR YET: lab
      Record:        icert/record-SERIAL
      "
    `);
  });
});
