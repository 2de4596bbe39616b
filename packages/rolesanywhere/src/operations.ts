import type { SignableRequest } from "./canonical-request.ts";
import type { Pacers } from "./pacer.ts";

export interface Operation {
  readonly method: SignableRequest["method"];
  /** With `{id}` for the id of the resource. */
  readonly path: string;
  /** Whose rate it counts toward. */
  readonly rate: keyof Pacers;
}

export type OperationName =
  | "ListTrustAnchors"
  | "GetTrustAnchor"
  | "CreateTrustAnchor"
  | "UpdateTrustAnchor"
  | "EnableTrustAnchor"
  | "DisableTrustAnchor"
  | "DeleteTrustAnchor"
  | "PutNotificationSettings"
  | "ResetNotificationSettings"
  | "ListCrls"
  | "GetCrl"
  | "ImportCrl"
  | "UpdateCrl"
  | "EnableCrl"
  | "DeleteCrl";

/** What is called of the API. @see https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/ */
export const operations: Readonly<Record<OperationName, Operation>> = {
  ListTrustAnchors: { method: "GET", path: "/trustanchors", rate: "trustAnchors" },
  GetTrustAnchor: { method: "GET", path: "/trustanchor/{id}", rate: "trustAnchors" },
  CreateTrustAnchor: { method: "POST", path: "/trustanchors", rate: "trustAnchors" },
  UpdateTrustAnchor: { method: "PATCH", path: "/trustanchor/{id}", rate: "trustAnchors" },
  EnableTrustAnchor: { method: "POST", path: "/trustanchor/{id}/enable", rate: "trustAnchors" },
  DisableTrustAnchor: { method: "POST", path: "/trustanchor/{id}/disable", rate: "trustAnchors" },
  DeleteTrustAnchor: { method: "DELETE", path: "/trustanchor/{id}", rate: "trustAnchors" },
  // Of these two no rate is documented.
  PutNotificationSettings: { method: "PATCH", path: "/put-notifications-settings", rate: "trustAnchors" },
  ResetNotificationSettings: { method: "PATCH", path: "/reset-notifications-settings", rate: "trustAnchors" },

  ListCrls: { method: "GET", path: "/crls", rate: "crls" },
  GetCrl: { method: "GET", path: "/crl/{id}", rate: "crls" },
  ImportCrl: { method: "POST", path: "/crls", rate: "crls" },
  UpdateCrl: { method: "PATCH", path: "/crl/{id}", rate: "crls" },
  EnableCrl: { method: "POST", path: "/crl/{id}/enable", rate: "crls" },
  DeleteCrl: { method: "DELETE", path: "/crl/{id}", rate: "crls" },
};
