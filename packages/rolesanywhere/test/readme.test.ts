import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";

import { type Emulator, startEmulator } from "@capstan/test-rolesanywhere";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

import { trustPolicy } from "../../../test/rolesanywhere/test/fixture.ts";
import { OpensslPki } from "../../../test/rolesanywhere/test/openssl-pki.ts";
import * as everything from "../src/index.ts";
import { jumpingClock } from "./jumping-clock.ts";

// Each example of the README is run, against the emulator.

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const examples = Array.from(readme.matchAll(/```ts\n(?<code>.*?)```/gsu), ({ groups }) => groups?.["code"] ?? "");
const AsyncFunction = (async () => undefined).constructor as new (
  ...source: readonly string[]
) => (...scope: readonly unknown[]) => Promise<void>;

const pki = new OpensslPki();
const root = pki.root();
const leaf = root.issue();
const admin = { accessKeyId: "AKIAADMIN", secretAccessKey: "secret", arn: "arn:aws:iam::111122223333:user/admin" };
const roleArn = "arn:aws:iam::111122223333:role/publisher";
let emulator: Emulator;
let scope: Readonly<Record<string, unknown>>;
const said: string[] = [];

beforeAll(async () => {
  emulator = await startEmulator({
    accessKeys: [admin],
    roles: [{ arn: roleArn, trustPolicy: trustPolicy() }],
    profiles: [{ name: "publisher", roleArns: [roleArn] }],
    quotas: { "trust-anchors": { perSecond: 100, burst: 100 }, crls: { perSecond: 100, burst: 100 } },
  });
  const { endpoint } = emulator;
  const administrator = everything.createControlPlane({
    region: "eu-central-1",
    endpoint,
    credentials: admin,
    clock: jumpingClock(),
  });
  const { arn: trustAnchorArn } = await administrator.createTrustAnchor({
    name: "fleet",
    bundlePem: root.certificatePem,
  });
  vi.stubEnv("AWS_ACCESS_KEY_ID", admin.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", admin.secretAccessKey);
  vi.stubEnv("AWS_SESSION_TOKEN", undefined);
  scope = {
    ...everything,
    createPrivateKey,
    readFile: async (name: string) => (name === "tls.key" ? leaf.keyPem : leaf.certificatePem),
    readLeaf: async () => ({ certificatePem: leaf.certificatePem, privateKey: createPrivateKey(leaf.keyPem) }),
    process: { env: { AWS_ENDPOINT_URL_ROLESANYWHERE: endpoint } },
    console: { log: (...words: readonly unknown[]) => void said.push(words.join(" ")) },
    crlPem: Buffer.from(root.crl({ revoked: [root.issue()] })).toString(),
    lease: { isHeld: true, remainingMs: 30_000 },
    trustAnchorArn,
    profileArn: emulator.profileArn("publisher"),
    roleArn,
    retryLater: (ms: number | undefined) => {
      throw new Error(`it was to be tried again after ${ms} ms`);
    },
  };
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await emulator.stop();
  pki.dispose();
});

test("the README has three examples", () => {
  expect(examples).toHaveLength(3);
});

test.each(examples.map((code, index) => [index + 1, code] as const))("example %i runs", async (_number, code) => {
  const body = code.replaceAll(/^import [\s\S]*?;\n/gmu, "");
  const before = emulator.requests().length;

  await new AsyncFunction(...Object.keys(scope), body)(...Object.values(scope));

  const answered = emulator.requests().slice(before);
  expect(answered.length).toBeGreaterThan(0);
  expect(answered.filter(({ error }) => error !== undefined)).toEqual([]);
});

test("and says what it promises", () => {
  expect(said.join("\n")).toMatch(/^ASIA\S+ .*\nour clock is -?\d+ ms ahead of AWS's$/u);
});
