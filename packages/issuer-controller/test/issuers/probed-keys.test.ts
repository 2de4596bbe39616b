import { beforeEach, describe, expect, test } from "vitest";
import { ProbedKeys } from "../../src/issuers/probed-keys.ts";
import { IssuerBroken, NotYet } from "../../src/requests/not-yet.ts";

let existing: Set<string>;
let keys: ProbedKeys;

beforeEach(() => {
  existing = new Set(["fleet", "lab"]);
  keys = new ProbedKeys((authority) => existing.has(authority));
});

const missing = new IssuerBroken("Secret fleet-1 is missing");
const signs = (authority: string): Promise<void> => keys.note(authority, Promise.resolve());
const ends = (authority: string, error: Error): Promise<void> =>
  expect(keys.note(authority, Promise.reject(error))).rejects.toBe(error);

describe("this process can sign", () => {
  test("as-far-as-a-standby-knows-which-probes-nothing", () => {
    expect(keys.problem).toBeUndefined();
  });

  test("as-long-as-one-authority-can", async () => {
    await signs("lab");
    await ends("fleet", missing);
    expect(keys.problem).toBeUndefined();
  });

  test("when-a-key-is-back", async () => {
    await ends("fleet", missing);
    await signs("fleet");
    expect(keys.problem).toBeUndefined();
  });

  test("as-far-as-is-known-when-an-authority-has-no-key-yet", async () => {
    await ends("fleet", new NotYet("CertificateAuthority fleet has no active generation"));
    expect(keys.problem).toBeUndefined();
  });

  test("when-what-could-not-is-gone", async () => {
    await ends("fleet", missing);
    existing.delete("fleet");
    expect(keys.problem).toBeUndefined();
  });
});

describe("this process cannot sign", () => {
  test("when-no-authority-can", async () => {
    await ends("fleet", missing);
    await ends("lab", new IssuerBroken("Secret lab-1 is missing"));
    expect(keys.problem).toBe("Secret fleet-1 is missing");
  });

  test("though-that-cannot-be-found-out-again", async () => {
    await ends("fleet", missing);
    await ends("fleet", new Error("the API server does not answer"));
    expect(keys.problem).toBe("Secret fleet-1 is missing");
  });
});
