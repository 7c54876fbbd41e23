import { hookAddress, providerActor, type HookEvent, type HookKind, type HookOutcome, type HookTools } from '../hooks';
import type { Context } from '../platform/context';
import type { Provider } from './accounts';
import { readOutfit } from './outfit';
import { readAfricasTalking, readResend, readSendgrid, readTwilio, type CarrierReport } from './providers/reports';
import { verifySendgrid, verifySvix, verifyTwilio } from './providers/verify';

interface Teller {
  provider: Provider;
  read(body: Buffer): CarrierReport[];
  /** Whether the call is signed as this account signs; left out where a provider signs nothing, and the token is all there is. */
  isTrue?(
    event: HookEvent,
    account: Record<string, unknown>,
    address: () => Promise<string>,
  ): boolean | Promise<boolean>;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const tellers: Teller[] = [
  { provider: 'africastalking', read: readAfricasTalking },
  {
    provider: 'twilio',
    read: readTwilio,
    async isTrue(event, { auth_token }, address) {
      const form = new URLSearchParams(event.body.toString('utf8'));
      return verifyTwilio(textOf(auth_token), await address(), form, event.headers['x-twilio-signature']);
    },
  },
  {
    provider: 'sendgrid',
    read: readSendgrid,
    // A company that has not told us the key of its event webhook has the token alone.
    isTrue: ({ headers, body, receivedAt }, { webhook_public_key: key }) =>
      key === undefined || verifySendgrid(textOf(key), headers, body, receivedAt),
  },
  {
    provider: 'resend',
    read: readResend,
    isTrue: ({ headers, body, receivedAt }, { webhook_secret: secret }) =>
      secret === undefined || verifySvix(textOf(secret), headers, body, receivedAt),
  },
];

/** Where carriers tell what became of messages: POST /hooks/<provider>/<token>. */
export const hookKinds: HookKind[] = tellers.map((teller) => ({
  kind: teller.provider,
  account: teller.provider,
  handle: (event, tools) => take(teller, event, tools),
}));

function take(teller: Teller, event: HookEvent, tools: HookTools): Promise<HookOutcome> {
  const opening = { tenantId: event.tenantId, actor: providerActor(event), requestId: `hook-${event.id}` };
  return tools.db.inTenant(opening, async (ctx): Promise<HookOutcome> => {
    if (!(await isTrue(teller, event, ctx, tools))) return { kind: 'ignored', note: 'not signed by this account' };
    const reports = teller.read(event.body);
    if (reports.length === 0) return { kind: 'ignored', note: 'tells of no message' };
    for (const { ref, status, state, error, detail } of reports)
      await ctx.tx
        .$queryRaw`SELECT message_take_report(${teller.provider}, ${ref}, ${status}, ${state}, ${error}, ${detail})`;
    return { kind: 'done' };
  });
}

async function isTrue(teller: Teller, event: HookEvent, ctx: Context, { publicUrl }: HookTools): Promise<boolean> {
  if (!teller.isTrue) return true;
  const outfit = await readOutfit(ctx);
  const account = outfit.accounts.find(({ provider }) => provider === teller.provider)?.account;
  const address = () => hookAddress(ctx, publicUrl, { kind: teller.provider, account: teller.provider });
  return account !== undefined && (await teller.isTrue(event, account, address));
}
