import type { DoctorFault } from "./doctor-fault.ts";
import { approvalBinding, csiDriver, issuer, patch, pod, putBack, replace, takeAway } from "./doctor-objects.ts";

/** Faults of what was installed, and of who may do what. Each is cured before the next. */
export const installFaults: readonly DoctorFault[] = [
  {
    group: "RBAC",
    name: "the approver's binding is missing",
    inject: async ({ kubectl }) => void (await kubectl(["delete", "clusterrolebinding", approvalBinding])),
    expected: "approver-right-missing",
    cure: "as printed",
  },
  {
    group: "RBAC",
    name: "the approver's binding names another account",
    inject: async ({ kubectl }) =>
      void (await kubectl(patch("clusterrolebinding", approvalBinding, replace("/subjects/0/name", "approver")))),
    expected: "approver-right-missing",
    cure: "as printed",
  },
  {
    group: "RBAC",
    name: "the approver that the issuer controller is started with may not approve",
    inject: async ({ kubectl }) => {
      const container = { name: "issuer-controller", args: ["issuer-controller.js", "--approver=pki/approver"] };
      await kubectl(["apply", "-f", "-"], pod("issuer-controller-0", "capstan-system", container));
      await kubectl([
        "label",
        "pod",
        "issuer-controller-0",
        "-n",
        "capstan-system",
        "app.kubernetes.io/name=issuer-controller",
      ]);
    },
    expected: "approver-right-missing",
    cure: "as printed",
  },
  {
    group: "RBAC",
    name: "the issuer controller's binding is missing",
    inject: async ({ kubectl }) => void (await kubectl(["delete", "clusterrolebinding", "capstan-issuer-controller"])),
    expected: "controller-right-missing",
    cure: "as printed",
  },
  {
    group: "RBAC",
    name: "the publisher may raise no mark",
    inject: async ({ kubectl }) => {
      const role = JSON.parse(
        await kubectl(["get", "role", "crl-publisher", "-n", "capstan-system", "-o", "json"]),
      ) as {
        readonly rules: readonly { readonly resources: readonly string[] }[];
      };
      const index = role.rules.findIndex(({ resources }) => resources.includes("generationmarks"));
      await kubectl([
        ...patch("role", "crl-publisher", [{ op: "remove", path: `/rules/${index}` }]),
        "-n",
        "capstan-system",
      ]);
    },
    expected: "controller-right-missing",
    cure: "as printed",
  },
  {
    group: "RBAC",
    name: "a pod of csi-driver's may not ask in its own name",
    inject: async ({ kubectl }) => {
      await kubectl(["apply", "-f", "-"], csiDriver([{ audience: "" }]));
      const volume = {
        name: "tls",
        csi: {
          driver: "csi.cert-manager.io",
          readOnly: true,
          volumeAttributes: {
            "csi.cert-manager.io/issuer-group": "capstan.dev",
            "csi.cert-manager.io/issuer-name": "fleet",
          },
        },
      };
      await kubectl(["apply", "-f", "-"], pod("csi-web", "demo", {}, { volumes: [volume] }));
    },
    expected: "csi-account-right-missing",
    cure: "as printed",
  },
  {
    group: "chart",
    name: "csi-driver without token requests, and an issuer that demands the pod's account",
    inject: async ({ kubectl }) => {
      await kubectl(["delete", "pod", "csi-web", "-n", "demo", "--force", "--grace-period=0"]);
      await kubectl(["apply", "-f", "-"], issuer("attested", { attestation: "ServiceAccount" }));
      await kubectl(["delete", "csidriver", "csi.cert-manager.io"]);
      await kubectl(["apply", "-f", "-"], csiDriver([]));
    },
    expected: "csi-token-requests-missing",
    cure: async ({ kubectl }) => {
      // What the chart's value does.
      await kubectl(["delete", "csidriver", "csi.cert-manager.io"]);
      await kubectl(["apply", "-f", "-"], csiDriver([{ audience: "" }]));
    },
  },
  {
    group: "chart",
    name: "cert-manager's mutating webhook configuration is missing",
    inject: (lab) => takeAway(lab, "mutatingwebhookconfiguration", "cert-manager-webhook"),
    expected: "cert-manager-webhook-fault",
    cure: (lab) => putBack(lab, "mutatingwebhookconfiguration"),
  },
  {
    group: "chart",
    name: "cert-manager's validating webhook may be passed by",
    inject: async ({ kubectl }) =>
      void (await kubectl(
        patch("validatingwebhookconfiguration", "cert-manager-webhook", replace("/webhooks/0/failurePolicy", "Ignore")),
      )),
    expected: "cert-manager-webhook-fault",
    cure: async ({ kubectl }) =>
      void (await kubectl(
        patch("validatingwebhookconfiguration", "cert-manager-webhook", replace("/webhooks/0/failurePolicy", "Fail")),
      )),
  },
  {
    group: "chart",
    name: "an admission policy is bound to nothing",
    inject: async ({ kubectl }) =>
      void (await kubectl(["delete", "validatingadmissionpolicybinding", "capstan-revocation-requested-by"])),
    expected: "admission-policy-missing",
    cure: "as printed",
  },
  {
    group: "chart",
    name: "an admission policy only warns",
    inject: async ({ kubectl }) =>
      void (await kubectl(
        patch(
          "validatingadmissionpolicybinding",
          "capstan-operation-requested-by",
          replace("/spec/validationActions", ["Warn"]),
        ),
      )),
    expected: "admission-policy-missing",
    cure: "as printed",
  },
  {
    group: "chart",
    name: "a kind of Capstan's is not installed",
    inject: async ({ kubectl }) => void (await kubectl(["delete", "crd", "capstanissuers.capstan.dev"])),
    expected: "capstan-crds-missing",
    cure: "as printed",
  },
  {
    group: "chart",
    name: "a pod of Capstan's cannot fetch its image",
    inject: async ({ kubectl }) => {
      await kubectl(["apply", "-f", "-"], pod("broken", "capstan-system", {}));
      const status = {
        containerStatuses: [
          {
            name: "main",
            image: "",
            imageID: "",
            ready: false,
            restartCount: 0,
            state: { waiting: { reason: "ImagePullBackOff", message: "no such image" } },
          },
        ],
      };
      await kubectl([
        "patch",
        "pod",
        "broken",
        "-n",
        "capstan-system",
        "--subresource=status",
        "--type=merge",
        "-p",
        JSON.stringify({ status }),
      ]);
    },
    expected: "capstan-pod-fails",
    cure: async ({ kubectl }) =>
      void (await kubectl(["delete", "pod", "broken", "-n", "capstan-system", "--force", "--grace-period=0"])),
  },
  {
    group: "chart",
    name: "a pod runs a helper that serves empty credentials",
    inject: async ({ kubectl }) => {
      const container = {
        image: "public.ecr.aws/rolesanywhere/credential-helper:1.8.0",
        args: ["serve", "--port", "9911"],
      };
      await kubectl(["apply", "-f", "-"], pod("sidecar", "demo", container));
    },
    expected: "helper-serves-empty-credentials",
    cure: async ({ kubectl }) =>
      void (await kubectl(["delete", "pod", "sidecar", "-n", "demo", "--force", "--grace-period=0"])),
  },
  {
    group: "chart",
    name: "the publisher does not run",
    inject: async ({ environment, kubectl }) => {
      // Killed, and its lease released as a graceful end would.
      await environment.kill("crl-publisher");
      await kubectl([...patch("lease", "crl-publisher", replace("/spec/holderIdentity", "")), "-n", "capstan-system"]);
    },
    expected: "no-leader",
    cure: ({ environment }) => environment.restart("crl-publisher"),
  },
];
