// The issuer controller by a clock that runs faster than real time. For tests alone: the program that is shipped has no such thing.
import { randomBytes } from "node:crypto";
import { defineProgram } from "@capstan/kube";
import { startIssuerController } from "../../../packages/issuer-controller/src/issuer-controller.ts";
import { issuerSettings } from "../../../packages/issuer-controller/src/settings.ts";
import { ScaledTime, timeScaleVariable } from "./time-scale.ts";

defineProgram({
  name: "capstan-issuer-controller",
  settings: issuerSettings,
  argv: process.argv.slice(2),
  environment: process.env,
  start: (context, signal) => {
    const { now } = ScaledTime.parse(process.env[timeScaleVariable]);
    return startIssuerController({ ...context, now, random: randomBytes }, signal);
  },
});
