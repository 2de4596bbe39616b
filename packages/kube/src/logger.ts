import { type DestinationStream, destination, type Logger as PinoLogger, pino } from "pino";

/** One JSON object per line. Keys: controller, namespace, name, uid, reconcileId, serial, err. */
export type Logger = PinoLogger;

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

export interface LoggerOptions {
  /** Stands in each line as `program`. */
  readonly program: string;
  /** Default "info". */
  readonly level?: LogLevel;
  /** File descriptor, 2 (stderr) by default, or any sink of whole lines. Written synchronously: nothing is lost at exit. */
  readonly to?: 1 | 2 | DestinationStream;
}

/**
 * A logger that keeps secrets to itself, whatever it is given: fields whose name says that they hold one are blanked at any depth,
 * keys, JSON web tokens and bearer headers are blanked wherever they stand, and of an error only name, code, message, AWS's request id and cause are written.
 */
export function createLogger(options: LoggerOptions): Logger {
  const { program, level = "info", to = 2 } = options;
  const sink = typeof to === "number" ? destination({ dest: to, sync: true }) : to;
  const logger = pino(
    {
      level,
      base: { program },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => blank(fields, 0) as Record<string, unknown>,
      },
      serializers: { err: (error: unknown) => (error instanceof Error ? describeError(error) : error) },
    },
    {
      write(line) {
        sink.write(blankPatterns(line));
      },
    },
  );
  // pino hands the fields of a child to no formatter; children of children inherit this one.
  const child = Reflect.get(logger, "child") as (this: unknown, fields: unknown, options: unknown) => unknown;
  Object.defineProperty(logger, "child", {
    value(this: unknown, fields: unknown, options: unknown) {
      return child.call(this, blank(fields, 0), options);
    },
  });
  return logger;
}

export interface ErrorDescription {
  readonly type: string;
  readonly code: string | number | undefined;
  readonly message: string;
  /** AWS's own id of the call that failed, by which its support and CloudTrail find it. */
  readonly requestId?: string;
  readonly cause?: ErrorDescription;
}

/** A UUID, and nothing that could carry what was sent. */
const requestIdPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What a log may say of an error. No stack, no other fields: they may carry what was sent. */
export function describeError(error: unknown, depth = 0): ErrorDescription {
  if (!(error instanceof Error)) return { type: typeof error, code: undefined, message: "not an Error was thrown" };
  const { code, requestId } = error as { code?: unknown; requestId?: unknown };
  return {
    type: error.name,
    code: typeof code === "string" || typeof code === "number" ? code : undefined,
    message: error.message,
    ...(typeof requestId === "string" && requestIdPattern.test(requestId) ? { requestId } : {}),
    ...(error.cause === undefined || depth >= 3 ? {} : { cause: describeError(error.cause, depth + 1) }),
  };
}

const blanked = "[redacted]";
const secretNames = new Set(["key", "keys", "pem", "csr", "body", "request", "data", "authorization", "headers"]);
const secretEnding = /(?:token|secret|password|passphrase|credentials?|privatekey|tls\.key|key-?data)$/;

function isSecretName(name: string): boolean {
  const lower = name.toLowerCase();
  return secretNames.has(lower) || secretEnding.test(lower);
}

function blank(value: unknown, depth: number): unknown {
  if (value instanceof Error) return describeError(value);
  if (value instanceof Uint8Array) return `[${value.length} bytes]`;
  if (value instanceof Date || typeof value !== "object" || value === null) return value;
  if (depth > 6) return "[deep]";
  if (Array.isArray(value)) return value.map((item) => blank(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, isSecretName(name) ? blanked : blank(item, depth + 1)]),
  );
}

// In a line of JSON a newline is the two characters \n. The last PEM alternative is a block cut short.
const patterns: readonly RegExp[] = [
  /-----BEGIN [A-Z0-9 ]*(?:PRIVATE KEY|CERTIFICATE REQUEST)-----(?:(?!-----END)[^"])*(?:-----END [A-Z0-9 ]+-----)?/g,
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g,
  /\b(?:Bearer|Basic) +[A-Za-z0-9._~+/=-]{8,}/gi,
];

function blankPatterns(line: string): string {
  return patterns.reduce((text, pattern) => text.replace(pattern, blanked), line);
}
