import { randomBytes, randomUUID } from "node:crypto";
import { auditLogSetting, defineProgram } from "@capstan/kube";
import {
  caBundleFromEnvironment,
  createRequestHandler,
  endpointFromEnvironment,
  endpointVariantFromEnvironment,
  proxyFromEnvironment,
} from "@capstan/rolesanywhere";
import { startCrlPublisher } from "./crl-publisher.ts";

defineProgram({
  name: "capstan-crl-publisher",
  settings: {
    auditLog: auditLogSetting,
    awsEndpointUrl: {
      flag: "aws-endpoint-url",
      description:
        "Another endpoint for IAM Roles Anywhere, like a VPC endpoint; otherwise AWS_ENDPOINT_URL_ROLESANYWHERE and AWS_ENDPOINT_URL count, as in the AWS SDKs.",
      parse: (text) => text ?? endpointFromEnvironment(process.env),
    },
  },
  argv: process.argv.slice(2),
  environment: process.env,
  start: async (context, signal) =>
    startCrlPublisher(
      {
        ...context,
        now: () => new Date(),
        random: randomBytes,
        recordName: randomUUID,
        requestHandler: createRequestHandler({
          proxy: proxyFromEnvironment(process.env),
          caBundlePem: await caBundleFromEnvironment(process.env),
        }),
        // A named endpoint is the one that is meant.
        endpointVariant:
          context.settings.awsEndpointUrl === undefined ? endpointVariantFromEnvironment(process.env) : {},
      },
      signal,
    ),
});
