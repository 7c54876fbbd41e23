import type { Scenario } from './model';

/** Everything that is known to happen in the field, as what a phone and the network do once the prompt is out. */
export const scenarios = {
  success: (push, daraja) => daraja.callback(daraja.pay(push)),
  cancelled: (push, daraja) => daraja.callback(daraja.fail(push, 1032, 'Request cancelled by user')),
  unreachable: (push, daraja) => daraja.callback(daraja.fail(push, 1037, 'DS timeout user cannot be reached')),
  wrongPin: (push, daraja) => daraja.callback(daraja.fail(push, 2001, 'The initiator information is invalid.')),
  insufficient: (push, daraja) =>
    daraja.callback(daraja.fail(push, 1, 'The balance is insufficient for the transaction.')),
  expired: (push, daraja) => daraja.callback(daraja.fail(push, 1019, 'Transaction has expired')),
  busy: (push, daraja) => daraja.callback(daraja.fail(push, 26, 'System busy')),
  locked: (push, daraja) => daraja.callback(daraja.fail(push, 1001, 'Unable to lock subscriber')),
  unknownCode: (push, daraja) => daraja.callback(daraja.fail(push, '7777', 'Something new')),
  twice: async (push, daraja) => {
    await daraja.callback(daraja.pay(push));
    await daraja.callback(push);
  },
  /** Paid, and nobody says so. */
  quietSuccess: (push, daraja) => daraja.pay(push),
  /** Not even decided. */
  nothing: () => undefined,
  failureThenSuccess: async (push, daraja) => {
    await daraja.callback(push);
    await daraja.callback(daraja.pay(push));
  },
  confirmationFirst: async (push, daraja) => {
    await daraja.confirm(daraja.pay(push));
    await daraja.callback(push);
  },
  confirmationAfter: async (push, daraja) => {
    await daraja.callback(daraja.pay(push));
    await daraja.confirm(push);
  },
  confirmationAlone: (push, daraja) => daraja.confirm(daraja.pay(push)),
} satisfies Record<string, Scenario>;
