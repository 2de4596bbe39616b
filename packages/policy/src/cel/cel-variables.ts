/**
 * What expressions can speak of, as they name it. Plain data: it goes to another thread. A text that is not there is empty.
 */
export interface CelInput {
  readonly request: {
    readonly commonName: string;
    readonly organizations: readonly string[];
    readonly organizationalUnits: readonly string[];
    readonly countries: readonly string[];
    readonly provinces: readonly string[];
    readonly localities: readonly string[];
    /** Further attributes, by dotted object identifier (serialNumber by name); of several of a type the values in order. */
    readonly otherAttributes: Readonly<Record<string, readonly string[]>>;
    readonly dnsNames: readonly string[];
    readonly ipAddresses: readonly string[];
    readonly emailAddresses: readonly string[];
    readonly uris: readonly string[];
    /** Texts by object identifier; a value that is no text is empty. */
    readonly otherNames: Readonly<Record<string, readonly string[]>>;
    readonly usages: readonly string[];
    /** Milliseconds; a duration in expressions. */
    readonly duration: number;
    readonly keyAlgorithm: string;
    readonly isCA: boolean;
  };
  readonly requester: {
    readonly namespace: string;
    readonly namespaceLabels: Readonly<Record<string, string>>;
    readonly serviceAccount: string;
    readonly podName: string;
    readonly username: string;
    readonly groups: readonly string[];
  };
}

/** The same members with their CEL types. */
export const celTypes: {
  readonly [variable in keyof CelInput]: { readonly [field in keyof CelInput[variable]]: string };
} = {
  request: {
    commonName: "string",
    organizations: "list<string>",
    organizationalUnits: "list<string>",
    countries: "list<string>",
    provinces: "list<string>",
    localities: "list<string>",
    otherAttributes: "map<string, list<string>>",
    dnsNames: "list<string>",
    ipAddresses: "list<string>",
    emailAddresses: "list<string>",
    uris: "list<string>",
    otherNames: "map<string, list<string>>",
    usages: "list<string>",
    duration: "google.protobuf.Duration",
    keyAlgorithm: "string",
    isCA: "bool",
  },
  requester: {
    namespace: "string",
    namespaceLabels: "map<string, string>",
    serviceAccount: "string",
    podName: "string",
    username: "string",
    groups: "list<string>",
  },
};
