import type { Pacers } from "./pacer.ts";

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

/** What is called of the API, and whose rate it counts toward. @see https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/ */
export const rates: Readonly<Record<OperationName, keyof Pacers>> = {
  ListTrustAnchors: "trustAnchors",
  GetTrustAnchor: "trustAnchors",
  CreateTrustAnchor: "trustAnchors",
  UpdateTrustAnchor: "trustAnchors",
  EnableTrustAnchor: "trustAnchors",
  DisableTrustAnchor: "trustAnchors",
  DeleteTrustAnchor: "trustAnchors",
  // Of these two no rate is documented.
  PutNotificationSettings: "trustAnchors",
  ResetNotificationSettings: "trustAnchors",

  ListCrls: "crls",
  GetCrl: "crls",
  ImportCrl: "crls",
  UpdateCrl: "crls",
  EnableCrl: "crls",
  DeleteCrl: "crls",
};
