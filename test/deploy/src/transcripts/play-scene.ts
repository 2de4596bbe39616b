import { execFile } from "node:child_process";
import path from "node:path";
import { until } from "@capstan/test-cluster";
import { administrator, type Lab, roleArn } from "../../../e2e/src/doctor-lab.ts";
import { assumeRole, callerIdentity, capstan, getObject } from "../../../e2e/src/workload.ts";
import type { Scene, Stage } from "./scenes.ts";

interface Authority {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly reason: string }[] };
}

/** The stage in a running installation. */
export function stageOf({ environment, setTrust }: Lab): Stage {
  return {
    setTrust,
    order: async (args) => {
      const { exitCode, stderr } = await capstan(environment, args);
      if (exitCode !== 0) throw new Error(stderr);
    },
    untilRotating: async (reason) => {
      await until(`the rotation to be ${reason}`, async () => {
        const authority = await getObject<Authority>(environment, ["certificateauthority", "fleet"]);
        const rotating = authority?.status?.conditions?.find(({ type }) => type === "Rotating");
        return rotating?.reason === reason ? true : undefined;
      });
    },
  };
}

/** What a scene's command printed on the terminal. */
export interface Printed {
  /** As it was typed. */
  readonly command: string;
  readonly text: string;
  readonly exitCode: number;
  /** When it began, in milliseconds since 1970. */
  readonly madeAt: number;
}

/** Runs a scene's command in the folder that holds the leaf's files, by a shell, with both outputs as one. */
export async function playScene(lab: Lab, scene: Scene): Promise<Printed> {
  const { environment, leaf } = lab;
  const { cluster, bin, emulator, operatorKubeconfig } = environment;
  const isAdministrator = scene.as === "administrator";
  const { accessKeyId, secretAccessKey } = administrator;
  const env = {
    PATH: `${bin}${path.delimiter}${process.env["PATH"] ?? ""}`,
    HOME: cluster.directory,
    KUBECONFIG: isAdministrator ? cluster.adminKubeconfig : operatorKubeconfig,
    AWS_ENDPOINT_URL: emulator.endpoint,
    ...(isAdministrator ? { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } : {}),
  };
  const command = await asTyped(lab, scene.command);
  const madeAt = Date.now();
  return await new Promise((resolve, reject) => {
    const options = { cwd: path.dirname(leaf.certificate), env };
    execFile("/bin/sh", ["-c", `${command} 2>&1`], options, (error, text) => {
      if (error !== null && typeof error.code !== "number") reject(error);
      else resolve({ command, text, exitCode: typeof error?.code === "number" ? error.code : 0, madeAt });
    });
  });
}

async function asTyped({ environment, leaf, profileArn }: Lab, command: string): Promise<string> {
  const text = command.replaceAll("$ROLE_ARN", roleArn).replaceAll("$PROFILE_ARN", profileArn);
  if (!text.includes("$SESSION_ARN")) return text;
  return text.replaceAll("$SESSION_ARN", await callerIdentity(environment, await assumeRole(environment, leaf)));
}
