import { printWanted, readWantedText } from './wanted-text';

const nothing = { wanted_pppoe: '', wanted_hotspot: '', wanted_vlans: '', wanted_pools: '', wanted_queues: '' };

describe('what a router is to serve, in lines', () => {
  it('is read, and printed as it would be read again', () => {
    const text = {
      wanted_pppoe: 'ether2, 10.64.0.0/20, 100\nether4, 10.65.0.0/20',
      wanted_hotspot: 'ether3, 10.5.50.0/24, wifi.example.net',
      wanted_vlans: 'cameras, 30, ether5',
      wanted_pools: 'office, 10.9.0.10-10.9.0.20,10.9.0.40-10.9.0.50',
      wanted_queues: 'office, 10.9.0.0/24, 5000, 20000',
    };
    const read = readWantedText(text);
    if (read.kind === 'wrong') throw new Error(read.fields.join());
    expect(read.wanted).toEqual({
      pppoe: [
        { interface: 'ether2', network: '10.64.0.0/20', vlan_id: 100 },
        { interface: 'ether4', network: '10.65.0.0/20' },
      ],
      hotspot: [{ interface: 'ether3', network: '10.5.50.0/24', dns_name: 'wifi.example.net' }],
      vlans: [{ name: 'cameras', vlan_id: 30, interface: 'ether5' }],
      pools: [{ name: 'office', ranges: '10.9.0.10-10.9.0.20,10.9.0.40-10.9.0.50' }],
      queues: [{ name: 'office', target: '10.9.0.0/24', up_kbps: 5000, down_kbps: 20_000 }],
    });
    expect(printWanted(read.wanted)).toEqual(text);
  });

  it.each([
    ['wanted_pppoe', 'ether2'],
    ['wanted_pppoe', 'ether2, 10.64.0.1/20'],
    ['wanted_pppoe', 'ether2, 10.64.0.0/20\nether3, 10.64.8.0/24'],
    ['wanted_hotspot', 'ether3, 10.5.50.0/24, wifi.local'],
    ['wanted_vlans', 'cameras, ether5'],
    ['wanted_pools', 'office'],
    ['wanted_queues', 'office, 10.9.0.0/24, fast, 20000'],
  ])('names %s where a line is wrong: %j', (field, lines) =>
    expect(readWantedText({ ...nothing, [field]: lines })).toEqual({ kind: 'wrong', fields: [field] }),
  );
});
