/** The name that kubectl looks up on the PATH. */
export const completionFile = "kubectl_complete-capstan";

/** What it has to hold. */
export const completionScript: string = `#!/bin/sh
# Completes "kubectl capstan". Save it on the PATH as ${completionFile}, executable.
exec kubectl capstan __complete "$@"
`;
