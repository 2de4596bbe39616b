import path from "node:path";

/** Names the folder of what a run has built to all of its processes. */
export const builtVariable = "CAPSTAN_BUILT";

/** What lies where in that folder. */
export interface BuiltFiles {
  readonly plugin: string;
  /** Folder of the programs, as the image's. */
  readonly programs: string;
  /** Where Node keeps what it has made of sources (node:module, "Module compile cache"). */
  readonly compileCache: string;
}

export function builtFiles(folder: string): BuiltFiles {
  return {
    plugin: path.join(folder, "kubectl-capstan"),
    programs: path.join(folder, "app"),
    compileCache: path.join(folder, "compile-cache"),
  };
}
