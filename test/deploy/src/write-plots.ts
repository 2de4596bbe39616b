import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { dashboards } from "@capstan/tools/dashboards";
import { askPanel, type PanelData } from "./panel-queries.ts";
import { plotPanels } from "./plot-svg.ts";
import type { ScrapedDemo } from "./scraped-demo.ts";

const images = fileURLToPath(new URL("../../../docs/operate/images", import.meta.url));

/** Writes a picture of each dashboard's panels into docs/operate/images. */
export async function writePlots(demo: ScrapedDemo): Promise<void> {
  await mkdir(images, { recursive: true });
  const stepSeconds = Math.max(1, (demo.toSeconds - demo.fromSeconds) / 120);
  for (const { name, title, panels } of dashboards) {
    const data: PanelData[] = [];
    for (const panel of panels) data.push(await askPanel(demo.prometheus, panel, { ...demo, stepSeconds }));
    await writeFile(path.join(images, `${name}.svg`), plotPanels(title, data, demo));
  }
}
