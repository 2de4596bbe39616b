import { until } from "@capstan/test-cluster";
import { type Environment, startEnvironment } from "./environment.ts";
import {
  applyExamples,
  assumeRole,
  callerIdentity,
  capstan,
  getObject,
  helperArguments,
  type LeafFiles,
  mountSecret,
  writeAwsConfig,
} from "./workload.ts";

// npm run quickstart: the whole way, once, on the real thing. `--once` ends after it; without it everything stays up.

const started = performance.now();

function say(line: string): void {
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(
    `[${seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, "0")}s`}] ${line}`,
  );
}

function show(text: string): void {
  console.log(text.trimEnd().replaceAll(/^/gm, "    "));
}

/** What the steps leave to each other. */
interface State {
  environment?: Environment;
  files?: LeafFiles;
  serial?: string;
}

const steps: readonly { readonly name: string; readonly run: (state: State) => Promise<void> }[] = [
  {
    name: "start a cluster with cert-manager and Capstan, and an emulator of AWS",
    run: async (state) => {
      state.environment = await startEnvironment({ log: say });
      say(
        `AWS is emulated at ${state.environment.emulator.endpoint}; its administrator made role demo-web and profile demo`,
      );
    },
  },
  {
    name: "issue: apply deploy/examples and wait for the certificate",
    run: async (state) => {
      const environment = environmentOf(state);
      show(await applyExamples(environment));
      state.files = await mountSecret(environment, "demo", "web-tls");
      const record = await until("the ledger to hold the certificate", async () => {
        const list = await getObject<RecordList>(environment, ["issuedcertificates", "-n", "capstan-system"]);
        return list?.items.find(({ spec }) => spec.requestNamespace === "demo");
      });
      state.serial = record.spec.serial;
      say(`issued: ${record.spec.subject}, serial ${record.spec.serial}, until ${record.spec.notAfter}`);
    },
  },
  {
    name: "assume: exchange the certificate for AWS credentials with aws_signing_helper",
    run: async (state) => {
      const environment = environmentOf(state);
      const credentials = await assumeRole(environment, filesOf(state));
      say(`assumed: access key ${credentials.AccessKeyId}, until ${credentials.Expiration}`);
      say(`GetCallerIdentity: ${await callerIdentity(environment, credentials)}`);
      const config = await writeAwsConfig(environment, filesOf(state));
      show(`With the AWS CLI: AWS_CONFIG_FILE=${config} aws --profile web sts get-caller-identity`);
    },
  },
  {
    name: "revoke: kubectl capstan revoke --wait",
    run: async (state) => {
      const { serial } = state;
      if (serial === undefined) throw new Error("no certificate was issued");
      const revoked = await capstan(environmentOf(state), [
        "revoke",
        serial,
        "-n",
        "demo",
        "--reason",
        "keyCompromise",
        "--yes",
        "--wait",
      ]);
      show(revoked.stderr + revoked.stdout);
      if (revoked.exitCode !== 0) throw new Error(`kubectl capstan revoke ended with status ${revoked.exitCode}`);
      say("revoked: every trust anchor was read back with a CRL that names the serial");
    },
  },
  {
    name: "refuse: aws_signing_helper is refused",
    run: async (state) => {
      const refusal = await assumeRole(environmentOf(state), filesOf(state)).then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
      if (refusal === undefined) throw new Error("AWS still hands out credentials for the revoked certificate");
      if (!refusal.includes("Certificate revoked")) throw new Error(`refused for another reason: ${refusal}`);
      show(refusal);
      say("refused: Certificate revoked");
    },
  },
];

interface RecordList {
  readonly items: readonly {
    readonly spec: {
      readonly serial: string;
      readonly subject: string;
      readonly notAfter: string;
      readonly requestNamespace?: string;
    };
  }[];
}

function environmentOf({ environment }: State): Environment {
  if (environment === undefined) throw new Error("nothing was started");
  return environment;
}

function filesOf({ files }: State): LeafFiles {
  if (files === undefined) throw new Error("no certificate was issued");
  return files;
}

async function showWhatIsThere(environment: Environment): Promise<void> {
  say("what is there now:");
  show(
    (await environment.cluster.kubectl(["get", "capca,capstanclusterissuers,icert,crev", "-A", "-o", "wide"])).stdout,
  );
}

async function showWhatToTry(environment: Environment, files: LeafFiles): Promise<void> {
  const { bin, operatorKubeconfig, cluster, crlServer } = environment;
  const helper = ["aws_signing_helper", "credential-process", ...(await helperArguments(environment, files))];
  console.log(`
Everything stays up until Ctrl-C. In another shell:

    export PATH=${bin}:$PATH
    export KUBECONFIG=${operatorKubeconfig}      # whoever is on call
    kubectl capstan status
    kubectl capstan list -n demo
    curl -s ${crlServer}/bundle.pem | openssl x509 -noout -subject -enddate

    export KUBECONFIG=${cluster.adminKubeconfig}      # the administrator
    cmctl renew web -n demo                     # a new certificate; then mount it and try again:
    kubectl get secret web-tls -n demo -o go-template='{{index .data "tls.crt" | base64decode}}' > ${files.certificate}
    kubectl get secret web-tls -n demo -o go-template='{{index .data "tls.key" | base64decode}}' > ${files.privateKey}
    ${helper.join(" ")}
    AWS_CONFIG_FILE=${cluster.directory}/aws.config aws --profile web sts get-caller-identity

Logs are in ${cluster.logs}.`);
}

async function main(args: readonly string[]): Promise<number> {
  const unknown = args.filter((arg) => arg !== "--once");
  if (unknown.length > 0) {
    console.error(`unknown: ${unknown.join(" ")}\nusage: npm run quickstart [-- --once]`);
    return 2;
  }
  const state: State = {};
  const stop = async (): Promise<void> => state.environment?.stop();
  // A terminal's Ctrl-C arrives more than once: from the terminal itself and from the npm script above this process.
  const interrupted = new Promise<"interrupted">((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => resolve("interrupted"));
  });
  for (const { name, run } of steps) {
    say(name);
    try {
      if ((await Promise.race([run(state), interrupted])) === "interrupted") {
        await stop();
        return 130;
      }
    } catch (error) {
      console.error(error instanceof Error ? error.message : error);
      console.error(`quickstart: failed: ${name}`);
      await stop();
      return 1;
    }
  }
  const environment = environmentOf(state);
  await showWhatIsThere(environment);
  if (!args.includes("--once")) {
    await showWhatToTry(environment, filesOf(state));
    await interrupted;
  }
  await stop();
  console.log("quickstart: ok: issued, assumed, revoked, refused");
  return 0;
}

process.exit(await main(process.argv.slice(2)));
