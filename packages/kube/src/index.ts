export { type Clock, type Random, sleep, systemClock } from "./clock.ts";
export { Controller, type ControllerOptions, type Leadership } from "./controller.ts";
export {
  type ApplyOptions,
  type CallOptions,
  type DeleteOptions,
  KubeClient,
  type KubeClientOptions,
  type ListOptions,
  type ListPage,
  type RawRequest,
  type WriteOptions,
} from "./kube-client.ts";
export { FairKeys } from "./fair-keys.ts";
export {
  type Credentials,
  type KubeConnection,
  type KubeConnectionOptions,
  loadKubeConnection,
} from "./kube-connection.ts";
export {
  isAlreadyExists,
  isConflict,
  isExpired,
  isInvalid,
  isNotFound,
  isOutcomeUnknown,
  KubeApiError,
  KubeConnectionError,
  type KubeConnectionErrorCode,
} from "./kube-error.ts";
export {
  type KubeObject,
  keyOf,
  type NewObject,
  type ObjectMeta,
  type OwnerReference,
  refOfKey,
} from "./kube-object.ts";
export { KubeconfigError } from "./kubeconfig.ts";
export { createLogger, type Logger, type LoggerOptions, type LogLevel } from "./logger.ts";
export {
  createMetricsOf,
  formatMetricTable,
  type MetricDefinition,
  type MetricsOf,
  type MetricTable,
} from "./metric-table.ts";
export { createMetrics, type RuntimeMetrics } from "./metrics.ts";
export type { IndexFunction, ReadonlyStore } from "./object-store.ts";
export { TokenBucket } from "./rate-limiter.ts";
export { type ReconcileResult, type Reconciler, TerminalError } from "./reconciler.ts";
export { Reflector, type ReflectorChange, type ReflectorListener, type ReflectorOptions } from "./reflector.ts";
export { apiVersionOf, collectionPath, type ObjectRef, resourceName, type ResourceType } from "./resource-type.ts";
export { type GroupOf, WorkQueue, type WorkQueueOptions } from "./work-queue.ts";
export {
  address,
  describeSettings,
  oneOf,
  optionalText,
  readSettings,
  requiredText,
  type Setting,
  SettingsError,
  type SettingsOf,
  type SettingsTable,
} from "./settings.ts";
export { type ConditionLike, findCondition, setCondition } from "./conditions.ts";
export { type EventInput, EventRecorder, type EventRecorderOptions } from "./event-recorder.ts";
export { HealthServer, type HealthServerOptions, type ReadyCheck } from "./health-server.ts";
export { LeaderElector, type LeaderElectorOptions, LeadershipLostError } from "./leader-elector.ts";
export { type LeaseSettings, leaseSettings } from "./lease-settings.ts";
export { type ManagedReflector, Manager, type ManagerOptions } from "./manager.ts";
export { type ProgramOptions, runProgram } from "./run-program.ts";
export { formatMicroTime, formatTime } from "./time-format.ts";
export { defineProgram, type ProgramContext, type ProgramDefinition } from "./program.ts";
export {
  AuditLog,
  AuditLogError,
  type AuditLogOptions,
  auditLogSetting,
  openAuditLog,
  type SignatureResult,
} from "./audit-log.ts";
export { type SignatureIntent, type SignaturePurpose } from "./audit-chain.ts";
export {
  type AuditFault,
  type AuditFaultCode,
  AuditReader,
  type AuditReading,
  type ReadChain,
  type ReadSignature,
} from "./audit-reader.ts";
export {
  compareWithLedger,
  type LedgerComparison,
  type LedgerComparisonOptions,
  type LedgerLeaf,
} from "./audit-comparison.ts";
