import { publishedLabel } from "@capstan/api";
import { address, defineProgram, Manager, Reflector } from "@capstan/kube";
import { type ConfigMap, configMapResource } from "./crl/config-map.ts";
import { createServerMetrics } from "./metrics/server-metrics.ts";
import { listen } from "./server/listen.ts";
import { publishedApp } from "./server/serve-published.ts";

defineProgram({
  name: "capstan-crl-server",
  settings: {
    listenAddress: {
      flag: "listen-address",
      default: ":8080",
      description: "Where CRLs and roots are served over HTTP, as host:port.",
      parse: address,
    },
  },
  argv: process.argv.slice(2),
  environment: process.env,
  start: async ({ client, health, log, metrics, settings }, signal) => {
    const configMaps = new Reflector<ConfigMap>({
      client,
      type: configMapResource,
      namespace: settings.namespace,
      labelSelector: publishedLabel,
      log,
      metrics,
    });
    const served = createServerMetrics(metrics, configMaps.store);
    const app = publishedApp({
      configMaps: configMaps.store,
      onAnswer: served.answered,
      onError: (error) => log.error({ err: error }, "a file could not be served"),
    });
    const { server, address: bound } = await listen(app, {
      ...settings.listenAddress,
      onRefusedConnection: served.refusedConnection,
    });
    log.info({ port: bound.port }, "serving CRLs and roots");
    try {
      await new Manager({ health, log, reflectors: [configMaps], controllers: [] }).run(signal);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  },
});
