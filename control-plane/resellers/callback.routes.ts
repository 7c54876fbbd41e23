import type { HookKind } from '../hooks';
import { handlePayout } from './payouts/handle-payout';

export const hookKinds: HookKind[] = [
  {
    kind: 'payout',
    account: 'mpesa',
    reply: { status: 200, body: { ResultCode: 0, ResultDesc: 'Accepted' } },
    handle: handlePayout,
  },
];
