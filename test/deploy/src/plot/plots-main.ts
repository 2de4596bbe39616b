// Draws the pictures in docs/operate/images: each panel of the chart's dashboards, of what running programs told Prometheus.
// What was scraped stays in reports/plots; with --redraw it is drawn again.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { type Dashboard, dashboards } from "@capstan/tools/dashboards";
import sharp from "sharp";
import { debianPackage } from "../debian-package.ts";
import { askPanel, type PanelData } from "../panel-queries.ts";
import { drawDashboard } from "./draw-dashboard.ts";
import type { Span } from "./draw-panel.ts";
import { scrapeIssuing } from "./issuing-run.ts";
import { scrapeRotation } from "./rotation-run.ts";
import type { Scraped } from "./run.ts";

const repository = fileURLToPath(new URL("../../../..", import.meta.url));
const images = path.join(repository, "docs/operate/images");
const reports = path.join(repository, "reports/plots");

const runs: Readonly<Record<Dashboard["name"], (prometheusFolder: string) => Promise<Scraped>>> = {
  authorities: scrapeRotation,
  issuing: scrapeIssuing,
};

/** Points of a line: about as many as it is pixels wide, halved. */
const points = 250;

/** All that a picture is drawn from. */
interface Drawing {
  readonly span: Span;
  readonly panels: readonly PanelData[];
}

async function scrape({ name, panels }: Dashboard): Promise<Drawing> {
  const { folder, missing } = await debianPackage("prometheus");
  if (folder === undefined) throw new Error(missing);
  const { prometheus, stop, ...range } = await runs[name](folder);
  try {
    const span = { ...range, stepSeconds: Math.ceil((range.toSeconds - range.fromSeconds) / points) };
    const data: PanelData[] = [];
    for (const panel of panels) data.push(await askPanel(prometheus, panel, span));
    return { span, panels: data };
  } finally {
    await stop();
  }
}

async function draw({ name, title }: Dashboard, { span, panels }: Drawing): Promise<void> {
  const svg = drawDashboard(title, panels, span);
  const file = path.join(images, `${name}.png`);
  // Lines and letters have few colours: with a palette the file is a fifth as big.
  await sharp(Buffer.from(svg)).png({ palette: true, colours: 32, effort: 10 }).toFile(file);
  process.stdout.write(`${file}\n`);
}

const args = process.argv.slice(2);
const redraws = args.includes("--redraw");
const names = args.filter((arg) => !arg.startsWith("-"));
await mkdir(images, { recursive: true });
await mkdir(reports, { recursive: true });
for (const dashboard of dashboards.filter(({ name }) => names.length === 0 || names.includes(name))) {
  const file = path.join(reports, `${dashboard.name}.json`);
  if (!redraws) await writeFile(file, JSON.stringify(await scrape(dashboard)));
  await draw(dashboard, JSON.parse(await readFile(file, "utf8")) as Drawing);
}
