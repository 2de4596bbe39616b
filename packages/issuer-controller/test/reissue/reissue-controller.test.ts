import {
  apiVersion,
  type CertificateAuthority,
  certificateAuthorityResource,
  type IssuedCertificate,
  issuedCertificateResource,
  type Revocation,
  revocationResource,
} from "@capstan/api";
import { createLogger, createMetrics, EventRecorder, Reflector } from "@capstan/kube";
import { expect, test, vi } from "vitest";
import { holderResources } from "../../src/reissue/leaf-holder.ts";
import { createReissueCache, createReissueControllers } from "../../src/reissue/reissue-controller.ts";
import { ApiServer } from "../support/api-server.ts";

const namespace = "capstan-system";
const log = createLogger({ program: "test", level: "silent" });
const [notBefore, notAfter] = ["2026-11-22T09:55:00Z", "2026-11-23T10:00:00Z"];
const at = "2026-11-22T10:00:00Z";

test("wired together, a Revocation has a Certificate renewed and says so", async () => {
  await using server = await ApiServer.start();
  const { client } = server;
  server.put(holderResources.Certificate, {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: { name: "web", namespace: "demo", uid: "c-1" },
    status: { notBefore, notAfter },
  } as never);
  server.put(issuedCertificateResource, {
    apiVersion,
    kind: "IssuedCertificate",
    metadata: { name: "uid-1", namespace },
    spec: { requestNamespace: "demo", notBefore, notAfter, owner: { kind: "Certificate", name: "web", uid: "c-1" } },
    status: { revoked: { at, reason: "superseded", revocation: "demo/web", requestedBy: "bob" } },
  } as IssuedCertificate);
  const stop = new AbortController();
  const metrics = createMetrics();
  const events = new EventRecorder({ client, reportingController: "c", reportingInstance: "i", log });
  const revocations = createReissueCache({ client, log, metrics });
  const authorities = new Reflector<CertificateAuthority>({ client, log, type: certificateAuthorityResource });
  const now = (): Date => new Date("2026-11-22T12:00:00Z");
  const controllers = createReissueControllers({
    client,
    log,
    metrics,
    namespace,
    revocations,
    authorities,
    events,
    now,
  });
  const running = [revocations, authorities, ...controllers].map((one) => one.run(stop.signal));
  server.put<Revocation>(revocationResource, {
    apiVersion,
    kind: "Revocation",
    metadata: { name: "web", namespace: "demo" },
    spec: { target: { serial: "4f1c" }, reason: "superseded", requestedBy: "bob", reissue: true },
    status: {
      issuedCertificate: "uid-1",
      conditions: [{ type: "Accepted", status: "True", reason: "Recorded", lastTransitionTime: at }],
    },
  });
  await vi.waitFor(() => {
    const { status } = server.read(revocationResource, { namespace: "demo", name: "web" }) as Revocation;
    expect(status?.reissue?.message).toBe("Certificate web is being renewed");
  });
  stop.abort();
  await Promise.all(running);
  await events.flush();
});
