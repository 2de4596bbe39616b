/** Series as promtool writes them: `0+60x180` begins at 0 and rises by 60 each minute for 180 minutes. */
type Series = Readonly<Record<string, string>>;

/** When an alert fires after three hours, and what is most like that and no reason to worry. */
export interface AlertCase {
  readonly fires: Series;
  readonly silent: Series;
}

const authority = 'namespace="capstan-system",pod="p-0",job="capstan-crl-publisher",authority="fleet"';
const generation = `${authority},generation="1"`;
const issuer = 'namespace="capstan-system",pod="i-0",job="capstan-issuer-controller"';
const certificateRequest = `${issuer},kind="CertificateRequest"`;
const day = 86_400;

const always = (value: number): string => `${value}x200`;
const rising = (step: number): string => `0+${step}x200`;

/** The phase of generation 1, and a time that one of its metrics tells. */
const inPhase = (phase: string, metric: string, value: string): Series => ({
  [`capstan_generation_phase{${generation},phase="${phase}"}`]: always(1),
  [`${metric}{${generation}}`]: value,
});

/** By the alert's name. The test sees to it that none is missing. */
export const alertCases: Readonly<Record<string, AlertCase>> = {
  CapstanAuthorityNotReady: {
    fires: { [`capstan_authority_condition{${authority},type="Ready"}`]: always(0) },
    // One replica has just started and has not read the authority's status yet.
    silent: {
      [`capstan_authority_condition{${authority},type="Ready"}`]: always(1),
      [`capstan_authority_condition{${authority.replace("p-0", "p-1")},type="Ready"}`]: always(0),
      [`capstan_authority_condition{${authority},type="Rotating"}`]: always(0),
    },
  },
  CapstanUnknownCertificate: {
    fires: { [`capstan_authority_condition{${authority},type="Drift",reason="UnknownCertificate"}`]: always(1) },
    silent: {
      [`capstan_authority_condition{${authority},type="Drift",reason="ChangedSettings"}`]: always(1),
      [`capstan_authority_condition{${authority.replace("p-0", "p-1")},type="Drift",reason="NothingFound"}`]: always(0),
    },
  },
  CapstanTrustAnchorChanged: {
    fires: { [`capstan_authority_condition{${authority},type="Drift",reason="ChangedSettings"}`]: always(1) },
    // It was put back.
    silent: {
      [`capstan_authority_condition{${authority},type="Drift",reason="ChangedSettings"}`]: "1x170",
      [`capstan_authority_condition{${authority},type="Drift",reason="NothingFound"}`]: "_x171 0x20",
    },
  },
  CapstanTrustAnchorOutOfSync: {
    fires: { [`capstan_trust_anchor_in_sync{${authority},anchor="prod"}`]: always(0) },
    silent: { [`capstan_trust_anchor_in_sync{${authority},anchor="prod"}`]: "0x175 1x25" },
  },
  CapstanTrustAnchorNotRead: {
    fires: { [`capstan_trust_anchor_read_timestamp_seconds{${authority},anchor="prod"}`]: always(0) },
    silent: { [`capstan_trust_anchor_read_timestamp_seconds{${authority},anchor="prod"}`]: rising(60) },
  },
  CapstanRootEndsWithoutSuccessor: {
    fires: inPhase("Active", "capstan_generation_not_after_timestamp_seconds", always(13 * day)),
    // The old root ends soon, and a new one is there.
    silent: {
      ...inPhase("Active", "capstan_generation_not_after_timestamp_seconds", always(13 * day)),
      [`capstan_generation_phase{${authority},generation="2",phase="Pending"}`]: always(1),
      [`capstan_generation_not_after_timestamp_seconds{${authority},generation="2"}`]: always(365 * day),
    },
  },
  CapstanRotationStuck: {
    fires: inPhase("Published", "capstan_generation_phase_since_timestamp_seconds", always(-day)),
    silent: inPhase("Active", "capstan_generation_phase_since_timestamp_seconds", always(-30 * day)),
  },
  CapstanRemovalUnfinished: {
    fires: { [`capstan_intent_unfinished{${authority}}`]: always(1) },
    silent: { [`capstan_intent_unfinished{${authority}}`]: always(0) },
  },
  CapstanClockIsWrong: {
    fires: { [`capstan_clock_skew_seconds{${authority},source="aws"}`]: always(-301) },
    silent: { [`capstan_clock_skew_seconds{${authority},source="aws"}`]: always(-299) },
  },
  CapstanCRLNotPublished: {
    fires: { [`capstan_crl_publish_lag_seconds{${generation},anchor="prod"}`]: rising(60) },
    // A new one was made just now, and the one there is an hour old.
    silent: { [`capstan_crl_publish_lag_seconds{${generation},anchor="prod"}`]: "0x176 3600x20" },
  },
  CapstanCRLOld: {
    fires: inPhase("Active", "capstan_crl_this_update_timestamp_seconds", always(0)),
    // Nobody makes a new list for a generation that is over.
    silent: inPhase("Destroyed", "capstan_crl_this_update_timestamp_seconds", always(0)),
  },
  CapstanCRLEnds: {
    fires: inPhase("Draining", "capstan_crl_next_update_timestamp_seconds", always(14 * day)),
    silent: inPhase("Retired", "capstan_crl_next_update_timestamp_seconds", always(0)),
  },
  CapstanCRLFillsUp: {
    fires: { [`capstan_crl_bytes_ratio{${generation}}`]: always(0.61) },
    silent: { [`capstan_crl_bytes_ratio{${generation}}`]: always(0.6) },
  },
  CapstanCRLFull: {
    fires: { [`capstan_crl_waiting{${generation}}`]: always(1) },
    silent: { [`capstan_crl_waiting{${generation}}`]: always(0) },
  },
  CapstanRevocationNotEnforced: {
    fires: { [`capstan_crl_proven{${generation},anchor="prod"}`]: always(0) },
    silent: { [`capstan_crl_proven{${generation},anchor="prod"}`]: always(1) },
  },
  CapstanBlockedKeysFillUp: {
    fires: { [`capstan_blocked_public_keys{${generation}}`]: always(401) },
    silent: { [`capstan_blocked_public_keys{${generation}}`]: always(400) },
  },
  CapstanOwnCredentialsRefused: {
    fires: { [`capstan_own_credentials_refused_total{${authority},anchor="prod"}`]: rising(1) },
    silent: { [`capstan_own_credentials_refused_total{${authority},anchor="prod"}`]: always(7) },
  },
  CapstanBreakGlassInUse: {
    fires: { [`capstan_own_credentials_by_provider_chain{${authority},anchor="prod"}`]: always(1) },
    silent: { [`capstan_own_credentials_by_provider_chain{${authority},anchor="prod"}`]: always(0) },
  },
  CapstanRequestsWait: {
    fires: { [`capstan_requests_oldest_waiting_seconds{${certificateRequest},for="signing"}`]: rising(60) },
    silent: { [`capstan_requests_oldest_waiting_seconds{${certificateRequest},for="approval"}`]: rising(60) },
  },
  CapstanRequestsUnapproved: {
    fires: { [`capstan_requests_oldest_waiting_seconds{${certificateRequest},for="approval"}`]: rising(60) },
    silent: { [`capstan_requests_oldest_waiting_seconds{${certificateRequest},for="signing"}`]: rising(60) },
  },
  CapstanIssuerNotReady: {
    fires: { [`capstan_issuer_ready{${issuer},kind="CapstanIssuer",issuer="demo/web"}`]: always(0) },
    silent: { [`capstan_issuer_ready{${issuer},kind="CapstanIssuer",issuer="demo/web"}`]: "0x175 1x25" },
  },
  CapstanIssuingSlow: {
    fires: {
      [`capstan_issuing_seconds_bucket{${certificateRequest},le="60"}`]: rising(9),
      [`capstan_issuing_seconds_bucket{${certificateRequest},le="300"}`]: rising(10),
      [`capstan_issuing_seconds_bucket{${certificateRequest},le="+Inf"}`]: rising(10),
    },
    silent: {
      [`capstan_issuing_seconds_bucket{${certificateRequest},le="60"}`]: rising(10),
      [`capstan_issuing_seconds_bucket{${certificateRequest},le="300"}`]: rising(10),
      [`capstan_issuing_seconds_bucket{${certificateRequest},le="+Inf"}`]: rising(10),
    },
  },
  CapstanRequestsRefused: {
    fires: {
      [`capstan_requests_total{${certificateRequest},outcome="Failed"}`]: rising(3),
      [`capstan_requests_total{${certificateRequest},outcome="Issued"}`]: rising(2),
    },
    silent: {
      [`capstan_requests_total{${certificateRequest},outcome="Failed"}`]: rising(2),
      [`capstan_requests_total{${certificateRequest},outcome="Issued"}`]: rising(3),
    },
  },
  CapstanLedgerFillsUp: {
    fires: { [`capstan_ledger_records{${issuer}}`]: always(81), [`capstan_ledger_limit{${issuer}}`]: always(100) },
    silent: { [`capstan_ledger_records{${issuer}}`]: always(80), [`capstan_ledger_limit{${issuer}}`]: always(100) },
  },
  CapstanLedgerFull: {
    fires: { [`capstan_ledger_records{${issuer}}`]: always(100), [`capstan_ledger_limit{${issuer}}`]: always(100) },
    silent: { [`capstan_ledger_records{${issuer}}`]: always(99), [`capstan_ledger_limit{${issuer}}`]: always(100) },
  },
  CapstanLedgerPrunedEarly: {
    fires: { [`capstan_ledger_pruned_total{${issuer},why="limit"}`]: rising(1) },
    silent: { [`capstan_ledger_pruned_total{${issuer},why="retention"}`]: rising(1) },
  },
  CapstanDown: {
    fires: { 'up{job="capstan-issuer-controller"}': always(1), 'up{job="capstan-crl-publisher"}': always(0) },
    // The CRL server is not installed, and one publisher of two is down.
    silent: {
      'up{job="capstan-issuer-controller"}': always(1),
      'up{job="capstan-crl-publisher",pod="p-0"}': always(0),
      'up{job="capstan-crl-publisher",pod="p-1"}': always(1),
    },
  },
  CapstanNoLeader: {
    fires: { [`leader_election_master_status{${issuer},name="issuer-controller"}`]: always(0) },
    silent: {
      [`leader_election_master_status{${issuer},name="issuer-controller"}`]: always(0),
      [`leader_election_master_status{${issuer.replace("i-0", "i-1")},name="issuer-controller"}`]: always(1),
      'leader_election_master_status{job="another-controller",name="another"}': always(0),
    },
  },
  CapstanTwoLeaders: {
    fires: {
      [`leader_election_master_status{${issuer},name="issuer-controller"}`]: always(1),
      [`leader_election_master_status{${issuer.replace("i-0", "i-1")},name="issuer-controller"}`]: always(1),
    },
    silent: {
      [`leader_election_master_status{${issuer},name="issuer-controller"}`]: always(1),
      [`leader_election_master_status{${authority},name="crl-publisher"}`]: always(1),
    },
  },
  CapstanReconcileErrors: {
    fires: {
      [`controller_runtime_reconcile_errors_total{${issuer},controller="c"}`]: rising(3),
      [`controller_runtime_reconcile_total{${issuer},controller="c",result="success"}`]: rising(7),
      [`controller_runtime_reconcile_total{${issuer},controller="c",result="error"}`]: rising(3),
    },
    silent: {
      [`controller_runtime_reconcile_errors_total{${issuer},controller="c"}`]: rising(1),
      [`controller_runtime_reconcile_total{${issuer},controller="c",result="success"}`]: rising(9),
      [`controller_runtime_reconcile_total{${issuer},controller="c",result="error"}`]: rising(1),
    },
  },
  CapstanQueueWaits: {
    fires: {
      [`workqueue_queue_duration_seconds_bucket{${issuer},name="c",le="10"}`]: rising(0),
      [`workqueue_queue_duration_seconds_bucket{${issuer},name="c",le="100"}`]: rising(10),
      [`workqueue_queue_duration_seconds_bucket{${issuer},name="c",le="+Inf"}`]: rising(10),
    },
    silent: {
      [`workqueue_queue_duration_seconds_bucket{${issuer},name="c",le="10"}`]: rising(10),
      [`workqueue_queue_duration_seconds_bucket{${issuer},name="c",le="100"}`]: rising(10),
      [`workqueue_queue_duration_seconds_bucket{${issuer},name="c",le="+Inf"}`]: rising(10),
    },
  },
  CapstanWorkerHangs: {
    fires: { [`workqueue_longest_running_processor_seconds{${issuer},name="c"}`]: rising(60) },
    silent: { 'workqueue_longest_running_processor_seconds{job="another-controller",name="c"}': rising(60) },
  },
  CapstanReflectorSilent: {
    fires: { [`capstan_reflector_last_activity_seconds{${issuer},reflector="r"}`]: rising(60) },
    silent: { [`capstan_reflector_last_activity_seconds{${issuer},reflector="r"}`]: always(630) },
  },
  CapstanApiServerErrors: {
    fires: {
      [`rest_client_requests_total{${issuer},code="200",method="GET"}`]: rising(8),
      [`rest_client_requests_total{${issuer},code="503",method="GET"}`]: rising(1),
      [`rest_client_requests_total{${issuer},code="<error>",method="PUT"}`]: rising(1),
    },
    silent: {
      [`rest_client_requests_total{${issuer},code="200",method="GET"}`]: rising(8),
      [`rest_client_requests_total{${issuer},code="404",method="GET"}`]: rising(8),
      [`rest_client_requests_total{${issuer},code="503",method="GET"}`]: rising(1),
    },
  },
  CapstanEventLoopBlocked: {
    fires: { [`nodejs_eventloop_lag_p99_seconds{${issuer}}`]: always(1.1) },
    silent: { [`nodejs_eventloop_lag_p99_seconds{${issuer}}`]: always(0.9) },
  },
  CapstanCRLServerOverrun: {
    fires: { 'capstan_crl_server_refused_connections_total{namespace="n",why="all"}': rising(1) },
    silent: { 'capstan_crl_server_refused_connections_total{namespace="n",why="client"}': rising(1) },
  },
};
