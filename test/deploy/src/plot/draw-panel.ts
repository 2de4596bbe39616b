import type { PanelData } from "../panel-queries.ts";
import { type Axis, axisOf, timeAxis } from "./axis.ts";
import { ink, round, text } from "./svg.ts";

/** What is drawn of all that was scraped. */
export interface Span {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  /** Between two points of a line; where more is missing, the line is. */
  readonly stepSeconds: number;
  /** What happened meanwhile. */
  readonly events: readonly { readonly seconds: number; readonly what: string }[];
}

export const panelWidth = 600;
const plot = { left: 62, top: 72, width: 508, height: 128 } as const;

/** Told apart also by who sees colours otherwise (Okabe and Ito), the lightest left out. */
const colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#000000", "#e69f00", "#56b4e9", "#7f4f24"] as const;
/** For those after: the same colours again. */
const dashes = ["", "6 3", "2 3"] as const;

const namedLines = 8;
const mostLanes = 12;
const laneHeight = 20;
/** Letters of a line that are never wider than a panel. */
const aboutLength = 76;

type Line = PanelData["lines"][number];

/** A panel's picture, and its height. */
export function drawPanel({ panel, lines }: PanelData, span: Span): { readonly svg: string; readonly height: number } {
  const shown = lines
    .map((line) => ({ ...line, points: line.points.filter(([, value]) => Number.isFinite(value)) }))
    .filter(({ points }) => points.length > 0);
  // Where not all can be named, those are that go highest.
  if (shown.length > namedLines) shown.sort((a, b) => highestOf(b) - highestOf(a));
  const head = [
    text({ x: plot.left, y: 20, content: panel.title, size: 14, bold: true }),
    ...inLines(panel.about).map((content, index) =>
      text({ x: plot.left, y: 37 + index * 15, content, fill: ink.faint }),
    ),
  ];
  const isOfStates = panel.unit === "short" && hasStates(shown);
  const body = shown.length === 0 ? nothing() : isOfStates ? lanes(shown, span) : graph(shown, panel.unit, span);
  return { svg: [...head, ...body.parts].join(""), height: body.height };
}

interface Body {
  readonly parts: readonly string[];
  readonly height: number;
}

function nothing(): Body {
  return {
    parts: [text({ x: plot.left, y: plot.top + 24, content: "nothing to show", fill: ink.faint })],
    height: 120,
  };
}

/** Lines that are 1 or 0 lie on one another: each gets a lane of its own. */
function hasStates(lines: readonly Line[]): boolean {
  const values = new Set(lines.flatMap(({ points }) => points.map(([, value]) => value)));
  return lines.length <= mostLanes && values.has(1) && [...values].every((value) => value === 0 || value === 1);
}

function lanes(lines: readonly Line[], span: Span): Body {
  const named = 190;
  const { left, width } = { left: plot.left + named, width: plot.width - named };
  const x = scaleOf(span, left, width);
  const height = lines.length * laneHeight;
  const rows = lines.map(({ name, points }, index) => {
    const y = plot.top + index * laneHeight + 4;
    const bars = runsOf(points, span.stepSeconds).map(([from, to]) => {
      const begin = x(Math.max(span.fromSeconds, from - span.stepSeconds / 2));
      const end = x(Math.min(span.toSeconds, to + span.stepSeconds / 2));
      return `<rect x="${round(begin)}" y="${y}" width="${round(end - begin)}" height="${laneHeight - 8}" fill="${colourOf(index)}"/>`;
    });
    return [
      text({ x: left - 10, y: y + 10, content: cut(name, 30), anchor: "end" }),
      `<path d="M${left} ${y + laneHeight / 2 - 4}h${width}" stroke="${ink.grid}"/>`,
      ...bars,
    ].join("");
  });
  return { parts: [...moments(span, x, height), ...rows], height: plot.top + height + 36 };
}

/** From when to when it was 1. */
function runsOf(points: Line["points"], stepSeconds: number): readonly (readonly [number, number])[] {
  const runs: [number, number][] = [];
  for (const [seconds, value] of points) {
    if (value !== 1) continue;
    const last = runs.at(-1);
    if (last !== undefined && seconds - last[1] < 1.5 * stepSeconds) last[1] = seconds;
    else runs.push([seconds, seconds]);
  }
  return runs;
}

function graph(lines: readonly Line[], unit: PanelData["panel"]["unit"], span: Span): Body {
  const axis = axisOf(
    lines.flatMap(({ points }) => points.map(([, value]) => value)),
    unit,
  );
  const x = scaleOf(span, plot.left, plot.width);
  const lowest = Math.min(...axis.ticks);
  const highest = Math.max(...axis.ticks);
  const y = (value: number): number => plot.top + plot.height * (1 - (value - lowest) / (highest - lowest));
  const paths = lines.map(({ points }, index) => {
    const steps = points.map(([seconds, value], at) => {
      const isGap = at === 0 || seconds - (points[at - 1]?.[0] ?? 0) > 1.5 * span.stepSeconds;
      return `${isGap ? "M" : "L"}${round(x(seconds))} ${round(y(value))}`;
    });
    return `<path d="${steps.join("")}" fill="none" stroke="${colourOf(index)}" stroke-width="1.8" stroke-dasharray="${dashOf(index)}"/>`;
  });
  const legend = namesBelow(lines);
  return {
    parts: [...grid(axis, y), ...moments(span, x, plot.height), ...paths, ...legend.parts],
    height: plot.top + plot.height + 36 + legend.height,
  };
}

function grid({ ticks, format }: Axis, y: (value: number) => number): readonly string[] {
  return ticks.map((value) => {
    const at = round(y(value));
    const line = `<path d="M${plot.left} ${at}h${plot.width}" stroke="${value === 0 ? ink.faint : ink.grid}"/>`;
    return line + text({ x: plot.left - 7, y: at + 4, content: format(value), anchor: "end" });
  });
}

function scaleOf({ fromSeconds, toSeconds }: Span, left: number, width: number): (seconds: number) => number {
  return (seconds) => left + ((seconds - fromSeconds) / (toSeconds - fromSeconds)) * width;
}

/** The time axis below, and a line with its number where something happened. */
function moments(
  { fromSeconds, toSeconds, events }: Span,
  x: (seconds: number) => number,
  height: number,
): readonly string[] {
  const seconds = toSeconds - fromSeconds;
  const { ticks, format } = timeAxis(seconds, Math.floor((x(toSeconds) - x(fromSeconds)) / 56));
  return [
    ...ticks.map((tick) =>
      text({ x: x(fromSeconds + tick), y: plot.top + height + 16, content: format(tick), anchor: "middle" }),
    ),
    ...events.map((event, index) => {
      const at = round(x(event.seconds));
      const line = `<path d="M${at} ${plot.top}v${height}" stroke="${ink.faint}" stroke-dasharray="3 3"/>`;
      return line + text({ x: at, y: plot.top - 4, content: String(index + 1), anchor: "middle", fill: ink.faint });
    }),
  ];
}

function namesBelow(lines: readonly Line[]): Body {
  const names = lines.slice(0, namedLines).map(({ name }) => name);
  const rest = lines.length - names.length;
  const columns = names.some((name) => name.length > 36) ? 1 : 2;
  const parts = [...names, ...(rest > 0 ? [`and ${rest} more`] : [])].map((name, index) => {
    const left = plot.left + (index % columns) * (plot.width / columns);
    const top = plot.top + plot.height + 38 + Math.floor(index / columns) * 16;
    const stroke = `<path d="M${left} ${top - 4}h18" stroke="${colourOf(index)}" stroke-width="2.5" stroke-dasharray="${dashOf(index)}"/>`;
    return (index < names.length ? stroke : "") + text({ x: left + 24, y: top, content: cut(name, 72 / columns) });
  });
  return { parts, height: Math.ceil(parts.length / columns) * 16 };
}

function colourOf(index: number): string {
  return colours[index % colours.length] ?? colours[0];
}

function dashOf(index: number): string {
  return dashes[Math.floor(index / colours.length) % dashes.length] ?? "";
}

function highestOf({ points }: Line): number {
  return Math.max(...points.map(([, value]) => value));
}

function inLines(words: string): readonly string[] {
  return words.match(new RegExp(`\\S.{0,${aboutLength}}(?=\\s|$)`, "g")) ?? [];
}

function cut(content: string, length: number): string {
  return content.length <= length ? content : `${content.slice(0, length - 1)}…`;
}
