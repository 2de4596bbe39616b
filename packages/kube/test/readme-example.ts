import {
  Controller,
  createLogger,
  createMetrics,
  HealthServer,
  KubeClient,
  type KubeObject,
  loadKubeConnection,
  Manager,
  Reflector,
  runProgram,
} from "@capstan/kube";

const log = createLogger({ program: "example", to: 1 });

runProgram({
  log,
  start: async (signal) => {
    const metrics = createMetrics();
    const client = new KubeClient(loadKubeConnection(), { userAgent: "example/1", metrics });
    const configMaps = new Reflector<KubeObject>({
      client,
      type: { group: "", version: "v1", plural: "configmaps", kind: "ConfigMap", namespaced: true },
      log,
      metrics,
    });
    const controller = new Controller({
      name: "configmap",
      reconcile: async (key) => {
        const object = configMaps.store.get(key);
        log.info({ resourceVersion: object?.metadata.resourceVersion }, object === undefined ? `${key} is gone` : key);
      },
      log,
      metrics,
    });
    controller.watch(configMaps);
    const health = new HealthServer({ host: "127.0.0.1", port: 0, metrics });
    await new Manager({ health, reflectors: [configMaps], controllers: [controller], log }).run(signal);
    await client.close();
  },
});
