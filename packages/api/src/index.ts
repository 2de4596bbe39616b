export * from "./custom-resource.ts";
export * from "./generated/index.ts";
export * from "./names.ts";
export * from "./reasons.ts";
