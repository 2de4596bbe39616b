import { expect, test } from "vitest";
import { readCall } from "../src/api-call.ts";

test.each([
  ["POST", "/apis/capstan.dev/v1alpha1/namespaces/a/issuedcertificates", "create issuedcertificates", "issue"],
  ["GET", "/apis/capstan.dev/v1alpha1/namespaces/a/issuedcertificates/b", "get issuedcertificates", "issue"],
  ["PUT", "/apis/capstan.dev/v1alpha1/namespaces/a/generationmarks/b", "update generationmarks", "issue"],
  [
    "PATCH",
    "/apis/cert-manager.io/v1/namespaces/a/certificaterequests/b/status?fieldManager=c&force=true",
    "patch certificaterequests/status",
    "issue",
  ],
  ["GET", "/api/v1/namespaces/a/secrets/b", "get secrets", "issue"],
  ["GET", "/api/v1/namespaces/a", "get namespaces", "issue"],
  ["DELETE", "/api/v1/namespaces/a/events/b", "delete events", "issue"],
  ["GET", "/api/v1/namespaces?limit=500", "list namespaces", "cache"],
  ["GET", "/apis/capstan.dev/v1alpha1/capstanclusterissuers?watch=true", "watch capstanclusterissuers", "cache"],
  ["GET", "/apis/capstan.dev/v1alpha1/capstanclusterissuers?watch=1", "watch capstanclusterissuers", "cache"],
  ["GET", "/apis/capstan.dev/v1alpha1/capstanclusterissuers/watch", "get capstanclusterissuers", "issue"],
  ["GET", "/apis/coordination.k8s.io/v1/namespaces/a/leases/b", "get leases", "lease"],
  ["PUT", "/apis/coordination.k8s.io/v1/namespaces/a/leases/b", "update leases", "lease"],
])("%s %s is %s of group %s", (method, target, name, group) => {
  expect(readCall(method, target)).toMatchObject({ name, group });
});

test("namespace-and-object-are-those-of-the-path", () => {
  expect(readCall("PATCH", "/apis/cert-manager.io/v1/namespaces/a/certificaterequests/b/status")).toMatchObject({
    namespace: "a",
    object: "b",
  });
  const cluster = readCall("GET", "/apis/capstan.dev/v1alpha1/certificateauthorities/b");
  expect(cluster).toMatchObject({ object: "b" });
  expect(cluster).not.toHaveProperty("namespace");
});
