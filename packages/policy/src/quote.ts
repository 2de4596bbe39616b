const maxShown = 80;

/**
 * A requester's text in a message: quoted, cut, and with everything but printable ASCII escaped, so that it can neither
 * forge a line nor steer a terminal.
 */
export function quote(value: string): string {
  const shown = value.length > maxShown ? `${value.slice(0, maxShown)}...` : value;
  return JSON.stringify(shown).replaceAll(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
