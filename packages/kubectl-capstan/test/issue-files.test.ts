import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkWritable, writeTogether } from "../src/issue/leaf-files.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "capstan-files-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const at = (name: string): string => join(folder, name);
const pair = () => [
  { file: at("web.key"), content: "new key" },
  { file: at("web.crt"), content: "new certificate" },
];
const contents = (): Readonly<Record<string, string>> =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(at(name), "utf8")]));

describe("key and certificate", () => {
  test("replace what was there, for their owner alone", () => {
    writeFileSync(at("web.key"), "old key", { mode: 0o644 });
    writeTogether(pair());
    expect(contents()).toEqual({ "web.key": "new key", "web.crt": "new certificate" });
    expect(readdirSync(folder).map((name) => statSync(at(name)).mode & 0o777)).toEqual([0o600, 0o600]);
  });

  test("are both there when a signal is heard that came before them", async () => {
    const heard = new Promise<Readonly<Record<string, string>>>((resolve) => {
      process.once("SIGUSR2", () => resolve(contents()));
    });
    process.kill(process.pid, "SIGUSR2");
    writeTogether(pair());
    expect(await heard).toEqual({ "web.key": "new key", "web.crt": "new certificate" });
  });

  test("leave nothing when the second has no place", () => {
    writeFileSync(at("web.key"), "old key");
    const contentsBefore = contents();
    const [key = { file: "", content: "" }] = pair();
    expect(() => writeTogether([key, { file: join(at("none"), "web.crt"), content: "" }])).toThrow(
      `${at("none")}/web.crt cannot be written: ENOENT`,
    );
    expect(contents()).toEqual(contentsBefore);
  });

  test("leave no copy of the key when it cannot be put in its place", () => {
    mkdirSync(at("web.key"));
    expect(() => writeTogether(pair())).toThrow(`${at("web.key")} cannot be written: EISDIR`);
    expect(readdirSync(folder, { recursive: true })).toEqual(["web.key"]);
  });

  test("are not tried where nothing can be written, and the trial leaves nothing", () => {
    checkWritable({ certificate: at("web.crt"), privateKey: undefined });
    expect(readdirSync(folder)).toEqual([]);
    expect(() => checkWritable({ certificate: join(at("none"), "web.crt"), privateKey: undefined })).toThrow("ENOENT");
  });
});
