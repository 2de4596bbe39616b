import type { Case } from "./case.ts";
import { caseOf, longerThanASoakMs, pass, type Trouble, untilPhases, untilSaid, type Words } from "./trouble.ts";
import { minuteMs } from "./world.ts";

const dayMs = 86_400_000;
const untrusted: Words = { condition: "Rotating", text: /TimeUntrusted/ };

/** The publisher's own clock is wrong; the API server's and AWS's are right. */
const TROUBLES: readonly Trouble[] = [
  {
    name: "its clock is a day ahead before it begins",
    before: async (world) => {
      await world.setClockError(dayMs);
      await untilSaid(world, untrusted);
    },
    lastsMs: longerThanASoakMs,
    stays: "1 Active",
    ends: (world) => world.setClockError(0),
  },
  {
    name: "its clock jumps a day ahead in the soak",
    at: "1 Active, 2 Published",
    when: (world) => world.setClockError(dayMs),
    says: untrusted,
    lastsMs: longerThanASoakMs,
    stays: "1 Active, 2 Published",
    ends: (world) => world.setClockError(0),
  },
  {
    name: "its clock jumps a day back in the soak",
    at: "1 Active, 2 Published",
    when: (world) => world.setClockError(-dayMs),
    says: untrusted,
    lastsMs: longerThanASoakMs,
    stays: "1 Active, 2 Published",
    ends: (world) => world.setClockError(0),
  },
  {
    name: "its clock stands still in the soak",
    at: "1 Active, 2 Published",
    when: (world) => world.setClockError("frozen"),
    lastsMs: 15 * minuteMs,
    stays: "1 Active, 2 Published",
    ends: (world) => world.setClockError(0),
  },
  {
    name: "its clock jumps a day ahead in the drain",
    at: "1 Draining, 2 Active",
    when: (world) => world.setClockError(dayMs),
    says: untrusted,
    lastsMs: 5 * minuteMs,
    stays: "1 Draining, 2 Active",
    ends: (world) => world.setClockError(0),
    until: "1 Retired, 2 Active",
  },
  {
    name: "its clock is four minutes ahead",
    before: (world) => world.setClockError(4 * minuteMs),
    until: "1 Retired, 2 Active",
  },
  {
    name: "its clock is four minutes behind",
    before: (world) => world.setClockError(-4 * minuteMs),
    until: "1 Retired, 2 Active",
  },
  {
    name: "AWS's Date is an hour ahead in the drain",
    at: "1 Draining, 2 Active",
    when: (world) => void world.aws.emulator.injectFault({ fault: { kind: "date-header", skewMs: 3_600_000 } }),
    says: untrusted,
    lastsMs: 5 * minuteMs,
    stays: "1 Draining, 2 Active",
    ends: (world) => world.aws.emulator.removeFaults(),
    until: "1 Retired, 2 Active",
  },
];

/** Nothing of ours reads local time. */
const timeZone: Case = {
  name: "C03: the time zone is one of daylight saving time",
  world: { environment: { TZ: "America/St_Johns" } },
  run: async (world) => {
    await world.order({ kind: "Rotate" });
    await untilPhases(world, "1 Draining, 2 Active");
    await pass(world, minuteMs);
    return undefined;
  },
};

export const clockCases: readonly Case[] = [
  ...TROUBLES.map((row) => caseOf({ ...row, name: `C03: ${row.name}` })),
  timeZone,
];
