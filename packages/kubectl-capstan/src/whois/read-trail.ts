import { PluginError } from "../exit-code.ts";

/**
 * Events out of CloudTrail's text: one event, `{"Records":[…]}` as CloudTrail writes its files, `{"Events":[…]}` as
 * `aws cloudtrail lookup-events` prints them, an array of events, or any of these a line.
 *
 * @param where what to name in the error
 * @throws {PluginError} for what is no JSON
 */
export function readTrail(text: string, where: string): readonly unknown[] {
  const whole = parseOrNone(text);
  if (whole !== undefined) return eventsOf(whole.value);
  return text.split("\n").flatMap((line, index) => {
    if (line.trim() === "") return [];
    const parsed = parseOrNone(line);
    if (parsed === undefined) {
      throw new PluginError(
        `${where}, line ${index + 1}: no JSON: give CloudTrail's events, one a line or as {"Records":[…]}`,
      );
    }
    return eventsOf(parsed.value);
  });
}

function eventsOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value.flatMap(eventsOf);
  if (typeof value !== "object" || value === null) return [];
  const { Records: records, Events: found, CloudTrailEvent: quoted } = value as Readonly<Record<string, unknown>>;
  if (Array.isArray(records)) return records.flatMap(eventsOf);
  if (Array.isArray(found)) return found.flatMap(eventsOf);
  if (typeof quoted === "string") return eventsOf(parseOrNone(quoted)?.value);
  return [value];
}

function parseOrNone(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}
