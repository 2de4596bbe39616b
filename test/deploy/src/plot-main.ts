// Writes docs/operate/images: each dashboard's panels over two minutes of a really scraped installation. `pnpm plots`.
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { dashboards } from "@capstan/tools/dashboards";
import { debianPackage } from "./debian-package.ts";
import { askPanel } from "./panel-queries.ts";
import { plotPanels } from "./plot-svg.ts";
import { scrapeDemo } from "./scraped-demo.ts";

const [seconds = "120"] = process.argv.slice(2);
const images = fileURLToPath(new URL("../../../docs/operate/images", import.meta.url));
const { folder, missing } = await debianPackage("prometheus");
if (folder === undefined) throw new Error(missing);
const demo = await scrapeDemo(folder, Number(seconds));
try {
  await mkdir(images, { recursive: true });
  for (const { name, title, panels } of dashboards) {
    const range = { ...demo, stepSeconds: Math.max(1, Number(seconds) / 120) };
    const data = [];
    for (const panel of panels) data.push(await askPanel(demo.prometheus, panel, range));
    const file = path.join(images, `${name}.svg`);
    await writeFile(file, plotPanels(title, data, demo));
    process.stdout.write(
      `${file}: ${data.length} panels, ${data.reduce((sum, { lines }) => sum + lines.length, 0)} lines\n`,
    );
  }
} finally {
  await demo.stop();
}
