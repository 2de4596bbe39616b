/** What a reason means to whoever reads it in a status or an event. */
export interface ReasonRow {
  readonly reason: string;
  /** What brings it about, in one sentence. */
  readonly cause: string;
  /** What to do; empty where nothing is. */
  readonly cure: string;
}

/** The reasons of one condition, or of the events about one kind. */
export interface ReasonTable {
  /** Sentence case, as a heading. */
  readonly of: string;
  readonly about: string;
  readonly rows: readonly ReasonRow[];
}

const row = (reason: string, cause: string, cure = ""): ReasonRow => ({ reason, cause, cure });

const doctor = "`kubectl capstan doctor`";

/** Conditions, by kind and type. A test compares the reasons with those in the controllers' sources. */
export const conditionTables: readonly ReasonTable[] = [
  {
    of: "CertificateAuthority: Ready",
    about: "Whether leaves can be had. A rotation, or a trust anchor that lost something, does not end issuing.",
    rows: [
      row("Issuing", "True: a generation signs."),
      row(
        "RegisteringTrustAnchors",
        "The first generation waits until every trust anchor was read back with its root.",
        "Wait a minute; the message says for which anchor. One that can wait takes `ignore: true`.",
      ),
      row(
        "TrustAnchorConflict",
        "What a trust anchor is or holds is in the way: missing, disabled, no certificate bundle, a certificate that nobody here knows, no room.",
        "Do in AWS what the message says; see the reasons of a rotation below.",
      ),
      row(
        "AWSUnavailable",
        "AWS did not answer, or refused the publisher.",
        `${doctor} tells network, clock, credentials and rights apart. Issuing goes on meanwhile once a generation is active.`,
      ),
      row(
        "WrongAccount",
        "The publisher's AWS credentials are of another account than the trust anchor.",
        "Give the anchor its `publisher` profile and role, or the right keys to the provider chain.",
      ),
      row(
        "GeneralLeaves",
        "A root has signed while there were no trust anchors, and such leaves, which were not meant for AWS, may still be valid.",
        "Wait until the time that the message names, or give the trust anchors to an authority of their own.",
      ),
      row(
        "TrustAnchorDisabledByOrder",
        "A DisableTrustAnchor operation keeps the anchor disabled.",
        "`kubectl capstan unfreeze CA --anchor NAME` when it may be used again.",
      ),
      row(
        "KeyMissing",
        "The Secret with the active generation's key is gone or cannot be read. A key is never made anew.",
        "Restore the Secret from your backup ([restore](../operate/restore.md)); without one, `kubectl capstan rotate CA`.",
      ),
      row(
        "Frozen",
        "An operator, or a compromised generation, holds issuing.",
        "`kubectl capstan unfreeze CA`; a compromise lets go by itself when the next generation signs.",
      ),
      row(
        "Failed",
        "The look at the authority ended in an error that the message names.",
        "It is tried again; read the publisher's log if it stays.",
      ),
    ],
  },
  {
    of: "CertificateAuthority: TrustAnchorsInSync",
    about:
      "Whether each trust anchor was last read back with the roots and CRLs that it should have. False has the reasons of Ready.",
    rows: [row("ReadBack", "True: all were.")],
  },
  {
    of: "CertificateAuthority: CRLCurrent",
    about: "Whether the published CRL says what the ledger says.",
    rows: [
      row("Signed", "True."),
      row(
        "Stale",
        "The CRL was not signed anew for too long.",
        "The publisher is down, or cannot write: look at its lease and log.",
      ),
      row(
        "CRLRefused",
        "A check before publication, or AWS, refused the CRL. The last one stays in force.",
        "The message names the rule. Nothing is published until it passes: report it.",
      ),
    ],
  },
  {
    of: "CertificateAuthority: CRLCapacity",
    about: "How full the fullest CRL is. Each change is an event as well, with `CRL` before the reason.",
    rows: [
      row("HasRoom", "True: below the first mark."),
      row(
        "Filling",
        "Above the first mark.",
        "Find out who revokes so much: `kubectl get crev -A`. Shorter leaves leave the list sooner.",
      ),
      row(
        "ReasonsLeftOut",
        "Reasons of revocation are left out of the CRL, to save room. Every serial is there.",
        "Order a rotation before it is full.",
      ),
      row(
        "Full",
        "Only an administrator's key compromises are taken in; other Revocations wait with reason NoRoom.",
        "Revoke the whole generation, or order a rotation and let it drain.",
      ),
    ],
  },
  {
    of: "CertificateAuthority: Drift",
    about: "Whether somebody else has changed a trust anchor.",
    rows: [
      row("NothingFound", "False: nothing."),
      row(
        "UnknownCertificate",
        "An anchor holds a certificate that no generation has. It is not overwritten, and the rotation stops.",
        "Whoever put it there can make AWS credentials. Find out who (CloudTrail: UpdateTrustAnchor); remove it, or name it in `foreignRoots` if it belongs there.",
      ),
      row(
        "ChangedSettings",
        "Notifications or the name of an anchor that Capstan made were changed.",
        "Notifications are put back; keep Terraform or CloudFormation from managing what Capstan does.",
      ),
    ],
  },
  {
    of: "CertificateAuthority: Rotating",
    about:
      "What the rotation waits for. These are also what `status.trustAnchors[].message` and the conditions above are made of.",
    rows: [
      row("InProgress", "A generation is being introduced, or one drains."),
      row("RotationNotDue", "Nothing is due; the message says until when."),
      row("Soaking", "The next root is read back unchanged for a while before it signs."),
      row("Draining", "The last generation's leaves have not all ended."),
      row("Retained", "The drained generation's key is kept for some days."),
      row(
        "ForeignRootDraining",
        "A root of another authority holds one of the two places until its `drainUntil`.",
        "Shorten `drainUntil` if its leaves ended sooner.",
      ),
      row("MarksNotPassed", "Leaves that were signed may still be valid."),
      row(
        "GeneralLeaves",
        "A root has signed while there were no trust anchors, and such leaves, which were not meant for AWS, may still be valid.",
        "Wait until the time that the message names, or give the trust anchors to an authority of their own.",
      ),
      row(
        "PausedAfterAbandon",
        "A new generation was given up; the next one waits as long.",
        "Mend what the message of the abandoned one says; `kubectl capstan rotate` begins at once.",
      ),
      row(
        "TimeUntrusted",
        "The machine's clock is behind a time that was seen before, or off from AWS's.",
        "Mend the node's time synchronization; no step that needs a date is taken until then.",
      ),
      row("AnchorNotRead", "A trust anchor was not read since something changed."),
      row("AnchorUnreachable", "A trust anchor could not be read.", `${doctor}; other anchors and issuing go on.`),
      row(
        "WrongAccount",
        "The publisher's credentials are of another account than the anchor.",
        "See WrongAccount of Ready.",
      ),
      row(
        "AnchorMissing",
        "AWS knows no such trust anchor.",
        "Correct `arn`, or set `create: true`; if it was deleted, set `ignore: true` until there is another.",
      ),
      row(
        "AnchorDisabled",
        "The anchor is disabled in AWS, and not by order.",
        "Enable it in AWS: nobody gets credentials through it.",
      ),
      row(
        "AnchorDisabledByOrder",
        "A DisableTrustAnchor operation keeps it disabled.",
        "`kubectl capstan unfreeze CA --anchor NAME`.",
      ),
      row(
        "AnchorNotABundle",
        "The anchor's source is AWS Private CA.",
        "Make one with an external certificate bundle: see [coming from AWS Private CA](../operate/migrate.md).",
      ),
      row(
        "CreateAnchorByHand",
        "`manage: false`: the anchor must be made by its owner.",
        "Make it with the root that the message names, and give its `arn`.",
      ),
      row(
        "AddRootByHand",
        "`manage: false`: the next root must be added by the anchor's owner.",
        "Add the certificate that the message names; keep the other one.",
      ),
      row(
        "RemoveRootByHand",
        "`manage: false`: the drained root must be removed by the anchor's owner.",
        "Remove exactly the certificate that the message names.",
      ),
      row(
        "AddCrlByHand",
        "`manage: false`: the CRL must be imported by the anchor's owner.",
        "Import and enable the CRL from the CRL server, and again whenever it changes.",
      ),
      row(
        "RemoveCrlByHand",
        "`manage: false`: the old CRL must be deleted by the anchor's owner.",
        "Delete the CRL that the message names.",
      ),
      row(
        "DisableAnchorByHand",
        "`manage: false`: a DisableTrustAnchor operation cannot be carried out.",
        "Its owner must disable it in AWS, now.",
      ),
      row(
        "AnchorNotJoined",
        "An anchor was never read back with what it should hold.",
        "The anchor's own message says why.",
      ),
      row(
        "AnchorLacksRoot",
        "An anchor lacks a root that it had, or needs.",
        "It is added again; if it vanishes again, somebody else writes the anchor.",
      ),
      row("AnchorLacksCrl", "An anchor lacks a CRL, or holds an older one.", "As above."),
      row(
        "AnchorStillHoldsRoot",
        "A root that was removed is still read.",
        "Wait; if it comes back, somebody else writes the anchor.",
      ),
      row("AnchorStillHoldsCrl", "A CRL that was deleted is still read.", "As above."),
      row("Drift", "An anchor holds a certificate that nobody here knows.", "See UnknownCertificate of Drift."),
      row(
        "NoRoom",
        "Both places of an anchor are taken.",
        "Remove what the message names; AWS allows two certificates, and no more on request.",
      ),
      row(
        "NoCrlRoom",
        "Both CRL places of an anchor are taken.",
        "Delete what the message names; a second CRL of one generation goes by itself.",
      ),
      row(
        "CanaryNotPassed",
        "AWS gave no session yet to a leaf of the next generation.",
        "The message has AWS's words; check the canary's role and profile.",
      ),
      row(
        "OwnLeafWouldBeRefused",
        "With this change AWS would refuse the publisher's next call.",
        "Wait: it renews its credentials first.",
      ),
      row("NothingWouldRemain", "An anchor would be left without a root."),
      row("IntentNotStored", "A removal is announced in status, right before it is done."),
      row("GenerationInProgress", "Another generation is being introduced or drains; an anchor has two places."),
      row("KeyMissing", "A generation's key is missing.", "See KeyMissing of Ready."),
      row("RootNotValid", "A root is not valid now.", "If the clock is right: order a rotation."),
      row(
        "MarkMissing",
        "A GenerationMark is gone, so that nobody knows how long its leaves are valid.",
        "Restore it; or wait until the root has ended.",
      ),
      row(
        "MarkWouldFall",
        "A mark would be lowered, which never happens.",
        "A restored backup: see [restore](../operate/restore.md).",
      ),
      row("MarkNotSealed", "A generation can still sign."),
      row("MarkSealed", "A generation signs no more: only a further one can follow."),
      row(
        "StateBehind",
        "AWS holds a newer CRL or a generation that the cluster does not know: it was restored from a backup.",
        "`kubectl capstan recover CA`: see [restore](../operate/restore.md).",
      ),
      row(
        "FreezeNotAcknowledged",
        "Issuers have not said yet that they stand still.",
        "Is the issuer controller running?",
      ),
      row(
        "BeingDeleted",
        "The authority was deleted and waits until nothing that it has issued can be valid.",
        "`kubectl capstan release CA --aws keep` (or `delete`) lets it go sooner.",
      ),
    ],
  },
  {
    of: "CapstanIssuer and CapstanClusterIssuer: Ready",
    about: "Whether requests to this issuer are looked at.",
    rows: [
      row("Checked", "True."),
      row("AuthorityNotFound", "`spec.caRef` names no CertificateAuthority.", "Correct the name."),
      row("AuthorityNotReady", "The authority is not Ready.", "See the authority's condition."),
      row(
        "InvalidPolicy",
        "A rule of the policy cannot be used, or asks for more than the authority allows.",
        "The message names each field and rule.",
      ),
      row(
        "WebhooksMissing",
        "cert-manager's webhooks do not see every request, so nobody attests who made one.",
        "Install cert-manager whole, and remove what exempts namespaces from its webhooks.",
      ),
      row(
        "KeyUnusable",
        "A probe found that the authority's key does not sign.",
        "Is the key Secret as it was? Restore it.",
      ),
      row(
        "SigningFailed",
        "Signing for a request failed for a reason that lies in the authority.",
        "The message has it; it is tried again.",
      ),
    ],
  },
  {
    of: "CertificateRequest: Ready",
    about:
      "cert-manager's own words, which its controllers compare. `kubectl capstan check` says beforehand what would come.",
    rows: [
      row(
        "Pending",
        "Not answered yet: unapproved, or waiting for the issuer, room in the ledger, a new generation, or a policy that refuses a name which it gave before.",
        "The message says for what.",
      ),
      row("Issued", "True: the certificate is in status."),
      row(
        "Failed",
        "Refused for good; InvalidRequest says why. cert-manager tries a Certificate again after an hour, then later.",
        "Mend the Certificate or the policy; `kubectl capstan retry` asks anew at once.",
      ),
      row("Denied", "An approver denied it.", "Ask whoever runs approver-policy."),
    ],
  },
  {
    of: "Why a request failed",
    about:
      "InvalidRequest of a CertificateRequest, Failed of a Kubernetes CertificateSigningRequest. The message lists every violation at once.",
    rows: [
      row(
        "RequestRefused",
        "The request, its names or its usages break a rule.",
        "`kubectl capstan check FILE` names field, rule and cure.",
      ),
      row(
        "InvalidDuration",
        "The duration is longer than allowed.",
        "Ask for less, or `overMaximum: Clamp`. The csi-driver asks for 2160h unless told otherwise.",
      ),
      row("ErrorParseDuration", "The CSR's duration annotation cannot be read.", "Write a Go duration, such as 24h."),
      row(
        "DeniedReference",
        "The signer name refers to an issuer that the requester may not use.",
        "Give the right `reference` on it, as the message says.",
      ),
      row(
        "RecordRefused",
        "What was issued for this request before may not be handed out: expired, revoked, or of a retired generation. Or the API server refuses its ledger record for good.",
        "Ask anew.",
      ),
      row(
        "RetryLimitReached",
        "It was tried for as long as the controller tries.",
        "Ask anew once what the message says is mended.",
      ),
    ],
  },
  {
    of: "Revocation: Accepted",
    about: "True: done, whatever becomes of this object. False: refused for good. Unknown: tried again.",
    rows: [
      row("Recorded", "True: the ledger says so now."),
      row("AlreadyRevoked", "True: somebody did it before; the first time and reason stay."),
      row("ReasonRaised", "True: an earlier reason was raised to keyCompromise."),
      row("InvalidTarget", "False: the target cannot be read.", "The message names the field."),
      row(
        "NotYours",
        "False: nothing that this namespace may revoke is meant.",
        "Make it in the leaf's own namespace, or in Capstan's.",
      ),
      row(
        "UnknownSerial",
        "False: the ledger has no such serial.",
        "Give the certificate itself: `kubectl capstan revoke --certificate FILE`.",
      ),
      row("NotFound", "False: nothing unexpired fits.", "Is it expired already? `kubectl capstan whois`."),
      row("AmbiguousSerial", "False: several generations have this serial.", "Give the certificate itself."),
      row("Expired", "False: it has ended, which no CRL lists."),
      row("OtherIssuer", "False: none of our generations has signed it.", "Revoke it with whoever did."),
      row("OwnRoot", "False: it is a root, which its own CRL cannot revoke.", "Order Compromised for its generation."),
      row("NoRoom", "Unknown: the CRL, or the namespace's share of it, is full.", "See CRLCapacity."),
    ],
  },
  {
    of: "Revocation: Published",
    about:
      "True only when every joined trust anchor was read back with the serial, and where a canary is set AWS was seen to refuse; or when the certificate has ended.",
    rows: [
      row("ReadBack", "True."),
      row(
        "Expired",
        "True: the certificate has ended before every anchor was read back, so that nobody accepts it any more.",
      ),
      row(
        "WaitingForTrustAnchors",
        "Some anchor does not hold the CRL yet.",
        "The message counts them; AWS takes one CRL call a second.",
      ),
      row(
        "WaitingForSignaturesOnTheirWay",
        "The ledger is read once more when every signature that was on its way has arrived.",
      ),
    ],
  },
  {
    of: "AuthorityOperation: Complete",
    about: "How an order goes.",
    rows: [
      row("InProgress", "False: its turn has not come, or it is under way. The message says what it waits for."),
      row("Done", "True."),
      row("Refused", "False, for good.", "The message says why; make another one."),
    ],
  },
];

/** Events, by the kind that they are about. */
export const eventTables: readonly ReasonTable[] = [
  {
    of: "Events about a CertificateAuthority",
    about: "",
    rows: [
      ...(
        [
          ["Pending", "was made"],
          ["Published", "is in every trust anchor"],
          ["Active", "signs"],
          ["Draining", "signs no more, its leaves are still valid"],
          ["Retired", "left the trust anchors"],
          ["Destroyed", "has no key any more"],
          ["Abandoned", "was given up"],
        ] as const
      ).map(([phase, what]) => row(`Generation${phase}`, `The generation ${what}.`)),
      row("GenerationSealed", "Its mark was sealed: it signs nothing new. This is the switch."),
      row("GenerationGivenUp", "A new generation did not get through in time.", "The note says what held it up."),
      row("GenerationCompromised", "An operator called it compromised.", "[Emergency](../operate/emergency.md)."),
      row("KeyDestroyed", "The key of a retired generation was deleted."),
      row("TrustAnchorJoined", "An anchor was read back as it should be, the first time or again."),
      row(
        "TrustAnchorLost",
        "An anchor differs from what it should hold.",
        "It is repaired where that only adds. Find out who wrote it.",
      ),
      row("TrustAnchorChanged", "Somebody changed an anchor's settings.", "See ChangedSettings."),
      row("TrustAnchorStopped", "An operation orders it disabled."),
      row("TrustAnchorDisabled", "AWS is asked to disable it."),
      row("TrustAnchorReleased", "An operation lets it be enabled."),
      row("TrustAnchorEnabled", "AWS is asked to enable it."),
      row("RootRemoved", "AWS is asked to remove a root."),
      row("IssuingHeld", "Issuing is held."),
      row("IssuingReleased", "Issuing is no longer held."),
      row("ReissueOrdered", "What a generation issued is to be issued anew."),
      row("GenerationReissued", "All of it was."),
      row(
        "GenerationReissuedInPart",
        "Some of it was not, or waits for something.",
        "The note names an example; the rest is in the issuer controller's log.",
      ),
      row("OperationDone", "An operation is done."),
      row("OperationRefused", "An operation was refused.", "The note says why."),
      row("Released", "A deleted authority was let go; the note says what is left in AWS."),
      row("CRLHasRoom", "There is room again."),
      row("CRLFilling", "See CRLCapacity.", "See CRLCapacity."),
      row("CRLReasonsLeftOut", "See CRLCapacity.", "See CRLCapacity."),
      row("CRLFull", "See CRLCapacity.", "See CRLCapacity."),
      row(
        "DeletionsUnseen",
        "The publisher may not see what is deleted, which `spec.revocation.onDeletion` needs.",
        "Apply `revoke-on-deletion.yaml`, or turn it off.",
      ),
      row(
        "LedgerFull",
        "The ledger has no room: new requests wait.",
        "Shorten leaves, prune sooner, or raise its limit: [sizing](../operate/sizing.md).",
      ),
    ],
  },
  {
    of: "Events about an issuer",
    about: "",
    rows: [
      row(
        "LiveLeavesRefused",
        "The policy, as it is now, would refuse leaves that are in use: their renewal will fail.",
        "Did you mean to? The note counts them and names the first.",
      ),
    ],
  },
  {
    of: "Events about a request",
    about: "",
    rows: [
      row("CertificateIssued", "The certificate is in status."),
      row("Pending", "It waits; the note says for what."),
      row("Failed", "It was refused for good.", "See why a request failed."),
      row("Denied", "An approver denied it."),
      row("NotApproved", "Nobody approved it for a minute.", "The note has the rule that the approver lacks."),
      row(
        "PolicyRefuses",
        "The policy refuses a name that it gave before; the request waits for a while, as that is usually an edit.",
        "Mend the policy, or the request fails.",
      ),
    ],
  },
  {
    of: "Events about a Revocation",
    about: "With `reissue: true`.",
    rows: [
      row("ReissueWaiting", "The replacement's turn has not come, or something is in its way."),
      row("ReissueRequested", "cert-manager was asked for another certificate, or the pod was evicted."),
      row("ReissueDone", "There is another certificate."),
      row(
        "ReissueImpossible",
        "Nobody can be asked for another one.",
        "The note says why: make the new certificate yourself.",
      ),
    ],
  },
];
