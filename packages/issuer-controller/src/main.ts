import { randomBytes } from "node:crypto";
import { defineProgram } from "@capstan/kube";
import { startIssuerController } from "./issuer-controller.ts";
import { issuerSettings } from "./settings.ts";

defineProgram({
  name: "capstan-issuer-controller",
  settings: issuerSettings,
  argv: process.argv.slice(2),
  environment: process.env,
  start: (context, signal) => startIssuerController({ ...context, now: () => new Date(), random: randomBytes }, signal),
});
