// The CRL publisher by a clock that runs faster than real time, and on demand with one guard of its planner broken. For tests
// alone: the program that is shipped has neither.
import { randomBytes, randomUUID } from "node:crypto";
import { auditLogSetting, defineProgram, requiredText } from "@capstan/kube";
import { createRequestHandler } from "@capstan/rolesanywhere";
import { startCrlPublisher } from "../../../packages/crl-publisher/src/crl-publisher.ts";
import { brokenGuardVariable, plannerWithout } from "./broken-planner.ts";
import { ScaledKubeClient } from "./scaled-kube-client.ts";
import { quotasVariable, ScaledTime, timeScaleVariable } from "./time-scale.ts";

defineProgram({
  name: "capstan-crl-publisher",
  settings: {
    auditLog: auditLogSetting,
    awsEndpointUrl: { flag: "aws-endpoint-url", description: "The emulator.", parse: requiredText },
  },
  argv: process.argv.slice(2),
  environment: process.env,
  start: async (context, signal) => {
    const { connection, userAgent, metrics } = context;
    const time = ScaledTime.parse(process.env[timeScaleVariable]);
    const client = new ScaledKubeClient(connection, { userAgent, metrics }, time);
    try {
      await startCrlPublisher(
        {
          ...context,
          client,
          now: time.now,
          clock: time.clock,
          ...(process.env[quotasVariable] === "raised" ? { pacing: time.pacing } : {}),
          plan: plannerWithout(process.env[brokenGuardVariable]),
          random: randomBytes,
          recordName: randomUUID,
          requestHandler: createRequestHandler(),
          endpointVariant: {},
        },
        signal,
      );
    } finally {
      await client.close();
    }
  },
});
