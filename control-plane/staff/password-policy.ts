import type { Context } from '../platform/context';

/** Why a new password is not good enough; undefined when it is. */
export type PasswordFault = 'short' | 'common' | 'personal' | undefined;

/**
 * Length above all, nothing that is tried first, nothing that follows from the person: what NIST SP 800-63B (5.1.1.2) asks for. No rules on kinds
 * of letters and no expiry, which only make people write passwords down.
 */
export function passwordFault(
  password: string,
  about: { minLength: number; email: string; name: string; company: string },
): PasswordFault {
  if (Array.from(password).length < about.minLength) return 'short';
  const plain = plainly(password);
  if (common.has(plain) || /^(.)\1*$/u.test(plain) || isRun(plain)) return 'common';
  const [mailbox = '', domain = ''] = about.email.split('@');
  const personal = [mailbox, domain.split('.')[0] ?? '', ...about.name.split(/\s+/), ...about.company.split(/\s+/)]
    .map(plainly)
    .filter((word) => word.length >= 4);
  // Somebody's own name with a year behind it.
  if (personal.some((word) => plain.includes(word) && plain.length - word.length < 5)) return 'personal';
  return undefined;
}

/** The same by the rules of the company that the person works at. */
export async function companyPasswordFault(
  ctx: Context,
  password: string,
  person: { email: string; name: string },
): Promise<{ fault: PasswordFault; minLength: number }> {
  const [row] = await ctx.tx.$queryRaw<
    { name: string; least: number }[]
  >`SELECT name, password_min_length AS least FROM tenant WHERE id = ${ctx.tenantId}`;
  const minLength = row?.least ?? 8;
  return { minLength, fault: passwordFault(password, { ...person, minLength, company: row?.name ?? '' }) };
}

/** The fault in words for programs; pages have their own, in both languages. */
export function weakPassword(fault: Exclude<PasswordFault, undefined>, minLength: number): string {
  if (fault === 'short') return `must have at least ${minLength} characters`;
  if (fault === 'common') return 'is among the first that anybody would try; choose another';
  return 'follows from the name, the e-mail or the company; choose another';
}

/** Lower case without decoration: P@ssw0rd!! is tried as early as password. */
function plainly(text: string): string {
  return text
    .toLowerCase()
    .replace(/[!?.*#]+$/, '')
    .replace(/[@4]/g, 'a')
    .replace(/[$5]/g, 's')
    .replace(/0/g, 'o')
    .replace(/[1!|]/g, 'i')
    .replace(/3/g, 'e')
    .replace(/[^a-z0-9]/g, '');
}

/** 12345678, abcdefgh, 87654321. */
function isRun(text: string): boolean {
  const steps = new Set(Array.from(text.slice(1), (letter, at) => letter.charCodeAt(0) - text.charCodeAt(at)));
  return steps.size === 1 && (steps.has(1) || steps.has(-1));
}

/** The head of the lists of leaked passwords, with what is usual around here, as `plainly` writes them. */
const common = new Set(
  `password passwords password1 password12 password123 password1234 123456789 12345678 1234567890 123123123 qwertyuiop qwertyui qwerty12 qwerty123 qwerty1234
   asdfghjkl zxcvbnm iloveyou iloveu princess rockyou football baseball superman batman trustno1 welcome welcome1 welcome12 welcome123 letmein letmein1
   admin adminadmin administrator admin1 admin12 admin123 admin1234 admin12345 rootroot root1234 changeme changemenow default secret secretsecret secret123
   internet internet1 internet123 mikrotik mikrotik1 mikrotik123 router routeros router123 hotspot hotspot123 winbox wireless wifiwifi lango langolango lango123
   lango1234 safaricom safaricom1 kenya2024 kenya2025 kenya2026 kenya123 kenyayetu nairobi nairobi1 nairobi123 mombasa mombasa1 jambojambo karibu karibu123
   karibukenya hakunamatata mpesampesa airtel123 telkom123 starlink starlink1 master monkey dragon sunshine shadow michael jordan23 liverpool chelsea arsenal
   arsenalfc manchester manunited gormahia barcelona qazwsxedc 1qazzxsw 1qaz2wsx zaq12wsx passw0rd testtest testing testing123 test1234 guestguest computer
   google123 whatever starwars abcdefgh abcd1234 abc12345 abc123456 abcabcabc aaaaaaaa loveyou lovelove jesusislord jesuschrist godisgood godislove blessing
   blessed1 hellohello helloworld goodluck summer2025 summer2026 winter2026 passpass pass1234 user1234 demodemo demo1234 temp1234 temporary qweasdzxc asdfasdf
   asdasdasd 11223344 12341234 12121212 87654321 00000000`
    .split(/\s+/)
    .map(plainly),
);
