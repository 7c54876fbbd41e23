/** What one listener process has counted since it started. */
export interface Counters {
  received: number;
  answered: number;
  /** Retransmissions of packets still in hand: answered with them. */
  duplicates: number;
  malformed: number;
  unknown_nas: number;
  bad_authenticator: number;
  /** Status types that are no business of ours (RFC 2866 section 5.1: tunnel and Failed). Answered. */
  ignored: number;
  /** Packets with a value that could not be believed and was left out. */
  sanitised: number;
  quarantined: number;
  /** Neither the database nor the disk would take them: not answered, so that the router tries again. */
  dropped: number;
  spooled: number;
  drained: number;
  batches: number;
  batch_retries: number;
  status_server: number;
}

export function newCounters(): Counters {
  return {
    received: 0,
    answered: 0,
    duplicates: 0,
    malformed: 0,
    unknown_nas: 0,
    bad_authenticator: 0,
    ignored: 0,
    sanitised: 0,
    quarantined: 0,
    dropped: 0,
    spooled: 0,
    drained: 0,
    batches: 0,
    batch_retries: 0,
    status_server: 0,
  };
}
