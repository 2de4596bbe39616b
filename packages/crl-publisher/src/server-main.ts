import { publishedLabel } from "@capstan/api";
import { address, defineProgram, Manager, Reflector } from "@capstan/kube";
import { type ConfigMap, configMapResource } from "./crl/publish-crl.ts";
import { listen, publishedApp } from "./server/serve-published.ts";

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
    const { server, address: bound } = await listen(publishedApp(configMaps.store), settings.listenAddress);
    log.info({ port: bound.port }, "serving CRLs and roots");
    try {
      await new Manager({ health, log, reflectors: [configMaps], controllers: [] }).run(signal);
    } finally {
      server.close();
    }
  },
});
