/** How the octets of a value are read. The names are those of FreeRADIUS' dictionaries. */
export type AttributeType = keyof TypeMap;

/** What a value is in TypeScript, by type. Integers are unsigned; a date is whole seconds; addresses are text. */
export interface TypeMap {
  string: string;
  octets: Buffer;
  integer: number;
  integer64: bigint;
  date: Date;
  ipaddr: string;
  ipv6addr: string;
  ipv6prefix: string;
  ifid: string;
}

export interface Definition<T extends AttributeType = AttributeType> {
  /** 0 for a standard attribute, else the vendor's enterprise number. */
  readonly vendor: number;
  readonly number: number;
  readonly type: T;
  /** Names of numbers, for integers that are enumerations. */
  readonly values?: Readonly<Record<string, number>>;
  /** The value is, or lets one guess, a credential: never shown or logged. */
  readonly secret?: true;
}

/** The makers of one vendor's definitions: `const of = definitionsOf(14988); of.string(8)`. Vendor 0 is the standard space. */
export function definitionsOf(vendor: number) {
  const make =
    <T extends AttributeType>(type: T) =>
    (number: number): Definition<T> => ({ vendor, number, type });
  return {
    string: make('string'),
    octets: make('octets'),
    date: make('date'),
    integer64: make('integer64'),
    ipaddr: make('ipaddr'),
    ipv6addr: make('ipv6addr'),
    ipv6prefix: make('ipv6prefix'),
    ifid: make('ifid'),
    integer: (number: number, values?: Readonly<Record<string, number>>): Definition<'integer'> =>
      values === undefined ? { vendor, number, type: 'integer' } : { vendor, number, type: 'integer', values },
    secret: (number: number): Definition<'octets'> => ({ vendor, number, type: 'octets', secret: true }),
    secretString: (number: number): Definition<'string'> => ({ vendor, number, type: 'string', secret: true }),
  };
}
