import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export type Metrics = ReturnType<typeof createMetrics>

/** What `/metrics` shows, by process. Names and units follow Prometheus' conventions. */
export function createMetrics(labels: { role: string; node: string }) {
  const registry = new Registry()
  registry.setDefaultLabels(labels)
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
  return {
    registry,
    sockets: new Gauge({ name: 'earshot_sockets', help: 'Authenticated sockets held.', registers }),
    slowReaders: new Counter({
      name: 'earshot_slow_readers_total',
      help: 'Sockets that were closed because they read slower than they were sent to.',
      registers,
    }),
    events: new Counter({
      name: 'earshot_events_total',
      help: 'Events received, by name and by the code they were answered with.',
      labelNames: ['event', 'code'],
      registers,
    }),
    commitBatch: new Histogram({
      name: 'earshot_commit_batch_messages',
      help: 'Messages in one write to MongoDB.',
      buckets: [1, 2, 5, 10, 25, 50, 100, 250, 500],
      registers,
    }),
    commitSeconds: new Histogram({
      name: 'earshot_commit_seconds',
      help: 'Time from the start of a write of messages to its end.',
      buckets: seconds,
      registers,
    }),
    commitWaiting: new Gauge({
      name: 'earshot_commit_waiting',
      help: 'Messages that wait for MongoDB.',
      registers,
    }),
    messages: new Counter({
      name: 'earshot_messages_total',
      help: 'Messages answered, by whether they were new or sent again.',
      labelNames: ['result'],
      registers,
    }),
    legacyAdopted: new Counter({
      name: 'earshot_legacy_adopted_total',
      help: 'Messages of the existing system that got their number.',
      registers,
    }),
    presenceChanges: new Counter({
      name: 'earshot_presence_changes_total',
      help: 'Changes of a user between online and offline that this process made.',
      labelNames: ['to'],
      registers,
    }),
    leasesLost: new Counter({
      name: 'earshot_presence_leases_lost_total',
      help: 'Leases found gone at their renewal and taken again.',
      registers,
    }),
    presenceSpared: new Counter({
      name: 'earshot_presence_spared_total',
      help: 'Users who lost their last connection and came back within the grace period, unnoticed.',
      registers,
    }),
    presenceCoalesced: new Counter({
      name: 'earshot_presence_coalesced_total',
      help: 'Changes of presence that were over before anybody was told.',
      registers,
    }),
    presenceReconciled: new Counter({
      name: 'earshot_presence_reconciled_total',
      help: 'Users whom MongoDB called online and of whom Redis knew nothing, taken offline.',
      registers,
    }),
    publishFailures: new Counter({
      name: 'earshot_publish_failures_total',
      help: 'Publishes to other nodes that Redis did not take; clients there learn by sync.',
      registers,
    }),
    membershipRepairs: new Counter({
      name: 'earshot_membership_repairs_total',
      help: 'Changes of group membership that a node began and the worker told the others of.',
      registers,
    }),
    voiceJobs: new Counter({
      name: 'earshot_voice_jobs_total',
      help: 'Voice jobs done, by result.',
      labelNames: ['result'],
      registers,
    }),
    notifications: new Counter({
      name: 'earshot_notifications_total',
      help: 'Notifications of users who are not there, by step and result.',
      labelNames: ['step', 'result'],
      registers,
    }),
    deadJobs: new Gauge({
      name: 'earshot_dead_jobs',
      help: 'Jobs in the dead-letter sets, by queue. They wait for an operator.',
      labelNames: ['queue'],
      registers,
    }),
    writeBehindWaiting: new Gauge({
      name: 'earshot_write_behind_waiting',
      help: 'Values in Redis that MongoDB does not have yet, by kind. As the last flush of this worker left it.',
      labelNames: ['kind'],
      registers,
    }),
    writeBehindFlushed: new Counter({
      name: 'earshot_write_behind_flushed_total',
      help: 'Values carried from Redis to MongoDB, by kind.',
      labelNames: ['kind'],
      registers,
    }),
    writeBehindDirect: new Counter({
      name: 'earshot_write_behind_direct_total',
      help: 'Values that Redis could not take, away or full, and that went straight to MongoDB.',
      labelNames: ['kind'],
      registers,
    }),
    lastSeenWaiting: new Gauge({
      name: 'earshot_last_seen_waiting',
      help: 'User states in Redis that MongoDB does not have yet, as the last flush of this worker found it.',
      registers,
    }),
    lastSeenFlushed: new Counter({
      name: 'earshot_last_seen_flushed_total',
      help: 'User states written to MongoDB.',
      registers,
    }),
    lastSeenCheckpointed: new Counter({
      name: 'earshot_last_seen_checkpointed_total',
      help: 'Writes of lastSeen to MongoDB for users who stayed online.',
      registers,
    }),
  }
}
