import { commandIn, type DoctorFault } from "./doctor-fault.ts";
import { apiCertificate, certificateOf, issuer } from "./doctor-objects.ts";

/** Faults between a Certificate and its leaf, and of clocks and networks. Each is cured before the next. */
export const requestFaults: readonly DoctorFault[] = [
  {
    group: "network",
    name: "cert-manager's webhook does not run",
    inject: async ({ environment }) => await environment.cluster.killProcess("cert-manager-webhook"),
    expected: "cert-manager-webhook-unreachable",
    cure: async ({ environment }) => await environment.cluster.startProcessAgain("cert-manager-webhook"),
  },
  {
    group: "network",
    name: "AWS is looked for where nothing listens",
    inject: (lab) => void (lab.asked = { endpoint: "http://127.0.0.1:9" }),
    expected: "aws-unreachable",
    cure: (lab) => void (lab.asked = {}),
  },
  {
    group: "network",
    name: "AWS does not answer",
    inject: ({ environment }) => environment.emulator.setAvailable(false),
    expected: "aws-unreachable",
    cure: ({ environment }) => environment.emulator.setAvailable(true),
  },
  {
    group: "policy",
    name: "a namespace is hidden from the webhooks",
    inject: async ({ kubectl }) =>
      void (await kubectl(["label", "namespace", "demo", "cert-manager.io/disable-validation=true"])),
    expected: "namespace-hidden-from-webhooks",
    cure: "as printed",
  },
  {
    group: "policy",
    name: "an issuer's own duration is over its authority's bound",
    inject: async ({ kubectl }) =>
      void (await kubectl(["apply", "-f", "-"], issuer("broken", { defaultDuration: "300h" }))),
    expected: "issuer-policy-invalid",
    cure: async ({ kubectl }) =>
      void (await kubectl(["apply", "-f", "-"], issuer("broken", { defaultDuration: "24h" }))),
  },
  {
    group: "policy",
    name: "an issuer names an authority that is not there",
    inject: async ({ kubectl }) =>
      void (await kubectl(["apply", "-f", "-"], issuer("lost", { caRef: { name: "nowhere" } }))),
    expected: "issuer-authority-missing",
    cure: async ({ kubectl }) => void (await kubectl(["apply", "-f", "-"], issuer("lost", {}))),
  },
  {
    group: "policy",
    name: "a Certificate asks for another namespace's name",
    inject: async ({ kubectl }) =>
      void (await kubectl(["apply", "-f", "-"], {
        ...apiCertificate,
        spec: { ...apiCertificate.spec, commonName: "api.prod" },
      })),
    expected: "request-failed",
    cure: async ({ kubectl }) => void (await kubectl(["apply", "-f", "-"], apiCertificate)),
  },
  {
    group: "policy",
    name: "an issuer's policy has no room for a Certificate",
    inject: async ({ kubectl }) => {
      await kubectl(["apply", "-f", "-"], issuer("narrow", { policy: { commonName: { allow: ["web.{namespace}"] } } }));
      await kubectl(["apply", "-f", "-"], certificateOf("batch", "narrow"));
    },
    expected: "request-failed",
    cure: async ({ kubectl, shell }, printed) => {
      await kubectl(["apply", "-f", "-"], issuer("narrow", {}));
      await shell(commandIn(printed));
    },
  },
  {
    group: "policy",
    name: "issuing is held",
    inject: async ({ shell }) => await shell("kubectl capstan freeze fleet --yes"),
    expected: "authority-frozen",
    cure: async ({ shell }, printed) => await shell(`${commandIn(printed)} --yes`),
  },
  {
    group: "clock",
    name: "this computer's clock is ten minutes ahead",
    inject: (lab) => void (lab.asked = { clockMs: 600_000 }),
    expected: "clock-skew-api-server",
    cure: (lab) => void (lab.asked = {}),
  },
  {
    group: "clock",
    name: "AWS's clock is two minutes ahead",
    inject: ({ environment }) =>
      void environment.emulator.injectFault({ fault: { kind: "date-header", skewMs: 120_000 } }),
    expected: "clock-skew-aws",
    cure: ({ environment }) => environment.emulator.removeFaults(),
  },
];
