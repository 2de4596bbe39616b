import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { chartFolder } from "@capstan/tools/chart";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { debianPackage } from "../src/debian-package.ts";
import { alertCases } from "./alert-cases.ts";

const rulesFile = path.join(chartFolder, "alerts.yaml");

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: Readonly<Record<string, string>>;
}

const { groups } = parse(await readFile(rulesFile, "utf8")) as {
  readonly groups: { readonly rules: readonly Rule[] }[];
};
const rules = groups.flatMap(({ rules }) => rules);

test("each alert has its cases, a severity, and says what it means and what to do", () => {
  expect(rules.map(({ alert }) => alert).toSorted()).toEqual(Object.keys(alertCases).toSorted());
  for (const { alert, labels, annotations } of rules) {
    expect.soft(alert).toMatch(/^Capstan[A-Z]/);
    expect.soft(["critical", "warning", "info"], alert).toContain(labels.severity);
    expect.soft(Object.keys(annotations), alert).toEqual(["summary", "description", "runbook"]);
  }
});

const { folder, missing } = await debianPackage("prometheus");

describe.skipIf(missing !== undefined)(`by promtool${missing === undefined ? "" : ` (${missing})`}`, () => {
  const promtool = path.join(folder ?? "", "usr/bin/promtool");
  let work: string;

  beforeAll(async () => {
    work = await mkdtemp(path.join(tmpdir(), "capstan-alerts-"));
  });
  afterAll(async () => {
    await rm(work, { recursive: true, force: true });
  });

  const run = async (...args: readonly string[]): Promise<string> => {
    const { stdout, stderr } = await promisify(execFile)(promtool, args).catch(
      (error: unknown) => error as { readonly stdout: string; readonly stderr: string },
    );
    return stdout + stderr;
  };

  test("the rules are what Prometheus takes", async () => {
    expect(await run("check", "rules", rulesFile)).toContain(`SUCCESS: ${rules.length} rules found`);
  });

  test.each(Object.entries(alertCases))(
    "%s fires for its case, and not for what is most like it",
    async (alert, cases) => {
      const expr = `count by (alertname) (ALERTS{alertname="${alert}",alertstate="firing"})`;
      const testOf = (series: Readonly<Record<string, string>>, value: number | undefined) => ({
        interval: "1m",
        input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
        promql_expr_test: [
          {
            expr,
            eval_time: "3h",
            exp_samples: value === undefined ? [] : [{ labels: `{alertname="${alert}"}`, value }],
          },
        ],
      });
      const file = path.join(work, `${alert}.test.yaml`);
      // Alone, since promtool evaluates all that it is given at each step.
      const alone = path.join(work, `${alert}.rules.yaml`);
      await writeFile(
        alone,
        stringify({ groups: [{ name: "alone", rules: rules.filter((rule) => rule.alert === alert) }] }),
      );
      const tests = [testOf(cases.fires, 1), testOf(cases.silent, undefined)];
      await writeFile(file, stringify({ rule_files: [alone], evaluation_interval: "1m", tests }));
      expect(await run("test", "rules", file)).toContain("SUCCESS");
    },
  );
});
