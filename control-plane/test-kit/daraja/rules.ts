import { textOf } from '../../payments/call';
import type { DarajaOptions } from './model';

interface Wrong {
  status: number;
  code: string;
  text: string;
}

const bad = (field: string): Wrong => ({ status: 400, code: '400.002.02', text: `Bad Request - Invalid ${field}` });

/** What Safaricom refuses at once in a push. */
export function checkPush(body: Record<string, unknown>, options: DarajaOptions): Wrong | undefined {
  const text = (name: string): string => textOf(body[name]);
  if (!/^\d{5,7}$/.test(text('BusinessShortCode'))) return bad('BusinessShortCode');
  if (!/^\d{14}$/.test(text('Timestamp'))) return bad('Timestamp');
  if (!/^254[17]\d{8}$/.test(text('PhoneNumber'))) return bad('PhoneNumber');
  if (!/^254[17]\d{8}$/.test(text('PartyA'))) return bad('PartyA');
  if (!/^[1-9]\d{0,5}$/.test(text('Amount')) || Number(text('Amount')) > 250_000) return bad('Amount');
  if (
    !/^https?:\/\/.+/.test(text('CallBackURL')) ||
    /mpesa|m-pesa|safaricom|exec?|cmd|sql|query/i.test(text('CallBackURL'))
  )
    return bad('CallBackURL');
  if (text('AccountReference') === '' || text('AccountReference').length > 12) return bad('AccountReference');
  if (text('TransactionDesc') === '') return bad('Remarks');
  if (text('TransactionDesc').length > 182) return { status: 500, code: '500.001.1001', text: 'Transaction failed' };
  const password = Buffer.from(`${text('BusinessShortCode')}${options.passkey}${text('Timestamp')}`).toString('base64');
  if (text('Password') !== password)
    return { status: 500, code: '500.001.1001', text: '[MerchantValidate] - Wrong credentials' };
  if (text('BusinessShortCode') !== options.shortcode)
    return { status: 500, code: '500.001.1001', text: 'Merchant does not exist' };
  return undefined;
}
