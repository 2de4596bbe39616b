import { afterEach, expect, test, vi } from "vitest";
import { startEmulator } from "@capstan/test-rolesanywhere";
import { callerIdentity } from "../src/caller-identity.ts";
import { createRequestHandler } from "../src/request-handler.ts";
import { type Answer, startScriptedServer } from "./scripted-server.ts";

const credentials = { accessKeyId: "AKIAPUBLISHER", secretAccessKey: "not a real key" };
const arn = "arn:aws:iam::111122223333:user/publisher";
const region = "eu-central-1";

afterEach(() => vi.unstubAllEnvs());

function ask(endpoint: string, given: typeof credentials = credentials) {
  vi.stubEnv("AWS_ENDPOINT_URL_STS", endpoint);
  return callerIdentity({ credentials: given, region, requestHandler: createRequestHandler() });
}

test.each([
  ["a clock that agrees", 0],
  ["our clock an hour behind AWS's", 3_600_000],
])("STS says whose keys they are, with %s", async (_name, aheadMs) => {
  const emulator = await startEmulator({
    accessKeys: [{ ...credentials, arn }],
    now: () => new Date(Date.now() + aheadMs),
  });
  try {
    expect(await ask(emulator.endpoint)).toEqual({ account: "111122223333", arn });
  } finally {
    await emulator.stop();
  }
});

test("keys that AWS does not know are refused, without a secret in the error", async () => {
  const emulator = await startEmulator({ accessKeys: [{ ...credentials, arn }] });
  try {
    const refused = ask(emulator.endpoint, { ...credentials, secretAccessKey: "another secret" });
    await expect(refused).rejects.toMatchObject({ code: "ERR_AWS_CREDENTIALS_REFUSED" });
    await expect(refused).rejects.not.toThrow("another secret");
  } finally {
    await emulator.stop();
  }
});

test.each<[string, Answer, string]>([
  ["an answer without an account", { headers: { "content-type": "text/xml" }, body: "<a/>" }, "ERR_AWS_RESPONSE"],
  ["an outage", { status: 503, headers: { "content-type": "text/xml" }, body: "<a/>" }, "ERR_AWS_UNAVAILABLE"],
  ["a connection that is closed", "close the connection", "ERR_AWS_UNAVAILABLE"],
])("%s tells nothing", async (_name, answer, code) => {
  await using server = await startScriptedServer(() => answer);

  await expect(ask(server.url)).rejects.toMatchObject({ code });
});
