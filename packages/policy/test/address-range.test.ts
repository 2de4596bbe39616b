import * as fc from "fast-check";
import { BlockList, isIP } from "node:net";
import { describe, expect, test } from "vitest";
import { type AddressRange, holdsAddress, parseRange } from "../src/address-range.ts";

function range(text: string): AddressRange {
  const parsed = parseRange(text);
  if (!parsed.ok) throw new Error(parsed.fault.rule);
  return parsed.range;
}

describe("an address range", () => {
  test.each([
    ["10.0.0.0/8", "10.255.255.255"],
    ["10.0.0.1", "10.0.0.1"],
    ["0.0.0.0/0", "255.255.255.255"],
    ["10.0.0.1/32", "10.0.0.1"],
    ["fd00::/8", "fdff::1"],
    ["FD00::1", "fd00::1"],
    ["::/0", "fe80::1"],
    ["::1/128", "::1"],
  ])("%s holds %s", (text, address) => {
    expect(holdsAddress(range(text), address)).toBe(true);
  });

  test.each([
    ["10.0.0.0/8", "11.0.0.0"],
    ["10.0.0.0/8", "9.255.255.255"],
    ["10.0.0.0/31", "10.0.0.2"],
    ["0.0.0.0/0", "::1"],
    ["::/0", "10.0.0.1"],
    ["::ffff:0:0/96", "10.0.0.1"],
    ["fd00::/8", "fe00::"],
    ["10.0.0.0/8", "10.0.0"],
    ["10.0.0.0/8", "10.0.0.01"],
    ["10.0.0.0/8", "10.0.0.1/32"],
    ["10.0.0.0/8", ""],
  ])("%s does not hold %j", (text, address) => {
    expect(holdsAddress(range(text), address)).toBe(false);
  });

  test.each([
    "",
    "*",
    "10.0.0",
    "10.0.0.256",
    "010.0.0.1",
    "10.0.0.0/",
    "10.0.0.0/33",
    "10.0.0.0/08",
    "10.0.0.0/8/8",
    "10.0.0.0/-1",
    "10.0.0.1/8",
    "::/129",
    "fd00::1/64",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7::8",
    "::ffff:10.0.0.1",
    "fe80::1%eth0",
    "{namespace}",
  ])("%j is none", (text) => {
    expect(parseRange(text).ok).toBe(false);
  });

  test("agrees with node's own block list", () => {
    const address = fc.oneof(fc.ipV4(), fc.ipV6()).filter((text) => !/:.*\./.test(text));
    const near = fc.tuple(address, fc.nat(128)).map(([text, prefix]) => `${text}/${prefix}`);
    let held = 0;
    fc.assert(
      fc.property(near, address, fc.boolean(), (network, other, same) => {
        const parsed = parseRange(network);
        fc.pre(parsed.ok);
        if (!parsed.ok) return;
        const [first = "", prefix = ""] = network.split("/");
        const value = same ? first : other;
        const family = (text: string): "ipv4" | "ipv6" => (isIP(text) === 4 ? "ipv4" : "ipv6");
        fc.pre(family(first) === family(value));
        const list = new BlockList();
        list.addSubnet(first, Number(prefix), family(first));
        const expected = list.check(value, family(value));
        if (expected) held++;
        expect(holdsAddress(parsed.range, value)).toBe(expected);
      }),
      { numRuns: 300 },
    );
    expect(held).toBeGreaterThan(50);
  });
});
