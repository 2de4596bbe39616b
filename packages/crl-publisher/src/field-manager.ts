/** Who writes status in server-side apply. Constant: what a manager sent before and leaves out now is removed. */
export const fieldManager = "capstan-crl-publisher";
