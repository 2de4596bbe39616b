export type { ExpiredCrlMode } from "./account.ts";
export type { AccessKey } from "./credential-store.ts";
export { type Emulator, type EmulatorOptions, type RequestRecord, startEmulator } from "./emulator.ts";
export { type ProfileSeed, readSeed, type RoleSeed, type Seed, SeedError } from "./seed.ts";
