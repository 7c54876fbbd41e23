/** Where a router's API is and who we are there. */
export interface ApiTarget {
  address: string;
  /** 8728, or 8729 with TLS, unless the router was told otherwise. */
  port: number;
  username: string;
  password: string;
  /** While the password is being replaced: tried where the router does not take `password` any more. */
  nextPassword?: string;
  tls: boolean;
  /** SHA-256 of the certificate that the router must show, as `AB:CD:…`; without one any certificate will do, which hides the password from listeners only. */
  fingerprint256?: string;
}

/** One row of a `print`, by the router's own names. */
export type Row = Readonly<Record<string, string>>;

/** How a command ended. Nothing a router or a network does is thrown. */
export type ApiOutcome =
  | { kind: 'done'; rows: Row[] }
  /** The router understood and said no (`!trap`), in its own words. */
  | { kind: 'refused'; message: string }
  /** User name or password are not (any more) the router's. */
  | { kind: 'login_refused' }
  /** No connection, or it broke: API service off, firewall, wrong port, reboot. */
  | { kind: 'unreachable'; message: string }
  /** Connected, but no answer in time. */
  | { kind: 'silent' };
