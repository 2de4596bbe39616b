import type { PanelData } from "../panel-queries.ts";
import { drawPanel, panelWidth, type Span } from "./draw-panel.ts";
import { ink, text } from "./svg.ts";

const columns = 2;
const gap = 14;

/**
 * A dashboard's panels in two columns, as an SVG picture: a graph for each, over the time since scraping began, with numbered
 * lines where something happened.
 */
export function drawDashboard(title: string, panels: readonly PanelData[], span: Span): string {
  const events = span.events.map(({ what }, index) => `${index + 1} ${what}`);
  const parts = [
    text({ x: 20, y: 30, content: title, size: 19, bold: true }),
    ...(events.length === 0 ? [] : [text({ x: 20, y: 54, content: events.join("  ·  "), fill: ink.faint, size: 13 })]),
  ];
  let top = events.length === 0 ? 44 : 68;
  for (let first = 0; first < panels.length; first += columns) {
    const drawn = panels.slice(first, first + columns).map((data) => drawPanel(data, span));
    parts.push(...drawn.map(({ svg }, column) => `<g transform="translate(${column * panelWidth},${top})">${svg}</g>`));
    top += Math.max(...drawn.map(({ height }) => height)) + gap;
  }
  const width = columns * panelWidth;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${top}" viewBox="0 0 ${width} ${top}" font-family="DejaVu Sans, sans-serif">
<rect width="100%" height="100%" fill="#fff"/>
${parts.join("\n")}
</svg>
`;
}
