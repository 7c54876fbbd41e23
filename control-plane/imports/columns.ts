/** What a column can be taken for. */
export const importFields = [
  'name',
  'phone',
  'email',
  'username',
  'password',
  'plan',
  'static_ip',
  'mac_lock',
  'expires',
] as const;
export type ImportField = (typeof importFields)[number];

/** Heads by which files of other systems name them, without blanks, marks and case. */
const heads: Record<ImportField, string[]> = {
  name: [
    'name',
    'fullname',
    'customer',
    'customername',
    'client',
    'clientname',
    'subscriber',
    'jina',
    'mteja',
    'jinakamili',
  ],
  phone: ['phone', 'phonenumber', 'mobile', 'msisdn', 'tel', 'telephone', 'contact', 'simu', 'nambayasimu'],
  email: ['email', 'emailaddress', 'mail', 'baruapepe'],
  username: ['username', 'user', 'login', 'pppoeusername', 'pppoeuser', 'account', 'secret', 'jinalakuingia'],
  password: ['password', 'pass', 'pppoepassword', 'pwd', 'neno', 'nenosiri'],
  plan: [
    'plan',
    'package',
    'profile',
    'tariff',
    'service',
    'planname',
    'packagename',
    'internetplan',
    'mpango',
    'kifurushi',
  ],
  static_ip: ['staticip', 'ip', 'ipaddress', 'ipv4', 'remoteaddress', 'address', 'anwani'],
  mac_lock: ['mac', 'maclock', 'macaddress', 'callerid', 'callingstationid'],
  expires: [
    'expires',
    'expiresat',
    'expiry',
    'expirydate',
    'expiration',
    'validuntil',
    'paiduntil',
    'enddate',
    'mwisho',
  ],
};

const bare = (head: string) => head.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

/** For each column what it is most likely, each field once; undefined where nothing fits. */
export function guessColumns(head: string[]): (ImportField | undefined)[] {
  const taken = new Set<ImportField>();
  const find = (fits: (word: string, text: string) => boolean, text: string) =>
    importFields.find((field) => !taken.has(field) && heads[field].some((word) => fits(word, text)));
  const guessed = head.map((text) => {
    const field = find((word, given) => word === given, bare(text));
    if (field) taken.add(field);
    return field;
  });
  // What merely contains such a word, where nothing else had it: "Customer phone 1".
  return guessed.map((field, at) => {
    const found = field ?? find((word, given) => word.length > 3 && given.includes(word), bare(head[at] ?? ''));
    if (found) taken.add(found);
    return found;
  });
}
