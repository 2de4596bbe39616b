// A whole program against the server named by argv[2], for run-program.test.ts to start and to signal. argv[3] says what goes wrong in it.
import {
  Controller,
  createLogger,
  createMetrics,
  HealthServer,
  KubeClient,
  LeaderElector,
  loadKubeConnection,
  Manager,
  Reflector,
  runProgram,
} from "@capstan/kube";
import { widgets } from "./objects.ts";

const [, , kubeconfig = "", fault = "none"] = process.argv;
const log = createLogger({ program: "fixture", to: 1 });

runProgram({
  log,
  start: async (signal) => {
    if (fault === "start") throw new Error("cannot start");
    const metrics = createMetrics();
    const connection = loadKubeConnection({ kubeconfig });
    const client = new KubeClient(connection, { userAgent: "fixture", metrics });
    const reflector = new Reflector({ client, type: widgets, log, metrics });
    const elector = new LeaderElector({
      connection,
      userAgent: "fixture",
      namespace: "capstan-system",
      name: "fixture",
      log,
      metrics,
      ...(fault === "lost" && { leaseDurationMs: 8_000, renewDeadlineMs: 6_000, retryPeriodMs: 500 }),
    });
    const controller = new Controller({
      name: "widget",
      log,
      metrics,
      reconcile: async (key) => {
        if (fault === "rejection") void Promise.reject(new Error("nobody waits for me"));
        if (fault === "exception")
          setImmediate(() => {
            throw new Error("out of the blue");
          });
        log.info("reconciling");
        // Work in hand, until the test says that it is done.
        await client.request({ method: "GET", path: `/slow/${key}` });
        log.info("reconciled");
      },
    });
    controller.watch(reflector);
    const health = new HealthServer({ host: "127.0.0.1", port: 0, metrics });
    await new Manager({ health, reflectors: [reflector], controllers: [controller], elector, log }).run(signal);
    await client.close();
  },
});
