const MAX_SHOWN = 80;

/**
 * A value from outside, fit for a log line or a status message: quoted, cut, and with everything but printable ASCII
 * escaped, so that it can neither forge a line nor steer a terminal.
 *
 * @example
 * quote("two\nlines") // "\"two\\nlines\""
 */
export function quote(value: string): string {
  const shown = value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}…` : value;
  return JSON.stringify(shown).replaceAll(/[^ -~…]/g, escapeUnit);
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
