import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { KubeClient } from "@capstan/kube";

/** A SubjectAccessReview as it came over the wire. */
export interface Review {
  readonly user: string;
  readonly groups: readonly string[];
  readonly resourceAttributes: Readonly<Record<string, string>>;
}

/** The API server as far as an approval is explained: it reviews access and takes events. */
export interface ReviewServer extends AsyncDisposable {
  readonly client: KubeClient;
  /** Signer names that may be approved for. */
  readonly allowed: Set<string>;
  readonly reviews: Review[];
  /** Notes of the events so far. */
  readonly notes: string[];
  /** HTTP status of every review until it is set to undefined. */
  refuseWith: number | undefined;
}

export async function startReviewServer(): Promise<ReviewServer> {
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of request) chunks.push(chunk as Uint8Array);
      const body = JSON.parse(Buffer.concat(chunks).toString("utf8")) as {
        readonly spec: Review;
        readonly note: string;
      };
      const isReview = request.url === "/apis/authorization.k8s.io/v1/subjectaccessreviews";
      if (isReview) self.reviews.push(body.spec);
      else self.notes.push(body.note);
      const allowed = isReview && self.allowed.has(body.spec.resourceAttributes["name"] ?? "");
      response.writeHead((isReview ? self.refuseWith : undefined) ?? 201, { "content-type": "application/json" });
      response.end(JSON.stringify({ ...body, status: { allowed } }));
    })();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const connection = {
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    namespace: undefined,
    proxyUrl: undefined,
    credentials: () => Promise.resolve({ headers: {}, tls: {} }),
    refuse: () => undefined,
  };
  const self: ReviewServer = {
    client: new KubeClient(connection, { userAgent: "test", retryAfterBudgetMs: 0 }),
    allowed: new Set(),
    reviews: [],
    notes: [],
    refuseWith: undefined,
    async [Symbol.asyncDispose]() {
      await self.client.close();
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
  return self;
}
