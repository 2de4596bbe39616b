/** One line of a panel, or several: one for each set of labels that the query has. */
export interface Query {
  /** PromQL; `$authority` is what the dashboard's reader chose, `$__rate_interval` Grafana's. */
  readonly expr: string;
  /** How a line is called, as Grafana writes it: `{{authority}}`. */
  readonly legend: string;
}

/** A graph over time. */
export interface Panel {
  readonly title: string;
  /** What is to be seen in it. */
  readonly about: string;
  /** Grafana's name of a unit. */
  readonly unit: "short" | "s" | "percentunit" | "reqps" | "bytes";
  readonly queries: readonly Query[];
}

export interface Dashboard {
  /** Its file below deploy/chart/dashboards, and its address in Grafana. */
  readonly name: "authorities" | "issuing";
  readonly title: string;
  /** Whether a reader chooses among authorities. */
  readonly byAuthority: boolean;
  readonly panels: readonly Panel[];
}

const chosen = 'authority=~"$authority"';
const ours = 'job=~"capstan-.+"';

/** Every dashboard of the chart: its JSON and the plots of the documentation are made from these. */
export const dashboards: readonly Dashboard[] = [
  {
    name: "authorities",
    title: "Capstan: authorities, trust anchors and CRLs",
    byAuthority: true,
    panels: [
      {
        title: "Conditions",
        about: "1 is True. Ready, TrustAnchorsInSync, CRLCurrent and CRLCapacity belong up, Drift belongs down.",
        unit: "short",
        queries: [
          {
            expr: `max by (authority, type) (capstan_authority_condition{${chosen}})`,
            legend: "{{authority}} {{type}}",
          },
        ],
      },
      {
        title: "Trust anchors in sync",
        about: "1 when the anchor was last read back as it should be.",
        unit: "short",
        queries: [
          {
            expr: `max by (authority, anchor) (capstan_trust_anchor_in_sync{${chosen}})`,
            legend: "{{authority}} {{anchor}}",
          },
        ],
      },
      {
        title: "Since trust anchors were read",
        about: "Five minutes at most while AWS answers.",
        unit: "s",
        queries: [
          {
            expr: `time() - max by (authority, anchor) (capstan_trust_anchor_read_timestamp_seconds{${chosen}})`,
            legend: "{{authority}} {{anchor}}",
          },
        ],
      },
      {
        title: "Phases of generations",
        about: "One line for each generation and the phase that it is in.",
        unit: "short",
        queries: [
          {
            expr: `max by (authority, generation, phase) (capstan_generation_phase{${chosen}}) == 1`,
            legend: "{{authority}}-{{generation}} {{phase}}",
          },
        ],
      },
      {
        title: "Until roots end",
        about: "The next generation begins long before its predecessor's line reaches 0.",
        unit: "s",
        queries: [
          {
            expr: `max by (authority, generation) (capstan_generation_not_after_timestamp_seconds{${chosen}}) - time()`,
            legend: "{{authority}}-{{generation}}",
          },
        ],
      },
      {
        title: "Age of CRLs",
        about: "Made anew each hour while the generation counts.",
        unit: "s",
        queries: [
          {
            expr: `time() - max by (authority, generation) (capstan_crl_this_update_timestamp_seconds{${chosen}})`,
            legend: "{{authority}}-{{generation}}",
          },
        ],
      },
      {
        title: "CRLs on their way to AWS",
        about: "How old the CRL in an anchor is while there is a newer one; 0 when the newest was read back.",
        unit: "s",
        queries: [
          {
            expr: `max by (authority, generation, anchor) (capstan_crl_publish_lag_seconds{${chosen}})`,
            legend: "{{authority}}-{{generation}} {{anchor}}",
          },
        ],
      },
      {
        title: "Revoked certificates",
        about: "Entries of each CRL, and those that have no room in it.",
        unit: "short",
        queries: [
          {
            expr: `max by (authority, generation) (capstan_crl_entries{${chosen}})`,
            legend: "{{authority}}-{{generation}}",
          },
          {
            expr: `max by (authority, generation) (capstan_crl_waiting{${chosen}}) > 0`,
            legend: "{{authority}}-{{generation}} without room",
          },
        ],
      },
      {
        title: "Room in CRLs",
        about: "Reasons are left out at 80 percent; at 95 only key compromises are taken in.",
        unit: "percentunit",
        queries: [
          {
            expr: `max by (authority, generation) (capstan_crl_bytes_ratio{${chosen}})`,
            legend: "{{authority}}-{{generation}}",
          },
        ],
      },
      {
        title: "Revocations by what became of them",
        about: "In the last hour.",
        unit: "short",
        queries: [{ expr: "sum by (outcome) (increase(capstan_revocations_total[1h]))", legend: "{{outcome}}" }],
      },
      {
        title: "AWS credentials of the publisher",
        about: "Obtained in the last hour, by a leaf of its own or by the provider chain.",
        unit: "short",
        queries: [
          {
            expr: `sum by (authority, anchor, source) (increase(capstan_own_credentials_total{${chosen}}[1h]))`,
            legend: "{{authority}} {{anchor}} {{source}}",
          },
        ],
      },
      {
        title: "Clocks",
        about: "How far the API server and AWS are ahead of the publisher. Beyond 300 rotation stops.",
        unit: "s",
        queries: [{ expr: "max by (pod, source) (capstan_clock_skew_seconds)", legend: "{{pod}} {{source}}" }],
      },
    ],
  },
  {
    name: "issuing",
    title: "Capstan: issuing",
    byAuthority: false,
    panels: [
      {
        title: "Answers",
        about: "Requests by what they were told.",
        unit: "reqps",
        queries: [
          {
            expr: "sum by (kind, outcome) (rate(capstan_requests_total[$__rate_interval]))",
            legend: "{{kind}} {{outcome}}",
          },
        ],
      },
      {
        title: "Waiting requests",
        about: "For an approver, or for a signature.",
        unit: "short",
        queries: [{ expr: "max by (kind, for) (capstan_requests_waiting)", legend: "{{kind}} for {{for}}" }],
      },
      {
        title: "The oldest waiting request",
        about: "Its age.",
        unit: "s",
        queries: [
          { expr: "max by (kind, for) (capstan_requests_oldest_waiting_seconds)", legend: "{{kind}} for {{for}}" },
        ],
      },
      {
        title: "Time to issue",
        about: "From a request's creation until it is issued: half of them, and 99 of 100.",
        unit: "s",
        queries: [
          {
            expr: "histogram_quantile(0.5, sum by (le) (rate(capstan_issuing_seconds_bucket[$__rate_interval])))",
            legend: "half",
          },
          {
            expr: "histogram_quantile(0.99, sum by (le) (rate(capstan_issuing_seconds_bucket[$__rate_interval])))",
            legend: "99 of 100",
          },
        ],
      },
      {
        title: "Rules that refused requests broke",
        about: "In the last hour, by the code that the request's message has.",
        unit: "short",
        queries: [{ expr: "sum by (code) (increase(capstan_requests_refused_total[1h]))", legend: "{{code}}" }],
      },
      {
        title: "Issuers that are Ready",
        about: "1 when the issuer is.",
        unit: "short",
        queries: [{ expr: "max by (kind, issuer) (capstan_issuer_ready)", legend: "{{kind}} {{issuer}}" }],
      },
      {
        title: "Records in the ledger",
        about: "At the limit requests wait.",
        unit: "short",
        queries: [
          { expr: "max(capstan_ledger_records)", legend: "records" },
          { expr: "max(capstan_ledger_limit)", legend: "limit" },
        ],
      },
      {
        title: "Leaders",
        about: "One for each program.",
        unit: "short",
        queries: [{ expr: `sum by (name) (leader_election_master_status{${ours}})`, legend: "{{name}}" }],
      },
      {
        title: "Reconciles",
        about: "By controller and result.",
        unit: "reqps",
        queries: [
          {
            expr: `sum by (controller, result) (rate(controller_runtime_reconcile_total{${ours}}[$__rate_interval]))`,
            legend: "{{controller}} {{result}}",
          },
        ],
      },
      {
        title: "Waiting in queues",
        about: "99 of 100 keys wait no longer than this for a worker.",
        unit: "s",
        queries: [
          {
            expr: `histogram_quantile(0.99, sum by (name, le) (rate(workqueue_queue_duration_seconds_bucket{${ours}}[$__rate_interval])))`,
            legend: "{{name}}",
          },
        ],
      },
      {
        title: "Calls of the API server",
        about: "By program and answer.",
        unit: "reqps",
        queries: [
          {
            expr: `sum by (job, code) (rate(rest_client_requests_total{${ours}}[$__rate_interval]))`,
            legend: "{{job}} {{code}}",
          },
        ],
      },
      {
        title: "Event loop",
        about: "Lag at the 99th percentile. A lease is lost at 20 seconds.",
        unit: "s",
        queries: [{ expr: `max by (pod) (nodejs_eventloop_lag_p99_seconds{${ours}})`, legend: "{{pod}}" }],
      },
      {
        title: "Memory",
        about: "Resident, by pod.",
        unit: "bytes",
        queries: [{ expr: `max by (pod) (process_resident_memory_bytes{${ours}})`, legend: "{{pod}}" }],
      },
      {
        title: "Silent reflectors",
        about: "How long nothing has been heard of a kind of object; watches are opened anew within ten minutes.",
        unit: "s",
        queries: [
          {
            expr: "max by (pod, reflector) (capstan_reflector_last_activity_seconds)",
            legend: "{{pod}} {{reflector}}",
          },
        ],
      },
      {
        title: "CRL server",
        about: "Answers by HTTP status.",
        unit: "reqps",
        queries: [
          { expr: "sum by (code) (rate(capstan_crl_server_requests_total[$__rate_interval]))", legend: "{{code}}" },
        ],
      },
    ],
  },
];
