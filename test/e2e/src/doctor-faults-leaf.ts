import { readFile } from "node:fs/promises";
import { until } from "@capstan/test-cluster";
import type { DoctorFault } from "./doctor-fault.ts";
import { strangersLeaf } from "./doctor-strangers.ts";
import { mountSecret } from "./workload.ts";

/** Faults of what the workload holds. Each is cured before the next. */
export const leafFaults: readonly DoctorFault[] = [
  {
    group: "leaf",
    name: "the leaf is of another CA",
    inject: async (lab) => void (lab.asked = await strangersLeaf(lab.environment.cluster.directory)),
    expected: "leaf-other-issuer",
    cure: (lab) => void (lab.asked = {}),
  },
  {
    group: "leaf",
    name: "the key is another leaf's",
    inject: async (lab) =>
      void (lab.asked = { privateKey: (await strangersLeaf(lab.environment.cluster.directory)).privateKey }),
    expected: "leaf-key-mismatch",
    cure: (lab) => void (lab.asked = {}),
  },
  {
    group: "leaf",
    name: "the leaf is another workload's",
    inject: async (lab) => void (lab.asked = await mountSecret(lab.environment, "demo", "api-tls")),
    expected: "role-condition",
    cure: (lab) => void (lab.asked = {}),
  },
  {
    group: "leaf",
    name: "the leaf is revoked",
    inject: async ({ shell }) =>
      await shell("kubectl capstan revoke certificate/web -n demo --reason superseded --yes --wait"),
    expected: "leaf-revoked",
    cure: async (lab) => {
      const revoked = await readFile(lab.leaf.certificate, "utf8");
      await lab.shell("cmctl renew web -n demo");
      await until("a leaf that is not the revoked one", async () => {
        const { certificate } = await mountSecret(lab.environment, "demo", "web-tls");
        return (await readFile(certificate, "utf8")) === revoked ? undefined : certificate;
      });
    },
  },
];
