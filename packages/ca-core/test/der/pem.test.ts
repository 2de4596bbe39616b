import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodePem, decodePemBundle, encodePem, PemError } from "../../src/index.ts";

const OPTIONS = { labels: ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"], maxBytes: 16_384 };
const GOOD = "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n";

function codeOf(input: string | Uint8Array): string {
  try {
    decodePem(input, OPTIONS);
  } catch (error) {
    if (error instanceof PemError) return error.code;
    throw error;
  }
  return "accepted";
}

describe("decodePem takes", () => {
  test.each([
    ["one block", GOOD],
    ["a block without a final newline", GOOD.trimEnd()],
    ["the older label", GOOD.replaceAll("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")],
    ["CRLF throughout", GOOD.replaceAll("\n", "\r\n")],
  ])("%s", (_, text) => {
    expect(codeOf(text)).toBe("accepted");
    expect(codeOf(Buffer.from(text))).toBe("accepted");
  });
});

describe("decodePem refuses", () => {
  test.each([
    ["nothing", "", "ERR_PEM_BEGIN"],
    ["two blocks", GOOD + GOOD, "ERR_PEM_TRAILING"],
    ["another label", GOOD.replaceAll("CERTIFICATE REQUEST", "CERTIFICATE"), "ERR_PEM_LABEL"],
    ["a private key's label", GOOD.replaceAll("CERTIFICATE REQUEST", "PRIVATE KEY"), "ERR_PEM_LABEL"],
    ["an END of another label", GOOD.replace("END CERTIFICATE REQUEST", "END CERTIFICATE"), "ERR_PEM_END"],
    ["a missing END", GOOD.slice(0, 41), "ERR_PEM_END"],
    ["headers", GOOD.replace("MAA=", "Proc-Type: 4,ENCRYPTED\n\nMAA="), "ERR_PEM_BASE64"],
    ["text before", `subject=CN\n${GOOD}`, "ERR_PEM_BEGIN"],
    ["an empty line before", `\n${GOOD}`, "ERR_PEM_BEGIN"],
    ["text after", `${GOOD}x`, "ERR_PEM_TRAILING"],
    ["an empty line after", `${GOOD}\n`, "ERR_PEM_TRAILING"],
    ["a space after the last line", `${GOOD.trimEnd()} `, "ERR_PEM_END"],
    ["LF and CRLF mixed", GOOD.replace("\n", "\r\n"), "ERR_PEM_NEWLINE"],
    ["CR alone", GOOD.replaceAll("\n", "\r"), "ERR_PEM_NEWLINE"],
    ["an empty line inside", GOOD.replace("MAA=", "MA\n\nA="), "ERR_PEM_BASE64"],
    ["a line of 80 characters", GOOD.replace("MAA=", "A".repeat(80)), "ERR_PEM_BASE64"],
    ["a character that is not base64", GOOD.replace("MAA=", "MA*="), "ERR_PEM_BASE64"],
    ["base64url", GOOD.replace("MAA=", "MA-_"), "ERR_PEM_BASE64"],
    ["missing padding", GOOD.replace("MAA=", "MAA"), "ERR_PEM_BASE64"],
    ["padding inside", GOOD.replace("MAA=", "MA==MAA="), "ERR_PEM_BASE64"],
    ["stray bits under the padding", GOOD.replace("MAA=", "MAB="), "ERR_PEM_BASE64"],
    ["an empty body", GOOD.replace("MAA=\n", ""), "ERR_PEM_BASE64"],
    ["a NUL", GOOD.replace("MAA=", "MA\0="), "ERR_PEM_CHARACTER"],
    ["a byte order mark", `\uFEFF${GOOD}`, "ERR_PEM_CHARACTER"],
    ["letters outside ASCII", GOOD.replace("MAA=", "MÄA="), "ERR_PEM_CHARACTER"],
    ["a megabyte", "A".repeat(1 << 20), "ERR_PEM_SIZE"],
    ["16 KB of BEGIN lines", "-----BEGIN CERTIFICATE REQUEST-----\n".repeat(450), "ERR_PEM_END"],
    ["16 KB of unfinished BEGIN", "-----BEGIN ".repeat(1489), "ERR_PEM_BEGIN"],
  ])("%s", (_, text, code) => {
    expect(codeOf(text)).toBe(code);
  });

  test("a byte order mark and letters in bytes", () => {
    expect(codeOf(Buffer.from(`\uFEFF${GOOD}`))).toBe("ERR_PEM_CHARACTER");
  });
});

test("any bytes come back from encodePem, in lines of at most 64 characters", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 500 }), (der) => {
      const pem = encodePem("CERTIFICATE REQUEST", der);
      expect(decodePem(pem, OPTIONS)).toEqual({ label: "CERTIFICATE REQUEST", der });
      expect(pem.split("\n").every((line) => line.length <= 64)).toBe(true);
    }),
  );
});

test("a bundle is read block by block, and junk between blocks is refused", () => {
  const options = { labels: ["CERTIFICATE"], maxBytes: 8_000 };
  const [a, b] = [encodePem("CERTIFICATE", Uint8Array.of(1)), encodePem("CERTIFICATE", Uint8Array.of(2))];
  expect(decodePemBundle(a + b, options).map(({ der }) => [...der])).toEqual([[1], [2]]);
  expect(decodePemBundle("", options)).toEqual([]);
  expect(() => decodePemBundle(`${a}# note\n${b}`, options)).toThrow(PemError);
});

test("of a body with a strange character, a long or an empty line the message names the line", () => {
  const messages = ["MA*=", "A".repeat(80), "MAA=\n\nMAA="].map((body) => {
    try {
      decodePem(GOOD.replace("MAA=", `${"A".repeat(64)}\n${body}`), OPTIONS);
    } catch (error) {
      return (error as PemError).message;
    }
    return "accepted";
  });
  const rule = "must be 1 to 76 base64 characters";
  expect(messages).toEqual([`line 3: ${rule}`, `line 3: ${rule}`, `line 4: ${rule}`]);
});

/** Base64 as RFC 4648 (3.5) defines its canonical form, in lines of 1 to 76 characters. */
const isCanonicalBody = (body: string): boolean => {
  const text = body.replaceAll("\n", "");
  const lines = body.split("\n");
  if (!lines.every((line) => /^[A-Za-z0-9+/=]{1,76}$/.test(line))) return false;
  if (!/^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return false;
  return !/[^AQgw]==$|[^AEIMQUYcgkosw048=]=$/.test(text);
};

test("a body of base64 letters, paddings and newlines is taken just when it is canonical", () => {
  const letters = fc.constantFrom(..."AQgwBE+/9zk=\n-_ *".split(""));
  const bodies = fc.oneof(
    fc.string({ unit: letters, minLength: 1, maxLength: 12 }),
    fc
      .uint8Array({ minLength: 1, maxLength: 120 })
      .map((der) => Buffer.from(der).toString("base64").replaceAll(/.{76}/g, "$&\n")),
  );
  const found = { yes: 0, no: 0 };
  fc.assert(
    fc.property(bodies, (body) => {
      const isTaken = codeOf(GOOD.replace("MAA=", body)) === "accepted";
      found[isTaken ? "yes" : "no"] += 1;
      expect(isTaken).toBe(isCanonicalBody(body));
    }),
    { numRuns: 3000 },
  );
  expect(Math.min(found.yes, found.no)).toBeGreaterThan(100);
});
