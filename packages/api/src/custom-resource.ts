/** Where the API server serves a kind of ours. */
export interface CustomResource<Kind extends string = string> {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: Kind;
  readonly namespaced: boolean;
}

/** What every object of ours carries beside its spec and status, as raw JSON: times are RFC 3339 strings. */
export interface CustomObject<Kind extends string = string> {
  readonly apiVersion: string;
  readonly kind: Kind;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
  };
}

/** A metav1.Condition. */
export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message?: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number;
}
