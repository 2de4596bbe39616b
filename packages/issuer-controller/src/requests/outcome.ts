import type { failureReasons } from "@capstan/api";

export type FailureReason = (typeof failureReasons)[keyof typeof failureReasons];

/** What a request is told. Each kind of request has its own words for it. */
export type Outcome =
  /** It waits, and is looked at again. */
  | {
      readonly is: "Pending";
      readonly message: string;
      /** It will fail unless somebody acts. */
      readonly isWarning?: boolean;
    }
  | { readonly is: "Denied"; readonly message: string }
  | {
      readonly is: "Failed";
      readonly message: string;
      /** Left out: another controller said why. */
      readonly reason?: FailureReason;
    }
  | {
      readonly is: "Issued";
      readonly message: string;
      /** PEM of the leaf. */
      readonly certificate: string;
      /** PEM of the root that signed it. */
      readonly ca: string;
    };
