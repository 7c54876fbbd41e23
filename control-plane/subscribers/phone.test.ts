import { normalizePhone } from './phone';

describe('normalizePhone', () => {
  it.each([
    '0712345678',
    '+254712345678',
    '254712345678',
    '00254712345678',
    '712345678',
    '0712 345-678',
    '(0712) 345.678',
  ])('reads %s as one Kenyan number', (text) => expect(normalizePhone(text, 'KES')).toBe('+254712345678'));

  it.each(['', '07', 'amina', '+', '+0712345678', '0712345678901234567', '0712x45678', '+254 712 345 678 ext 4'])(
    'refuses %p',
    (text) => expect(normalizePhone(text, 'KES')).toBeUndefined(),
  );

  it('completes a national number with the company’s code alone, and guesses none for others', () => {
    expect(normalizePhone('0712345678', 'UGX')).toBe('+256712345678');
    expect(normalizePhone('0712345678', 'EUR')).toBeUndefined();
    expect(normalizePhone('+4915112345678', 'EUR')).toBe('+4915112345678');
  });
});
