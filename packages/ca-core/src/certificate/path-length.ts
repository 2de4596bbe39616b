/** The highest pathLen (RFC 5280, 4.2.1.9) in what this package reads or writes: no chain is this long. */
export const MAX_PATH_LENGTH = 255;
