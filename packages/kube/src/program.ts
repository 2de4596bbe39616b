import { HealthServer } from "./health-server.ts";
import { KubeClient } from "./kube-client.ts";
import { type KubeConnection, loadKubeConnection } from "./kube-connection.ts";
import { createLogger, type Logger } from "./logger.ts";
import { createMetrics, type RuntimeMetrics } from "./metrics.ts";
import { runProgram } from "./run-program.ts";
import {
  address,
  describeSettings,
  oneOf,
  optionalText,
  readSettings,
  requiredText,
  type Setting,
  SettingsError,
  type SettingsOf,
  type SettingsTable,
} from "./settings.ts";

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Settings that every program has. */
export interface CommonSettings extends SettingsTable {
  readonly kubeconfig: Setting<string | undefined>;
  readonly namespace: Setting<string>;
  readonly healthAddress: Setting<Address>;
  readonly logLevel: Setting<"debug" | "info" | "warn" | "error">;
}

const commonSettings: CommonSettings = {
  kubeconfig: {
    flag: "kubeconfig",
    environment: "KUBECONFIG",
    description: "Kubeconfig file. In a pod: the pod's service account, unless this is given.",
    parse: optionalText,
  },
  namespace: {
    flag: "namespace",
    environment: "POD_NAMESPACE",
    default: "capstan-system",
    description: "Namespace of keys, ledger, marks, lists and leases.",
    parse: requiredText,
  },
  healthAddress: {
    flag: "health-address",
    default: ":8081",
    description: "Where /healthz, /readyz and /metrics are served, as host:port.",
    parse: address,
  },
  logLevel: {
    flag: "log-level",
    default: "info",
    description: "debug, info, warn or error.",
    parse: oneOf("debug", "info", "warn", "error"),
  },
};

/** What a program starts with. */
export interface ProgramContext<S extends SettingsTable = CommonSettings> {
  readonly settings: SettingsOf<S & CommonSettings>;
  readonly log: Logger;
  readonly metrics: RuntimeMetrics;
  readonly connection: KubeConnection;
  readonly client: KubeClient;
  readonly health: HealthServer;
  /** As the audit log shows it. */
  readonly userAgent: string;
}

export interface ProgramDefinition<S extends SettingsTable> {
  /** "capstan-issuer-controller". */
  readonly name: string;
  /** The program's own settings. */
  readonly settings: S;
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Works until the signal aborts. */
  readonly start: (context: ProgramContext<S>, signal: AbortSignal) => Promise<void>;
}

/**
 * Reads the settings, connects and runs a program to its end. Ends with status 2 and every fault named when the settings
 * cannot be read, with 0 after --help; otherwise as `runProgram` does.
 */
export function defineProgram<S extends SettingsTable>(definition: ProgramDefinition<S>): void {
  const { name, argv, environment, start } = definition;
  const table = { ...commonSettings, ...definition.settings };
  if (argv.includes("--help")) {
    process.stdout.write(`${name}\n\n${describeSettings(table)}`);
    return;
  }
  let settings: SettingsOf<S & CommonSettings>;
  try {
    settings = readSettings(table, { argv, environment }) as SettingsOf<S & CommonSettings>;
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
    return;
  }
  const log = createLogger({ program: name, level: settings.logLevel });
  runProgram({
    log,
    start: async (signal) => {
      log.info({ settings }, "starting");
      const metrics = createMetrics();
      const connection = loadKubeConnection({ kubeconfig: settings.kubeconfig, env: environment });
      const userAgent = `${name}/0.1.0`;
      const client = new KubeClient(connection, { userAgent, metrics });
      const health = new HealthServer({ ...settings.healthAddress, metrics });
      try {
        await start({ settings, log, metrics, connection, client, health, userAgent }, signal);
      } finally {
        await client.close();
      }
    },
  });
}
