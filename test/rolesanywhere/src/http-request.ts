/** One request as it arrived; nothing decoded, so that signatures are checked over what was sent. */
export interface HttpRequest {
  readonly method: string;
  /** Path and query, still percent-encoded. */
  readonly target: string;
  /** By lower-case name, one entry per header line. */
  readonly headers: Readonly<Record<string, readonly string[] | undefined>>;
  readonly body: Uint8Array;
}

/** The one value of a header; undefined when absent or given more than once. */
export function header(request: HttpRequest, name: string): string | undefined {
  const values = request.headers[name];
  return values?.length === 1 ? values[0] : undefined;
}

export function path(request: HttpRequest): string {
  return request.target.split("?", 1)[0] ?? "";
}

/** Query parameters in the order sent, decoded. `+` stands for itself, as in the signature's canonical form. */
export function queryParameters(request: HttpRequest): readonly (readonly [name: string, value: string])[] {
  const query = request.target.slice(path(request).length + 1);
  return query
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => {
      const split = pair.includes("=") ? pair.indexOf("=") : pair.length;
      return [percentDecode(pair.slice(0, split)), percentDecode(pair.slice(split + 1))] as const;
    });
}

/** Decoded where it can be, else as it is. */
export function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
