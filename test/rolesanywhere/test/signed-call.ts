import { ListCrlsCommand, type RolesAnywhereClient } from "@aws-sdk/client-rolesanywhere";

// Operations that this version of AWS's client does not know, still signed by its own signer.

export interface SignedCall {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

export interface SignedResult {
  readonly status: number;
  /** The `x-amzn-errortype`, undefined for success. */
  readonly error: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
}

interface WireRequest {
  method: string;
  path: string;
  query: Record<string, string>;
  body: unknown;
  headers: Record<string, string>;
}

/** Sends a request with the client's signature and answers what came back, refusals included. */
export async function signedCall(client: RolesAnywhereClient, call: SignedCall): Promise<SignedResult> {
  const command = new ListCrlsCommand({});
  let seen: SignedResult | undefined;
  command.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as WireRequest;
      const body = call.body === undefined ? "" : JSON.stringify(call.body);
      request.method = call.method;
      request.path = call.path;
      request.query = {};
      request.body = body;
      request.headers["content-type"] = "application/json";
      request.headers["content-length"] = String(Buffer.byteLength(body));
      return next(args);
    },
    { step: "build", priority: "low" },
  );
  command.middlewareStack.add(
    (next) => async (args) => {
      const outcome = await next(args);
      const { statusCode, headers, body } = outcome.response as {
        readonly statusCode: number;
        readonly headers: Record<string, string>;
        body: AsyncIterable<Uint8Array>;
      };
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString();
      seen = {
        status: statusCode,
        error: headers["x-amzn-errortype"],
        body: JSON.parse(text === "" ? "{}" : text) as Readonly<Record<string, unknown>>,
        headers,
      };
      // What the client makes of a shape that it does not expect is of no interest.
      (outcome.response as { body: unknown }).body = Buffer.from("{}");
      return outcome;
    },
    { step: "deserialize", priority: "low" },
  );
  await client.send(command).catch((error: unknown) => {
    if (seen === undefined) throw error;
  });
  if (seen === undefined) throw new Error("nothing was answered");
  return seen;
}
