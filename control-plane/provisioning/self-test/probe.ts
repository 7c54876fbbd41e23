import { randomBytes } from 'node:crypto';
import { add } from '../../../radius/attributes';
import { CoaClient } from '../../../radius/enforcer';
import { Code } from '../../../radius/packet';
import type { Probe } from './seen';

/** As the enforcer sends: again after a second, and silence after four. */
const RESEND_AFTER_MS = [1000, 1000, 2000];

/**
 * Sends a Disconnect-Request for a session that nobody has. A router that hears us, knows us and has our secret says so (RFC 5176: NAK, no session is ended);
 * to any other it is deaf, by design.
 */
export async function probeOrders(to: {
  address: string;
  port: number;
  secret: string;
  /** Which it may hold instead, while its secret is being replaced. */
  otherSecret?: string | null;
}): Promise<Probe> {
  const client = new CoaClient({ bind: '0.0.0.0', resendAfterMs: RESEND_AFTER_MS });
  const nobody = `lango-self-test-${randomBytes(4).toString('hex')}`;
  try {
    const answer = await client.request({
      address: to.address,
      port: to.port,
      secret: Buffer.from(to.secret),
      ...(to.otherSecret && { otherSecret: Buffer.from(to.otherSecret) }),
      code: Code.DisconnectRequest,
      write(builder) {
        add(builder, 'User-Name', nobody);
        add(builder, 'Acct-Session-Id', 'ffffffff');
      },
    });
    if (answer.outcome === 'ack' || answer.outcome === 'nak') return { kind: 'answered' };
    return { kind: answer.outcome === 'silence' && answer.refusedReplies > 0 ? 'not_believed' : 'silence' };
  } finally {
    await client.close();
  }
}
