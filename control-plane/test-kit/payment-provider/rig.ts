import type { ProviderName } from '../../payments/provider';
import type { Json } from '../story';

/** How a call differs from the truth. `address`: it goes to one that nobody has; `order`: it names another; `amount`: another sum. */
export type Lie = 'address' | 'order' | 'amount';

/** What the provider does with the next order. `cut`: it takes it and breaks off; `error`, `garbage`: it does not take it and says nothing that can be read. */
export type Fault = 'cut' | 'error' | 'garbage';

/**
 * One provider, simulated, as the scenarios of the conformance kit need it. `O` is an order as the simulator knows it: what is true of it is changed by
 * `pay` and `decline`, and told to nobody until `tell`.
 */
export interface Rig<O = unknown> {
  name: ProviderName;
  /** The state an order is in after each fault, once nothing more comes by itself. */
  after: Record<Fault, 'unknown' | 'prompted' | 'failed'>;
  /** It can be asked what became of an order. */
  asks: boolean;
  /** The words it fails with when it is declined. */
  declined: { code: string };
  baseUrl: () => string;
  /** Where the product is, for calls back. */
  reach: (baseUrl: string) => void;
  /** Nobody listens any more, and comes back at the same address. */
  goDown: () => Promise<void>;
  comeBack: () => Promise<void>;
  stop: () => Promise<void>;
  settings: () => Json;
  wrongSettings: () => Json;
  /** Once the account is saved: until the provider is ready to call. */
  ready: () => Promise<void>;
  /** What it took of a payment, oldest first. */
  taken: (payment: Json) => O[];
  pay: (order: O) => O;
  decline: (order: O) => O;
  /** Tells what is true. */
  tell: (order: O) => Promise<{ status: number }>;
  /** Tells what is true of an order whose name at the provider never reached us. */
  tellByReference: (order: O) => Promise<{ status: number }>;
  /** Tells that it was paid, and lies in one thing. */
  forge: (order: O, lie: Lie) => Promise<{ status: number }>;
  /** Done with the next order before the provider has answered. */
  beforeAnswer(work: (order: O) => unknown): void;
  failNext: (fault: Fault) => void;
  /** The next questions about it are answered with "not yet", whatever is true. */
  hold: (order: O, times: number) => void;
  receipt: (order: O) => string;
}
