import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { CreateTrustAnchorCommand, RolesAnywhereClient } from "@aws-sdk/client-rolesanywhere";
import { installTool } from "@capstan/test-cluster";
import { type Emulator, startEmulator } from "@capstan/test-rolesanywhere";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { debianPackage } from "../../../test/deploy/src/debian-package.ts";
import { trustPolicy } from "../../../test/rolesanywhere/test/fixture.ts";
import { object, type Route, startApiServer } from "./api-server.ts";
import { run } from "./run.ts";

// A person whose key never leaves a token: made in SoftHSM by GnuTLS' p11tool, asked with by certtool, used by AWS's helper.
// Debian's packages are unpacked, not installed, so that nobody needs root for this.
const [softhsm, gnutls] = [await debianPackage("libsofthsm2"), await debianPackage("gnutls-bin")];
const missing =
  softhsm.missing ?? gnutls.missing ?? faultOf(() => execFileSync(`${gnutls.folder}/usr/bin/certtool`, ["--version"]));

const accessKey = { accessKeyId: "AKIAADMIN", secretAccessKey: "not a real key" };
const roleArn = "arn:aws:iam::111122223333:role/runner";
const requests = "/apis/cert-manager.io/v1/namespaces/demo/certificaterequests";

function faultOf(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return `Debian's package gnutls-bin does not run here: ${String(error)}`;
  }
}

describe.skipIf(missing !== undefined)(
  `a key in a PKCS#11 token${missing === undefined ? "" : ` (${missing})`}`,
  { timeout: 300_000 },
  () => {
    const module = `${softhsm.folder}/usr/lib/softhsm/libsofthsm2.so`;
    let folder: string;
    let emulator: Emulator;
    let helper: string;
    let trustAnchorArn: string;
    let env: Readonly<Record<string, string>>;

    const inFolder = (program: string, args: readonly string[]): string =>
      execFileSync(program, args, {
        cwd: folder,
        env: { ...env, PATH: process.env["PATH"] },
        stdio: ["ignore", "pipe", "pipe"],
      }).toString();
    const p11tool = (...args: readonly string[]): string =>
      inFolder(`${gnutls.folder}/usr/bin/p11tool`, ["--provider", module, "--batch", ...args]);
    const certtool = (...args: readonly string[]): string =>
      inFolder(`${gnutls.folder}/usr/bin/certtool`, ["--provider", module, ...args]);

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "capstan-pkcs11-"));
      mkdirSync(join(folder, "tokens"));
      writeFileSync(
        join(folder, "softhsm2.conf"),
        `directories.tokendir = ${folder}/tokens\nobjectstore.backend = file\n`,
      );
      env = { HOME: folder, SOFTHSM2_CONF: join(folder, "softhsm2.conf"), GNUTLS_PIN: "1234", GNUTLS_SO_PIN: "5678" };
      p11tool("--initialize", "--label", "ci", "--set-so-pin", "5678", "pkcs11:manufacturer=SoftHSM%20project");
      p11tool("--initialize-pin", "--set-pin", "1234", "--set-so-pin", "5678", "pkcs11:token=ci");
      const root = [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-keyout",
        "ca.key",
        "-subj",
        "/CN=CA",
      ];
      inFolder("openssl", [
        "req",
        "-x509",
        ...root,
        "-addext",
        "keyUsage=critical,keyCertSign,cRLSign",
        "-out",
        "ca.crt",
      ]);
      emulator = await startEmulator({
        accessKeys: [{ ...accessKey, arn: "arn:aws:iam::111122223333:user/admin" }],
        roles: [
          {
            arn: roleArn,
            trustPolicy: trustPolicy({ StringEquals: { "aws:PrincipalTag/x509Subject/CN": "runner.ci" } }),
          },
        ],
        profiles: [{ name: "runner", roleArns: [roleArn] }],
      });
      const client = new RolesAnywhereClient({
        endpoint: emulator.endpoint,
        region: "eu-central-1",
        credentials: accessKey,
      });
      const { trustAnchor } = await client.send(
        new CreateTrustAnchorCommand({
          name: "fleet",
          enabled: true,
          source: {
            sourceType: "CERTIFICATE_BUNDLE",
            sourceData: { x509CertificateData: readFileSync(join(folder, "ca.crt"), "utf8") },
          },
        }),
      );
      trustAnchorArn = trustAnchor?.trustAnchorArn ?? "";
      helper = await installTool("aws_signing_helper", { log: () => {} });
    }, 1_800_000);

    afterAll(async () => {
      await emulator?.stop();
      if (folder !== undefined) rmSync(folder, { recursive: true });
    });

    /** cert-manager and an issuer, as a requester sees them: what is asked for is signed as it is. */
    function issuing(): Record<string, Route> {
      let csr = "";
      const created = { metadata: { name: "x", namespace: "demo", uid: "1" } };
      return {
        [`POST ${requests}`]: ({ body }) => {
          csr = Buffer.from((body as { spec: { request: string } }).spec.request, "base64").toString();
          return { status: 201, body: created };
        },
        [`GET ${requests}/x`]: () => {
          writeFileSync(join(folder, "asked.csr"), csr);
          const signing = ["-CA", "ca.crt", "-CAkey", "ca.key", "-days", "1", "-copy_extensions", "copyall"];
          const pem = inFolder("openssl", ["x509", "-req", "-in", "asked.csr", ...signing]);
          const conditions = [
            { type: "Approved", status: "True" },
            { type: "Ready", status: "True", reason: "Issued" },
          ];
          return object({ ...created, status: { certificate: Buffer.from(pem).toString("base64"), conditions } });
        },
      };
    }

    /** The three commands of the README, but for the names; returns what goes into AWS's configuration file. */
    async function getCertificate(name: string, keyType: readonly string[], privateKey: string): Promise<string> {
      p11tool("--login", ...keyType, "--label", name, "pkcs11:token=ci");
      const key = `pkcs11:token=ci;object=${name}`;
      writeFileSync(join(folder, "ci.cfg"), 'cn = "runner.ci"\nsigning_key\ntls_www_client\n');
      const keys = ["--load-privkey", `${key};type=private`, "--load-pubkey", `${key};type=public`];
      certtool("--generate-request", ...keys, "--template", "ci.cfg", "--outfile", `${name}.csr`);
      await using server = await startApiServer(issuing());
      const source = ["--csr", join(folder, `${name}.csr`), "--private-key", privateKey];
      const aws = [
        "--trust-anchor-arn",
        trustAnchorArn,
        "--profile-arn",
        emulator.profileArn("runner"),
        "--role-arn",
        roleArn,
      ];
      const { code, out, err } = await run(
        ["issue", join(folder, name), "--cluster-issuer", "fleet", ...source, ...aws],
        { server },
      );
      expect(code, err).toBe(0);
      expect(server.requests.find(({ method }) => method === "POST")?.body).toMatchObject({
        spec: { usages: ["digital signature", "client auth"] },
      });
      return out;
    }

    /** What an SDK does with the line: splits it at spaces that are in no quotes, and runs it. */
    async function runLine(text: string): Promise<{ readonly stdout: string }> {
      const [, line = ""] = /^credential_process = (.+)$/m.exec(text) ?? [];
      const [, ...args] = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? "");
      const here = ["--endpoint", emulator.endpoint, "--pkcs11-lib", module];
      return await promisify(execFile)(helper, [...args, ...here], { env });
    }

    test.each<[string, readonly string[]]>([
      ["ecdsa", ["--generate-privkey=ECDSA", "--curve=secp256r1"]],
      ["rsa", ["--generate-privkey=RSA", "--bits=2048"]],
    ])("of kind %s gets a certificate, by which AWS's helper gets credentials", async (name, keyType) => {
      const line = await getCertificate(name, keyType, `pkcs11:token=ci;object=${name}?pin-value=1234`);
      const { stdout } = await runLine(line);
      expect(JSON.parse(stdout)).toMatchObject({ Version: 1, AccessKeyId: expect.stringMatching(/^ASIA/) });
      expect(
        readdirSync(folder)
          .filter((file) => file.startsWith(name))
          .toSorted(),
      ).toEqual([`${name}.crt`, `${name}.csr`]);
      expect(emulator.requests().at(-1)).toMatchObject({ operation: "CreateSession", status: 201 });
    });

    test("opens no session with a wrong PIN, or as another key of the token", async () => {
      const own = await getCertificate(
        "own",
        ["--generate-privkey=ECDSA", "--curve=secp256r1"],
        "pkcs11:token=ci;object=own?pin-value=1234",
      );
      const before = emulator.requests().length;
      await expect(runLine(own.replace("pin-value=1234", "pin-value=9999"))).rejects.toThrow("CKR_PIN_INCORRECT");
      p11tool("--login", "--generate-privkey=ECDSA", "--curve=secp256r1", "--label", "other", "pkcs11:token=ci");
      await expect(runLine(own.replace("object=own", "object=other"))).rejects.toThrow(
        "unable to find matching private key",
      );
      expect(emulator.requests().length).toBe(before);
    });

    test("cannot be taken out of the token", () => {
      expect(p11tool("--login", "--list-all", "pkcs11:token=ci;type=private")).toMatch(
        /CKA_NEVER_EXTRACTABLE; CKA_SENSITIVE/,
      );
    });
  },
);
