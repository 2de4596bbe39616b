import type { DoctorFault } from "./doctor-fault.ts";
import { awsFaults } from "./doctor-faults-aws.ts";
import { installFaults } from "./doctor-faults-install.ts";
import { leafFaults } from "./doctor-faults-leaf.ts";
import { requestFaults } from "./doctor-faults-requests.ts";

/** Faults of every kind, each cured before the next. Those of leaves need the Certificate that those of requests leave. */
export const doctorFaults: readonly DoctorFault[] = [...installFaults, ...requestFaults, ...awsFaults, ...leafFaults];
