export type { AccessKey } from "./credential-store.ts";
export type { InjectedFault } from "./fault-injector.ts";
export { type Effect, type Fault, type FaultRule, FAULTS } from "./faults.ts";
export { type Interference, INTERFERENCES } from "./interference.ts";
export { type Emulator, type EmulatorOptions, type Place, type RequestRecord, startEmulator } from "./emulator.ts";
export type { Quotas, Rate } from "./quotas.ts";
export { type AccountSeed, type ProfileSeed, readSeed, type RoleSeed, type Seed, SeedError } from "./seed.ts";
export { UNKNOWNS, type Unknowns, UnknownsError } from "./unknowns.ts";
