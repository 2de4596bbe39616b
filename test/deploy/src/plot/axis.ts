import type { Panel } from "@capstan/tools/dashboards";

type Unit = Panel["unit"];

/** Values that lines of an axis stand at, from the lowest to the highest, and what they are called. */
export interface Axis {
  readonly ticks: readonly number[];
  readonly format: (value: number) => string;
}

const [minute, hour, day] = [60, 3_600, 86_400];

/** Steps that a clock has; below a second and above a day they are those of other numbers. */
const clockSteps = [
  1,
  2,
  5,
  10,
  15,
  30,
  ...[1, 2, 5, 10, 15, 30].map((n) => n * minute),
  ...[1, 2, 3, 6, 12].map((n) => n * hour),
];

const mebibyte = 1024 ** 2;

/**
 * A value axis with at most five steps of round numbers that holds all values, and 0.
 *
 * @example
 * axisOf([0, 7], "short").ticks; // [0, 2, 4, 6, 8]
 */
export function axisOf(values: readonly number[], unit: Unit): Axis {
  const lowest = Math.min(0, ...values);
  const highest = Math.max(0, ...values);
  const top = highest > lowest ? highest : lowest + leastRange[unit];
  return axis(lowest, top, stepOf((top - lowest) / 5, unit), (value, step) => formatValue(value, unit, step));
}

/** How high an axis is at least that has nothing but zeros. */
const leastRange: Readonly<Record<Unit, number>> = { short: 1, s: 1, percentunit: 0.01, reqps: 1, bytes: mebibyte };

/** The axis of elapsed time: at most so many steps that a clock has. */
export function timeAxis(seconds: number, most: number): Axis {
  const step = stepOf(seconds / most, "s");
  const { ticks } = axis(0, seconds, step, String);
  return { ticks: ticks.filter((tick) => tick <= seconds), format: (value) => formatClock(value, step) };
}

function axis(lowest: number, highest: number, step: number, format: (value: number, step: number) => string): Axis {
  const first = Math.floor(lowest / step + 1e-9);
  const last = Math.ceil(highest / step - 1e-9);
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
  return { ticks, format: (value) => format(value, step) };
}

function stepOf(least: number, unit: Unit): number {
  if (unit === "bytes") return mebibyte * Math.max(1, 2 ** Math.ceil(Math.log2(least / mebibyte)));
  if (unit === "s" && least > 0.5 && least <= 12 * hour) return clockSteps.find((step) => step >= least) ?? day;
  if (unit === "s" && least > 12 * hour) return day * roundStep(least / day);
  return roundStep(least);
}

function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((n) => n * power).find((step) => step >= least * 0.999) ?? 10 * power;
}

function formatValue(value: number, unit: Unit, step: number): string {
  if (unit === "bytes") return `${value / mebibyte} MiB`;
  if (unit === "percentunit") return `${decimal(value * 100, step * 100)} %`;
  if (unit === "reqps") return `${decimal(value, step)}/s`;
  return unit === "s" ? formatClock(value, step) : decimal(value, step);
}

/** In the biggest unit that the step is a whole number of. */
function formatClock(seconds: number, step: number): string {
  if (seconds === 0) return "0";
  if (step < 0.1) return `${decimal(seconds * 1000, step * 1000)} ms`;
  if (step < minute) return `${decimal(seconds, step)} s`;
  if (step < hour) return `${Math.round(seconds / minute)} min`;
  if (step < day) return `${decimal(seconds / hour, step / hour)} h`;
  return `${decimal(seconds / day, step / day)} d`;
}

function decimal(value: number, step: number): string {
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return value.toFixed(Math.min(digits, 6));
}
