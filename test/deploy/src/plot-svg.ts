import type { PanelData } from "./panel-queries.ts";

const [columns, width, height] = [2, 640, 300];
const plot = { left: 64, top: 44, width: 556, height: 150 } as const;

/** Colours that differ in lightness too. */
const colours = ["#1f4e9c", "#d1730f", "#2b8a3e", "#a61e4d", "#5f3dc4", "#0b7285", "#9c6b00", "#495057"] as const;
/** More names than this do not fit below a graph. */
const namedLines = 8;

/**
 * Graphs of panels in two columns, as an SVG picture: a line for each series, over the seconds since the first sample.
 */
export function plotPanels(
  title: string,
  panels: readonly PanelData[],
  range: { readonly fromSeconds: number; readonly toSeconds: number },
): string {
  const rows = Math.ceil(panels.length / columns);
  const [totalWidth, totalHeight] = [columns * width, rows * height + 40];
  const graphs = panels.map((data, index) => {
    const [x, y] = [(index % columns) * width, Math.floor(index / columns) * height + 40];
    return `<g transform="translate(${x},${y})">${plotPanel(data, range)}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${totalWidth} ${totalHeight}" font-family="sans-serif" font-size="11">
<rect width="100%" height="100%" fill="#fff"/>
<text x="16" y="26" font-size="17" font-weight="bold">${escape(title)}</text>
${graphs.join("\n")}
</svg>
`;
}

function plotPanel(
  { panel, lines }: PanelData,
  { fromSeconds, toSeconds }: { readonly fromSeconds: number; readonly toSeconds: number },
): string {
  const shown = lines.map((line) => ({ ...line, points: line.points.filter(([, value]) => Number.isFinite(value)) }));
  const values = shown.flatMap(({ points }) => points.map(([, value]) => value));
  const lowest = values.reduce((a, b) => Math.min(a, b), 0);
  const highest = values.reduce((a, b) => Math.max(a, b), lowest === 0 ? 1e-3 : 0) * 1.05;
  const x = (seconds: number): number => plot.left + ((seconds - fromSeconds) / (toSeconds - fromSeconds)) * plot.width;
  const y = (value: number): number => plot.top + plot.height - ((value - lowest) / (highest - lowest)) * plot.height;
  const grid = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const value = lowest + part * (highest - lowest);
    const at = round(y(value));
    return `<path d="M${plot.left} ${at}h${plot.width}" stroke="#dee2e6"/><text x="${plot.left - 6}" y="${at + 4}" text-anchor="end">${withUnit(value, panel.unit)}</text>`;
  });
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const seconds = part * (toSeconds - fromSeconds);
    const at = round(x(fromSeconds + seconds));
    return `<text x="${at}" y="${plot.top + plot.height + 14}" text-anchor="middle">${Math.round(seconds)} s</text>`;
  });
  const paths = shown.map(({ points }, index) => {
    const steps = points.map(
      ([seconds, value], step) => `${step === 0 ? "M" : "L"}${round(x(seconds))} ${round(y(value))}`,
    );
    return `<path d="${steps.join("")}" fill="none" stroke="${colourOf(index)}" stroke-width="1.5"/>`;
  });
  const names = shown.slice(0, namedLines).map(({ name }, index) => {
    const [left, top] = [plot.left + (index % 2) * 280, plot.top + plot.height + 32 + Math.floor(index / 2) * 15];
    return `<rect x="${left}" y="${top - 8}" width="12" height="3" fill="${colourOf(index)}"/><text x="${left + 17}" y="${top - 3}">${escape(name.slice(0, 46))}</text>`;
  });
  const more = shown.length > namedLines ? `, ${shown.length} lines` : "";
  return [
    `<text x="${plot.left}" y="18" font-size="13" font-weight="bold">${escape(panel.title)}</text>`,
    `<text x="${plot.left}" y="34" fill="#495057">${escape(panel.about.slice(0, 105))}${more}</text>`,
    ...grid,
    ...ticks,
    ...paths,
    ...names,
  ].join("");
}

function colourOf(index: number): string {
  return colours[index % colours.length] ?? colours[0];
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function withUnit(value: number, unit: string): string {
  if (unit === "percentunit") return `${(value * 100).toPrecision(2)} %`;
  if (unit === "bytes") return `${Math.round(value / 1024 / 1024)} MiB`;
  if (unit === "s" && Math.abs(value) >= 172_800) return `${(value / 86_400).toPrecision(3)} d`;
  const text = Math.abs(value) >= 1_000 ? Math.round(value).toString() : Number(value.toPrecision(2)).toString();
  const suffix = { s: " s", reqps: "/s" }[unit] ?? "";
  return `${text}${suffix}`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
