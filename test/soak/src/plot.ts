import type { GenerationPhase } from "@capstan/ca-core";
import type { PhaseChange } from "./authority-watch.ts";
import type { SessionBucket } from "./tally.ts";

/** What is drawn. All times are milliseconds since 1970 of the run's time. */
export interface Drawing {
  readonly from: number;
  readonly to: number;
  readonly changes: readonly PhaseChange[];
  /** What each trust anchor held, from then on. */
  readonly holdings: readonly {
    readonly at: number;
    readonly anchor: string;
    readonly certificates: number;
    readonly crls: number;
  }[];
  /** Sessions of each minute, by its beginning. */
  readonly buckets: readonly (SessionBucket & { readonly at: number })[];
}

const width = 960;
const left = 110;
const right = 20;
const bandHeight = { generations: 220, anchor: 44, sessions: 90 } as const;
const gap = 34;
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const mostBars = 300;

const colours: Readonly<Partial<Record<GenerationPhase, string>>> = {
  Pending: "#fee391",
  Published: "#9ecae1",
  Active: "#31a354",
  Draining: "#fdae6b",
  Retired: "#bdbdbd",
  Abandoned: "#de2d26",
};

const sessionColours = { accepted: "#c7e9c0", refused: "#de2d26" } as const;

/** Draws generations, what each anchor held, and sessions, one below the other over time: an SVG file. */
export function drawPlot(drawing: Drawing): string {
  const { from, to } = drawing;
  const x = (at: number): number =>
    round(left + (Math.max(0, at - from) / Math.max(1, to - from)) * (width - left - right));
  const anchors = [...new Set(drawing.holdings.map(({ anchor }) => anchor))];
  let top = 60;
  const parts: string[] = [...legend()];
  const band = (height: number, draw: (top: number) => readonly string[]): void => {
    parts.push(...draw(top));
    top += height + gap;
  };
  band(bandHeight.generations, (y) => generations(drawing, x, y));
  for (const anchor of anchors) band(bandHeight.anchor, (y) => holdings(drawing, anchor, x, y));
  band(bandHeight.sessions, (y) => sessions(drawing, x, y));
  parts.push(...hours(drawing, x, top - gap + 14));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top}" font-family="sans-serif" font-size="11">`,
    `<rect width="${width}" height="${top}" fill="white"/>`,
    ...parts,
    "</svg>\n",
  ].join("\n");
}

const lines = {
  certificates: 'stroke="#3182bd" stroke-width="1.5"',
  CRLs: 'stroke="#756bb1" stroke-dasharray="3 2"',
  "what AWS refuses": 'stroke="#de2d26"',
  sessions: 'stroke="#c7e9c0" stroke-width="12"',
  "refused to a valid leaf": 'stroke="#de2d26" stroke-width="12"',
} as const;

function legend(): readonly string[] {
  return [
    ...Object.entries(colours).flatMap(([phase, colour], index) => [
      rect(left + index * 100, 12, 12, 12, colour),
      text(left + index * 100 + 16, 22, phase),
    ]),
    ...Object.entries(lines).flatMap(([name, style], index) => [
      `<path d="M${left + index * 130} 38h20" fill="none" ${style}/>`,
      text(left + index * 130 + 26, 42, name),
    ]),
  ];
}

/** A line for each generation, in the colours of its phases. */
function generations({ changes, to }: Drawing, x: (at: number) => number, top: number): readonly string[] {
  const numbers = [...new Set(changes.map(({ generation }) => generation))].toSorted((one, other) => one - other);
  const step = bandHeight.generations / Math.max(1, numbers.length);
  return [
    label(top + 12, "generation"),
    ...numbers.flatMap((number, index) => {
      const own = changes.filter(({ generation }) => generation === number);
      const y = round(top + index * step);
      const bars = own.flatMap(({ at, phase }, nth) => {
        const colour = colours[phase];
        const end = own[nth + 1]?.at ?? to;
        return colour === undefined
          ? []
          : [rect(x(at), y, Math.max(1, round(x(end) - x(at))), round(Math.max(2, step - 1)), colour)];
      });
      // Of fifty, each fifth is named.
      const isNamed = numbers.length <= 12 || number % 5 === 0;
      return isNamed ? [...bars, text(left - 6, y + Math.min(step, 10), String(number), "end")] : bars;
    }),
  ];
}

/** Two step lines: certificates and, dashed, CRLs. The red line is what must never be reached. */
function holdings(drawing: Drawing, anchor: string, x: (at: number) => number, top: number): readonly string[] {
  const own = drawing.holdings.filter((holding) => holding.anchor === anchor);
  const y = (count: number): number => round(top + bandHeight.anchor * (1 - count / 3));
  const line = (of: (holding: (typeof own)[number]) => number, style: string): string => {
    const points = own.flatMap((holding, index) => [
      `${x(holding.at)},${y(of(holding))}`,
      `${x(own[index + 1]?.at ?? drawing.to)},${y(of(holding))}`,
    ]);
    return `<polyline points="${points.join(" ")}" fill="none" ${style}/>`;
  };
  return [
    label(top + 12, anchor),
    ...[0, 1, 2, 3].map((count) => text(left - 6, y(count) + 4, String(count), "end")),
    `<line x1="${left}" x2="${width - right}" y1="${y(3)}" y2="${y(3)}" ${lines["what AWS refuses"]}/>`,
    line(({ certificates }) => certificates, lines.certificates),
    line(({ crls }) => crls, lines.CRLs),
  ];
}

/** Sessions in a few minutes, and in red those that were refused to a valid leaf. */
function sessions(drawing: Drawing, x: (at: number) => number, top: number): readonly string[] {
  const { minutes, buckets } = gathered(drawing);
  const most = Math.max(1, ...buckets.map(({ accepted, refused }) => accepted + refused));
  const height = (count: number): number => round((bandHeight.sessions * count) / most);
  const bottom = top + bandHeight.sessions;
  return [
    label(top + 24, "sessions"),
    label(top + 38, `in ${minutes} min`),
    text(left - 6, top + 4, String(most), "end"),
    text(left - 6, bottom, "0", "end"),
    ...buckets.flatMap(({ at, accepted, refused }) => {
      const barWidth = Math.max(1, round(x(at + minutes * minuteMs) - x(at)));
      // However few, they are seen.
      const red = refused === 0 ? 0 : Math.max(6, height(refused));
      return [
        rect(x(at), bottom - height(accepted), barWidth, height(accepted), sessionColours.accepted),
        ...(red === 0 ? [] : [rect(x(at), bottom - red, barWidth, red, sessionColours.refused)]),
      ];
    }),
  ];
}

/** As many bars as the picture has room for. */
function gathered({ from, to, buckets }: Drawing): {
  readonly minutes: number;
  readonly buckets: readonly (SessionBucket & { readonly at: number })[];
} {
  const minutes = Math.max(1, Math.ceil((to - from) / minuteMs / mostBars));
  const sums = new Map<number, SessionBucket>();
  for (const { at, accepted, refused } of buckets) {
    const begin = from + Math.max(0, Math.floor((at - from) / (minutes * minuteMs))) * minutes * minuteMs;
    const sum = sums.get(begin) ?? { accepted: 0, refused: 0 };
    sums.set(begin, { accepted: sum.accepted + accepted, refused: sum.refused + refused });
  }
  return { minutes, buckets: [...sums].map(([at, sum]) => ({ at, ...sum })) };
}

function hours({ from, to }: Drawing, x: (at: number) => number, top: number): readonly string[] {
  const every = [1, 2, 5, 10, 20, 50].find((step) => (to - from) / hourMs / step <= 16) ?? 100;
  const count = Math.floor((to - from) / hourMs / every);
  return Array.from({ length: count + 1 }, (_, index) =>
    text(x(from + index * every * hourMs), top, `${index * every} h`, "middle"),
  );
}

function label(y: number, content: string): string {
  return text(4, y, content);
}

function text(x: number, y: number, content: string, anchor = "start"): string {
  const safe = content.replace(/[<>&]/g, "");
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${safe}</text>`;
}

function rect(x: number, y: number, w: number, h: number, fill: string): string {
  return `<rect x="${round(x)}" y="${round(y)}" width="${w}" height="${h}" fill="${fill}"/>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
