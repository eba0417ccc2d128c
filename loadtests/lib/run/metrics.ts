import { Counter, Rate, Trend } from 'k6/metrics'
import { type Fault, faultNames, type JudgeSink } from '../judge/faults.ts'

/** Every metric of a run, made once: k6 wants them in the init context. Trends are milliseconds. */
export const metrics = {
  sent: new Counter('messages_sent'),
  acked: new Counter('messages_acked'),
  delivered: new Counter('messages_delivered'),
  repeated: new Counter('messages_repeated'),
  overtaken: new Counter('messages_overtaken'),
  deliveryLatency: new Trend('delivery_latency', true),
  timeToAck: new Trend('time_to_ack', true),
  connectTime: new Trend('connect_time', true),
  connected: new Counter('users_connected'),
  connectFailures: new Counter('connect_failures'),
  connectionsLost: new Counter('connections_lost'),
  /** Their difference is what is open. */
  socketsOpened: new Counter('sockets_opened'),
  socketsClosed: new Counter('sockets_closed'),
  reconnectTime: new Trend('reconnect_time', true),
  /** By VU, from the moment at which all start: when its last message was out, its first and its last answered. */
  burstSent: new Trend('burst_all_sent', true),
  burstFirstAck: new Trend('burst_first_ack', true),
  burstDone: new Trend('burst_all_acked', true),
  /** Of each burst and VU the most at once, added up. */
  inFlight: new Counter('messages_in_flight'),
  pairsAcrossNodes: new Rate('pairs_across_nodes'),
  presenceErrors: new Counter('presence_errors'),
  presenceLate: new Counter('presence_late'),
  presenceOvertaken: new Counter('presence_overtaken'),
  presenceChecks: new Counter('presence_checks'),
  presenceLag: new Trend('presence_lag', true),
  /** The same of connections that were lost without a word: grace, lease and sweep are in it. */
  presenceLossLag: new Trend('presence_loss_lag', true),
  /** Connected at the end of a run in which connections were lost. */
  usersBack: new Counter('users_back'),
  flickers: new Counter('presence_flickers'),
  polls: new Counter('polls'),
  pollsUnchanged: new Rate('polls_unchanged'),
  historiesRead: new Counter('histories_read'),
  historyFailures: new Counter('history_failures'),
  voiceStored: new Trend('voice_stored_time', true),
  audioChecked: new Counter('audio_checked'),
  audioWrong: new Counter('audio_wrong'),
  audioMissing: new Counter('audio_missing'),
  membershipChanges: new Counter('membership_changes'),
  typingHeard: new Counter('typing_heard'),
  receiptErrors: new Counter('receipt_errors'),
  receiptChecks: new Counter('receipt_checks'),
  actions: new Counter('actions'),
  actionFailures: new Counter('action_failures'),
  rounds: new Counter('rounds'),
  kneeIsK6s: new Counter('knee_is_k6s'),
  /** Messages a second, all VUs together: the last step that held, by VU. */
  kneeRate: new Trend('knee_rate'),
  /** How late this VU's timers fired: everything in a VU stands in one line, the answer to a server's ping too. */
  k6Lag: new Trend('k6_lag', true),
  vusFinished: new Counter('vus_finished'),
}

const faultCounters = Object.fromEntries(faultNames.map((name) => [name, new Counter(name)])) as Record<
  Fault,
  Counter
>

/** Faults of one kind that are shown in the log, by VU; all are counted. */
const shownOfEach = 5
const shown = new Map<string, number>()

export function showFault(kind: string, detail: string): void {
  const times = (shown.get(kind) ?? 0) + 1
  shown.set(kind, times)
  if (times <= shownOfEach) console.error(`${kind}: ${detail}`)
  else if (times === shownOfEach + 1) console.error(`${kind}: more of these, counted and no longer shown`)
}

/** Counts a fault and shows it. */
export function countFault(counter: Counter, kind: string, detail: string): void {
  counter.add(1)
  showFault(kind, detail)
}

/** What a judge finds, as k6's metrics. */
export const metricsSink: JudgeSink = {
  sent: () => metrics.sent.add(1),
  acked(tookMs) {
    metrics.acked.add(1)
    metrics.timeToAck.add(tookMs)
  },
  delivered(tookMs) {
    metrics.delivered.add(1)
    metrics.deliveryLatency.add(tookMs)
  },
  repeated: () => metrics.repeated.add(1),
  overtaken: () => metrics.overtaken.add(1),
  fault(fault, detail) {
    faultCounters[fault].add(1)
    showFault(fault, detail)
  },
}
