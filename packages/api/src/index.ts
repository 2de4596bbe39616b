export * from "./custom-resource.ts";
export { DurationError, formatDuration, parseDuration } from "./duration.ts";
export * from "./generated/index.ts";
export * from "./names.ts";
export * from "./reasons.ts";
