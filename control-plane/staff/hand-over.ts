import { enqueueMessage } from '../messages';
import type { Context } from '../platform/context';
import { seeOther, view, type PageResult, type Web } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { readerFor } from '../ui';
import type { Invited } from './invite-staff';

/**
 * A new colleague gets the link by e-mail where the company sends any. Otherwise, and for a way back in, it stands on this page once and is kept nowhere.
 */
export async function handOver(
  ctx: Context,
  web: Web,
  person: Person,
  back: string,
  invited: Extract<Invited, { kind: 'invited' }>,
): Promise<PageResult> {
  const { t, locale } = readerFor(ctx, person);
  const origin = new URL(web.publicUrl).hostname === new URL(web.origin).hostname ? web.origin : web.publicUrl;
  const { email, name, isNew, seconds } = invited;
  const link = `${origin.replace(/\/$/, '')}/login/welcome/${invited.secret}`;
  if (isNew) {
    const sent = await enqueueMessage(ctx, {
      kind: 'invitation',
      channel: 'email',
      recipient: email,
      locale,
      values: { name, inviter: ctx.actor.name, link, hours: seconds / 3600 },
      expiresAt: new Date(ctx.now.getTime() + seconds * 1000),
    });
    if (sent.kind === 'queued') return seeOther(`${back}?told=invited`);
  }
  return view('staff/invited', { title: t('staff.invited_title'), email, link, back });
}
