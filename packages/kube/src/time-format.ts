/** metav1.Time: RFC 3339 in UTC with whole seconds. Milliseconds would be stored in custom resources, and cut off by Go clients. */
export function formatTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
}

/** metav1.MicroTime: exactly six decimals. With three the API server answers 400. */
export function formatMicroTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace("Z", "000Z");
}
