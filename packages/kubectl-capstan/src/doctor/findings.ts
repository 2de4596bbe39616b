/**
 * Every finding, by its stable id: what it means in general, and what cures it; each finding itself says more of its own
 * case. The table in docs/operate/doctor.md is made of this one.
 */
export const findings = {
  "clock-skew-api-server": {
    means:
      "This computer's clock and the API server's differ by over a minute: ages and expiries are misjudged by one of them",
    cure: "Synchronize the clock that is wrong (NTP)",
  },
  "capstan-crds-missing": {
    means: "The API server does not serve Capstan's kinds, or not all of them",
    cure: "Install the custom resource definitions of this release: `kubectl apply --server-side -k packages/api/crds`, or the chart",
  },
  "capstan-crds-outdated": {
    means: "The custom resource definitions are of an older release: the API server drops fields that this one writes",
    cure: "Apply the custom resource definitions of this release, as an upgrade of the chart does unless `crds.enabled` is false",
  },
  "cert-manager-missing": {
    means: "The API server does not serve cert-manager's kinds",
    cure: "Install cert-manager",
  },
  "cert-manager-webhook-fault": {
    means:
      "cert-manager's webhooks are missing or can be passed by, so anybody could write anybody's name into a request; every issuer is not Ready",
    cure: "Restore the webhook configurations of cert-manager's chart, in the version that is installed",
  },
  "cert-manager-webhook-unreachable": {
    means: "The API server cannot call cert-manager's webhook: no request can be created, approved or answered",
    cure: "See that cert-manager's webhook runs, that its Service and network policies let the API server reach it, and that its caBundle is its own",
  },
  "namespace-hidden-from-webhooks": {
    means: "The authority issues to a namespace that cert-manager's webhooks skip: requests there are refused",
    cure: "Take the label away that the webhooks' namespaceSelector skips",
  },
  "approver-right-missing": {
    means:
      "Nobody may approve requests for Capstan's issuers: they stay unapproved for ever, with nothing in their status",
    cure: "Of a Helm release: name the account that approves in the chart's value `approverRole.subjects`. Else add it to the subjects of deploy/manifests/cert-manager-approval.yaml by `kubectl auth reconcile`, which takes the right from nobody",
  },
  "csi-token-requests-missing": {
    means: "An issuer demands the pod's own service account, and csi-driver asks in its own name",
    cure: "Install csi-driver with `app.driver.useTokenRequest=true`",
  },
  "csi-account-right-missing": {
    means:
      "With token requests csi-driver asks in the pod's name, and the pod's service account may not create CertificateRequests",
    cure: "Bind a Role with create on certificaterequests.cert-manager.io to the service account",
  },
  "capstan-pod-fails": {
    means: "A pod of Capstan's does not start or does not stay up",
    cure: "Read its events and log: `kubectl describe pod`, `kubectl logs --previous`",
  },
  "controller-right-missing": {
    means: "A program of Capstan's lacks a right that its manifests give it",
    cure: "Of a Helm release: `helm upgrade` with `--reuse-values`. Else `kubectl auth reconcile -f` the program's one file of deploy/manifests, not the whole folder, which would reset your Deployments",
  },
  "no-leader": {
    means: "Nobody holds a program's lease, or its holder has stopped renewing it: the program does not work",
    cure: "See that its pods run: `kubectl get pods -n capstan-system`, `kubectl logs deployment/NAME -n capstan-system`",
  },
  "admission-policy-missing": {
    means:
      "A ValidatingAdmissionPolicy of Capstan's or its binding is missing or does not deny: who ordered what can be forged",
    cure: "Of a Helm release: `helm upgrade` with `--reuse-values`. Else `kubectl apply` the policy's one file of deploy/manifests, not the whole folder, which would reset your Deployments",
  },
  "no-authority": {
    means: "There is no CertificateAuthority, so nothing can be issued",
    cure: "Create a CertificateAuthority: deploy/examples/02-certificate-authority.yaml",
  },
  "authority-being-deleted": {
    means:
      "The CertificateAuthority is being deleted; its finalizer holds it until nothing that it has issued is valid",
    cure: "Wait, or `kubectl capstan release CA --aws keep`",
  },
  "authority-not-handled": {
    means: "The publisher has not handled the authority, or not its newest spec",
    cure: "Read the publisher's log",
  },
  "key-missing": {
    means: "The key of the active generation cannot be used: its Secret is missing or is another one",
    cure: "Restore the Secret from your backup, or replace the generation: `kubectl capstan rotate CA`, by which nobody is refused",
  },
  "authority-frozen": {
    means: "Issuing is held by an order, or by a compromised generation",
    cure: "`kubectl capstan unfreeze CA` once the reason is gone",
  },
  "authority-not-ready": {
    means: "The authority does not issue, for the reason that its Ready condition names",
    cure: "As the condition's message says",
  },
  "root-expired": {
    means: "The root of the active generation has ended: nothing that it signed is accepted",
    cure: "Replace the generation: `kubectl capstan rotate CA`, and find out why it was not replaced by itself",
  },
  "rotation-overdue": {
    means: "The next generation should have been begun, and was not",
    cure: "See what the Rotating condition waits for",
  },
  "rotation-stuck": {
    means: "A generation is being introduced for longer than its deadline, or waits for somebody",
    cure: "See what the Rotating condition waits for",
  },
  "anchor-unread": {
    means: "The publisher has never read the trust anchor: it has no credentials there, or it does not exist yet",
    cure: "Give the publisher its role (`kubectl capstan aws-setup`), or the ARN of an existing trust anchor",
  },
  "anchor-missing": {
    means: "The trust anchor does not exist in AWS",
    cure: "Let Capstan create it (create: true) or name another one (arn)",
  },
  "anchor-disabled": {
    means: "The trust anchor is disabled in AWS: no session starts under it",
    cure: "Where an operator ordered it: `kubectl capstan unfreeze CA --anchor NAME` once the reason is gone. Else enable it: `aws rolesanywhere enable-trust-anchor`",
  },
  "anchor-not-a-bundle": {
    means: "The trust anchor's source is no certificate bundle, which Capstan cannot manage",
    cure: "Name a trust anchor of type CERTIFICATE_BUNDLE in spec.trustAnchors",
  },
  "anchor-drift": {
    means:
      "The trust anchor holds a certificate that nobody here knows: it may be an attack, and the rotation stands still",
    cure: "Find out in CloudTrail (UpdateTrustAnchor) who added it; remove it, or declare it in foreignRoots",
  },
  "anchor-settings-changed": {
    means: "Somebody changed the notifications or the name of a trust anchor that Capstan made",
    cure: "Find out in CloudTrail who did, and keep Terraform or CloudFormation from managing what Capstan does. Notifications are put back by themselves, the name is not",
  },
  "anchor-not-joined": {
    means: "The trust anchor was not read back with the roots that it should hold",
    cure: "As the anchor's message says",
  },
  "anchor-read-back-old": {
    means: "The trust anchor was not read back for long: what status says of it may be wrong",
    cure: "Read the publisher's log: credentials, network, throttling",
  },
  "aws-unreachable-for-publisher": {
    means: "The publisher does not reach AWS, or AWS refuses its credentials",
    cure: "Check the publisher's role, its network, proxy and CA bundle",
  },
  "crl-stale": {
    means: "A CRL was not made anew for hours: what was revoked since may still be accepted",
    cure: "Read the publisher's log",
  },
  "crl-expired": {
    means: "A CRL's nextUpdate has passed; what AWS makes of such a list is not documented",
    cure: "Get the publisher to run; it makes a new one at once",
  },
  "crl-filling": {
    means: "A CRL is almost as large as AWS takes, or full: further revocations wait",
    cure: "Replace the generation (`kubectl capstan rotate CA`), or let entries expire",
  },
  "anchor-crl-behind": {
    means: "A trust anchor still has an older CRL than the one that was made",
    cure: "Read the publisher's log: CRL rights in AWS, throttling",
  },
  "revocation-waiting": {
    means: "A revocation was ordered minutes ago and is not in force everywhere",
    cure: "`kubectl capstan status` shows what it waits for",
  },
  "issuer-not-handled": {
    means: "The issuer controller has not looked at the issuer, or not at its newest spec",
    cure: "Read the issuer controller's log",
  },
  "issuer-authority-missing": {
    means: "The issuer names a CertificateAuthority that does not exist",
    cure: "Correct spec.caRef.name, or create the authority",
  },
  "issuer-policy-invalid": {
    means: "The issuer's policy contradicts itself, its profile or its authority: it issues nothing",
    cure: "Correct the fields that its Ready condition names",
  },
  "issuer-not-ready": {
    means: "The issuer issues nothing, for the reason that its Ready condition names",
    cure: "As the condition's message says",
  },
  "request-unapproved": {
    means: "A request waits for an approver",
    cure: "`cmctl approve`, or see to the approver",
  },
  "request-waiting": {
    means: "An approved request is not answered",
    cure: "As its Ready condition says",
  },
  "request-failed": {
    means: "A request was refused, and nothing was issued for the same Certificate since",
    cure: "Correct what its Ready condition names, then `kubectl capstan retry` its Certificate, or create a request without one anew; `kubectl capstan check` tells before",
  },
  "ledger-filling": {
    means: "The ledger is near its limit, or will be at the present rate: at the limit requests wait",
    cure: "Issue for longer, to fewer, or raise --ledger-limit with etcd's and the API server's memory in view",
  },
  "helper-serves-empty-credentials": {
    means:
      "A pod runs a version of aws_signing_helper whose serve mode answers with empty credentials when AWS refuses",
    cure: "Use a release after 1.8.0 that fails at its start, or credential-process",
  },
  "clock-skew-aws": {
    means: "This computer's clock and AWS's differ by over a minute: from five minutes on AWS refuses signatures",
    cure: "Synchronize the clock (NTP)",
  },
  "aws-unreachable": {
    means: "AWS does not answer from this computer, or something before it answers in its place",
    cure: "Check the network, HTTPS_PROXY, AWS_CA_BUNDLE and AWS_ENDPOINT_URL",
  },
  "anchor-lacks-root": {
    means: "The trust anchor does not hold the root of the active generation: AWS refuses every leaf of it",
    cure: "The publisher puts it back within minutes if it may; read its log",
  },
  "aws-crl-missing": {
    means: "A generation's CRL is not imported for the trust anchor: AWS accepts revoked leaves",
    cure: "Read the publisher's log; if a stranger's CRL takes the place, delete that one",
  },
  "aws-crl-disabled": {
    means: "A generation's CRL is disabled in AWS: revoked leaves are accepted",
    cure: "Enable it: `aws rolesanywhere enable-crl`",
  },
  "notifications-noisy": {
    means: "AWS warns daily of every leaf in use, since each ends within the warning's threshold",
    cure: "Disable END_ENTITY_CERTIFICATE_EXPIRY: `aws rolesanywhere put-notification-settings`",
  },
  "profile-missing": {
    means: "The profile does not exist in the trust anchor's account and region",
    cure: "Create it, or name another one",
  },
  "profile-disabled": {
    means: "The profile is disabled: no session starts by it",
    cure: "Enable it: `aws rolesanywhere enable-profile`",
  },
  "profile-lacks-role": {
    means: 'The profile does not list the role; AWS says "Unable to assume role"',
    cure: "Add the role: `aws rolesanywhere update-profile --role-arns`",
  },
  "role-missing": {
    means: 'The role does not exist; AWS says "Unable to assume role"',
    cure: "Create the role",
  },
  "role-principal-missing": {
    means:
      'The role\'s trust policy does not allow the principal rolesanywhere.amazonaws.com; AWS says "Unable to assume role"',
    cure: "Add the principal to the trust policy",
  },
  "role-action-missing": {
    means:
      'The trust policy lacks sts:AssumeRole, sts:TagSession or sts:SetSourceIdentity; AWS says "Unable to assume role"',
    cure: "Allow all three",
  },
  "role-source-arn": {
    means: "The trust policy wants another trust anchor or account in aws:SourceArn or aws:SourceAccount",
    cure: "Write the trust anchor's ARN there",
  },
  "role-condition": {
    means: "A condition of the trust policy on the leaf's attributes does not hold for this leaf",
    cure: "Correct the condition, or the names of the Certificate",
  },
  "role-denies": {
    means: "A Deny statement of the trust policy matches the session",
    cure: "Narrow the statement's condition",
  },
  "session-duration-too-long": {
    means:
      "The profile's session duration is over the role's MaxSessionDuration: who asks for nothing shorter is refused",
    cure: "Raise the role's MaxSessionDuration, or lower the profile's duration",
  },
  "target-elsewhere": {
    means: "The profile is of another account or region than every trust anchor of Capstan's",
    cure: "Name a profile of the trust anchor's account and region",
  },
  "leaf-expired": { means: "The leaf has ended", cure: "Renew it: `cmctl renew`" },
  "leaf-not-yet-valid": { means: "The leaf has not begun", cure: "Wait, or synchronize the clock" },
  "leaf-not-an-end-entity": { means: "The certificate is a CA certificate, which AWS refuses", cure: "Use a leaf" },
  "leaf-no-digital-signature": {
    means: 'The leaf\'s key usage lacks digitalSignature; AWS says "Insufficient certificate"',
    cure: "Ask for the usage `digital signature`",
  },
  "leaf-key-type": { means: "The leaf's key is neither RSA nor EC", cure: "Use an RSA or ECDSA key" },
  "leaf-key-mismatch": {
    means: "The private key does not belong to the certificate",
    cure: "Read both from the same Secret at the same time",
  },
  "leaf-subject-empty": { means: "The leaf's subject is empty, which AWS refuses", cure: "Set spec.commonName" },
  "leaf-unmappable": {
    means: "A name has characters that AWS takes in no session tag",
    cure: "Use letters, digits, space and `_ . : / = + @ -` alone",
  },
  "leaf-other-issuer": {
    means: 'No trust anchor holds the root that signed the leaf; AWS says "Untrusted signing certificate"',
    cure: "Use a leaf of the authority: renew it, and look at its issuerRef",
  },
  "leaf-revoked": { means: "The leaf is revoked", cure: "Renew it: `cmctl renew`" },
  "session-refused": {
    means: "AWS refuses a session to the leaf, and none of the checks before found out why",
    cure: "As the probable causes say; CloudTrail has the call",
  },
} as const;

export type FindingId = keyof typeof findings;
