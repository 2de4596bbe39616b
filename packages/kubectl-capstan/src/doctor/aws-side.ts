/** What of AWS is looked at, and by what. */
export interface AwsSide {
  readonly region: string;
}
