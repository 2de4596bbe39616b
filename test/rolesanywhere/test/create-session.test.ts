import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Fixture, startFixture, WEB_ROLE } from "./fixture.ts";
import { OpensslPki, type OpensslCa } from "./openssl-pki.ts";
import { callCreateSession } from "./session-client.ts";

const pki = new OpensslPki();
let root: OpensslCa;
let fixture: Fixture;
let anchorArn: string;

beforeAll(async () => {
  root = pki.root();
  fixture = await startFixture();
  anchorArn = await fixture.anchor(root);
});

afterAll(async () => {
  await fixture.emulator.stop();
  pki.dispose();
});

describe("a good certificate", () => {
  test.each(["P-256", "P-384", "RSA-2048"] as const)("with a key of %s gets a session", async (key) => {
    const leaf = root.issue({ key, serial: "0abc" });
    const { status, body } = await callCreateSession({
      endpoint: fixture.emulator.endpoint,
      leaf,
      trustAnchorArn: anchorArn,
      profileArn: fixture.emulator.profileArn("web"),
      roleArn: WEB_ROLE,
    });
    expect(body).toMatchObject({ subjectArn: expect.any(String) });
    expect(status).toBe(201);
  });
});
