import { describe, expect, test } from "vitest";
import { webhookFaults, webhooksThatSkip, type WebhookConfiguration } from "@capstan/policy";
import { chartWebhooks } from "./webhooks.ts";

const rule = { apiGroups: ["*"], apiVersions: ["*"], operations: ["*"] };

describe("webhookFaults", () => {
  test.each<[fact: string, change: Parameters<typeof chartWebhooks>[0]]>([
    ["what-the-chart-installs", {}],
    ["an-unset-failure-policy-which-means-Fail", { validating: { failurePolicy: undefined } }],
    ["rules-of-stars", { validating: { rules: [{ ...rule, resources: ["*/*"] }] } }],
    [
      "rules-that-name-resource-and-status",
      { validating: { rules: [{ ...rule, resources: ["certificaterequests", "certificaterequests/status"] }] } },
    ],
  ])("finds nothing wrong with %s", (_fact, change) => {
    expect(webhookFaults(chartWebhooks(change))).toEqual([]);
  });

  test.each<[fact: string, list: readonly WebhookConfiguration[], expected: readonly string[]]>([
    [
      "nothing-at-all",
      [],
      [
        "no MutatingWebhookConfiguration has a webhook webhook.cert-manager.io: install cert-manager's",
        "no ValidatingWebhookConfiguration has a webhook webhook.cert-manager.io: install cert-manager's",
      ],
    ],
    [
      "only-the-mutating-one",
      chartWebhooks().slice(0, 1),
      ["no ValidatingWebhookConfiguration has a webhook webhook.cert-manager.io: install cert-manager's"],
    ],
    [
      "a-configuration-of-somebody-else",
      chartWebhooks({ mutating: { name: "x.example.org" } }),
      ["no MutatingWebhookConfiguration has a webhook webhook.cert-manager.io: install cert-manager's"],
    ],
    [
      "a-webhook-that-may-be-down",
      chartWebhooks({ mutating: { failurePolicy: "Ignore" } }),
      [
        "MutatingWebhookConfiguration cert-manager-webhook lets requests pass when the webhook does not answer: set failurePolicy Fail",
      ],
    ],
    [
      "selectors-and-conditions-that-a-request-can-meet",
      chartWebhooks({
        validating: {
          objectSelector: { matchLabels: { a: "b" } },
          matchConditions: [{ name: "x", expression: "false" }],
        },
      }),
      [
        "ValidatingWebhookConfiguration cert-manager-webhook has an objectSelector, by which requests can pass it",
        "ValidatingWebhookConfiguration cert-manager-webhook has matchConditions, by which requests can pass it",
      ],
    ],
    [
      "an-object-selector-of-expressions",
      chartWebhooks({ mutating: { objectSelector: { matchExpressions: [{ key: "a", operator: "Exists" }] } } }),
      ["MutatingWebhookConfiguration cert-manager-webhook has an objectSelector, by which requests can pass it"],
    ],
    [
      "rules-that-leave-something-out",
      chartWebhooks({ validating: { rules: [{ ...rule, operations: ["UPDATE"], resources: ["*"] }] } }),
      [
        "ValidatingWebhookConfiguration cert-manager-webhook has no rule for CREATE of certificaterequests",
        "ValidatingWebhookConfiguration cert-manager-webhook has no rule for UPDATE of certificaterequests/status",
      ],
    ],
    [
      "rules-for-other-groups-versions-and-scopes",
      chartWebhooks({
        mutating: {
          rules: [
            { ...rule, apiGroups: ["acme.cert-manager.io"], resources: ["*/*"] },
            { ...rule, apiVersions: ["v2"], resources: ["*/*"] },
            { ...rule, scope: "Cluster", resources: ["*/*"] },
          ],
        },
      }),
      ["MutatingWebhookConfiguration cert-manager-webhook has no rule for CREATE of certificaterequests"],
    ],
  ])("names %s", (_fact, list, expected) => {
    expect(webhookFaults(list)).toEqual(expected);
  });

  test("a second webhook out of order takes nothing from one in order", () => {
    const list = [...chartWebhooks({ mutating: { failurePolicy: "Ignore" } }), ...chartWebhooks()];
    expect(webhookFaults(list)).toEqual([]);
  });
});

describe("webhooksThatSkip", () => {
  const skip = { "cert-manager.io/disable-validation": "true" };

  test("is empty for an ordinary namespace", () => {
    expect(webhooksThatSkip(chartWebhooks(), { team: "a", "cert-manager.io/disable-validation": "false" })).toEqual([]);
  });

  test("names the configuration and the selector that leave a namespace out", () => {
    expect(webhooksThatSkip(chartWebhooks(), skip)).toEqual([
      "ValidatingWebhookConfiguration cert-manager-webhook: cert-manager.io/disable-validation notin (true)",
    ]);
    const mutating = { namespaceSelector: { matchLabels: { certs: "yes" } } };
    expect(webhooksThatSkip(chartWebhooks({ mutating }), {})).toEqual([
      "MutatingWebhookConfiguration cert-manager-webhook: certs=yes",
    ]);
  });

  test("a webhook that is out of order sees nobody", () => {
    expect(webhooksThatSkip(chartWebhooks({ mutating: { failurePolicy: "Ignore" } }), {})).toEqual([
      "MutatingWebhookConfiguration: missing or not in order",
    ]);
    expect(webhooksThatSkip([], {})).toHaveLength(2);
  });
});
