// The CRL publisher by a clock that runs faster than real time, and on demand with one guard broken. For tests alone: the program
// that is shipped has neither.
import { randomBytes, randomUUID } from "node:crypto";
import { auditLogSetting, defineProgram, requiredText } from "@capstan/kube";
import { createRequestHandler } from "@capstan/rolesanywhere";
import { startCrlPublisher } from "../../../../packages/crl-publisher/src/crl-publisher.ts";
import { ScaledKubeClient } from "../../../soak/src/scaled-kube-client.ts";
import { ScaledTime, timeScaleVariable } from "../../../soak/src/time-scale.ts";
import { mutantNamed, mutantVariable } from "./mutants.ts";
import { clockErrorVariable, withError } from "./wrong-clock.ts";

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
    const mutant = mutantNamed(process.env[mutantVariable]);
    const client = new ScaledKubeClient(connection, { userAgent, metrics }, time);
    mutant?.sabotage?.(client);
    try {
      await startCrlPublisher(
        {
          ...context,
          client,
          now: withError(time.now, process.env[clockErrorVariable]),
          clock: time.clock,
          pacing: time.pacing,
          ...(mutant?.plan === undefined ? {} : { plan: mutant.plan }),
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
