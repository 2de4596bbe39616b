import { describe, expect, test } from "vitest";
import { formatAgo, formatDay, formatLeft, formatLength } from "../src/output/human-time.ts";
import { formatObjects } from "../src/output/objects.ts";
import { printable } from "../src/output/printable.ts";
import { type Column, renderTable } from "../src/output/table.ts";
import { record } from "./objects.ts";

const second = 1000;
const hour = 3_600 * second;

describe("formatLength", () => {
  test.each([
    [-5, "0s"],
    [999, "0s"],
    [119 * second, "119s"],
    [120 * second, "2m"],
    [2 * hour - 1, "119m"],
    [2 * hour, "2h"],
    [48 * hour - 1, "47h"],
    [48 * hour, "2d"],
    [365 * 24 * hour, "365d"],
  ])("%i ms is %s", (milliseconds, text) => {
    expect(formatLength(milliseconds)).toBe(text);
  });
});

describe("times", () => {
  const now = Date.parse("2026-11-22T10:00:00Z");
  test.each([
    ["2026-11-22T09:55:00Z", "5m ago", "expired 5m ago"],
    ["2026-11-22T10:00:00Z", "0s ago", "expired 0s ago"],
    ["2026-11-22T10:00:30Z", "0s ago", "30s left"],
    ["2027-11-22T10:00:00Z", "0s ago", "365d left"],
    ["not a time", "", ""],
    [undefined, "", ""],
  ])("%s", (time, ago, left) => {
    expect([formatAgo(time, now), formatLeft(time, now)]).toEqual([ago, left]);
  });

  test("a day is the one in UTC", () => {
    expect(formatDay("2026-11-22T23:30:00-02:00")).toBe("2026-11-23");
  });
});

describe("printable", () => {
  test.each([
    ["plain", "CN=web.demo", "CN=web.demo"],
    ["letters of any script", "CN=Zürich 東京", "CN=Zürich 東京"],
    ["escape sequence", "CN=\u001B[2Jx", String.raw`CN=\u001b[2Jx`],
    ["line break", "a\nb", String.raw`a\u000ab`],
    ["C1 control", "a\u009Bb", String.raw`a\u009bb`],
    ["right-to-left override", "a\u202Eb", String.raw`a\u202eb`],
  ])("%s", (_, text, shown) => {
    expect(printable(text)).toBe(shown);
  });
});

describe("renderTable", () => {
  interface Row {
    readonly name: string;
    readonly ready: boolean;
  }
  const columns: readonly Column<Row>[] = [
    { title: "NAME", cell: ({ name }) => name },
    { title: "READY", cell: ({ ready }) => (ready ? { text: "True", tone: "good" } : { text: "", tone: "bad" }) },
    { title: "LENGTH", isWide: true, cell: ({ name }) => String(name.length) },
    { title: "LAST", cell: () => "x" },
  ];
  const rows: readonly Row[] = [
    { name: "a", ready: true },
    { name: "zürich-2", ready: false },
  ];

  test("aligns columns, leaves wide ones out and shows nothing as -", () => {
    expect(renderTable(columns, rows, { isWide: false, hasColor: false })).toBe(
      "NAME       READY   LAST\na          True    x\nzürich-2   -       x\n",
    );
  });

  test("has the same widths with colour", () => {
    const colored = renderTable(columns, rows, { isWide: true, hasColor: true });
    expect(colored).toBe(
      "NAME       READY   LENGTH   LAST\na          \u001B[32mTrue\u001B[0m    1        x\nzürich-2   \u001B[31m-\u001B[0m       8        x\n",
    );
  });

  test("a value cannot break out of its cell", () => {
    const table = renderTable(columns, [{ name: "a\n\u001B[31mb", ready: true }], { isWide: false, hasColor: false });
    expect(table.split("\n")).toEqual([
      "NAME                 READY   LAST",
      String.raw`a\u000a\u001b[31mb   True    x`,
      "",
    ]);
  });
});

describe("formatObjects", () => {
  const noisy = { ...record(), metadata: { ...record().metadata, managedFields: [{ manager: "capstan" }] } };

  test("json is a List of the objects without managedFields", () => {
    expect(JSON.parse(formatObjects("json", [noisy]))).toEqual({
      apiVersion: "v1",
      kind: "List",
      metadata: { resourceVersion: "" },
      items: [record()],
    });
  });

  test("yaml is a List, also of none", () => {
    expect(formatObjects("yaml", [])).toBe('apiVersion: v1\nkind: List\nmetadata:\n  resourceVersion: ""\nitems: []\n');
  });

  test("name is what kubectl takes", () => {
    expect(formatObjects("name", [noisy])).toBe("issuedcertificate.capstan.dev/0a8f5c6e-1111-4222-8333-444455556666\n");
  });
});
