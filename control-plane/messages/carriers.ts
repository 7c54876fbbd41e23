import type { Provider } from './accounts';
import type { OutfitAccount } from './outfit';
import { africasTalking, type AfricasTalkingAccount } from './providers/africastalking';
import type { Carrier, CarrierTools } from './providers/carrier';
import { resend, type ResendAccount } from './providers/resend';
import { sendgrid, type SendgridAccount } from './providers/sendgrid';
import { smtp, type SmtpAccount } from './providers/smtp';
import { twilio, type TwilioAccount } from './providers/twilio';

/** What was read back from the account is what its form took (accounts.ts): the shapes are the same. */
const makers: Record<Provider, (account: never, tools: CarrierTools) => Carrier> = {
  africastalking: (account: AfricasTalkingAccount, tools) => africasTalking(account, tools),
  twilio: (account: TwilioAccount, tools) => twilio(account, tools),
  smtp: (account: SmtpAccount, tools) => smtp(account, tools),
  sendgrid: (account: SendgridAccount, tools) => sendgrid(account, tools),
  resend: (account: ResendAccount, tools) => resend(account, tools),
};

export function carrierOf(
  { provider, account }: Pick<OutfitAccount, 'provider' | 'account'>,
  tools: CarrierTools,
): Carrier {
  return makers[provider](account as never, tools);
}
