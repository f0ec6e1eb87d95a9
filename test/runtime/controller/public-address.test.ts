import { isPublicAddress, namesPrivateAddress } from '../../../runtime/controller/public-address';

describe('a public address', () => {
  it.each(['93.184.216.34', '8.8.8.8', '172.15.0.1', '172.32.0.1', '2606:4700::1111', '::ffff:8.8.8.8'])(
    'is %s',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  it.each([
    ['loopback', '127.0.0.1'],
    ['loopback', '127.8.9.10'],
    ['loopback', '::1'],
    ['IPv4 inside IPv6', '::ffff:127.0.0.1'],
    ['IPv4 inside IPv6', '::ffff:10.0.0.1'],
    ['a private network', '10.1.2.3'],
    ['a private network', '172.16.0.1'],
    ['a private network', '192.168.1.1'],
    ['a private network', 'fd00::1'],
    ['a carrier network', '100.64.0.1'],
    ['link-local, where clouds serve credentials', '169.254.169.254'],
    ['link-local', 'fe80::1'],
    ['unspecified', '0.0.0.0'],
    ['unspecified', '::'],
    ['multicast', '224.0.0.1'],
    ['multicast', 'ff02::1'],
    ['translated to IPv4', '64:ff9b::7f00:1'],
    ['no address at all', 'example.com'],
  ])('is not %s: %s', (_kind, address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe('a URL that names a private address', () => {
  it.each([
    'http://127.0.0.1/',
    'http://[::1]:8000/',
    'http://0x7f.1/',
    'http://2130706433/',
    'http://[::ffff:10.0.0.1]/',
  ])('is found however it is written: %s', (url) => {
    expect(namesPrivateAddress(new URL(url))).toBe(true);
  });

  it.each(['https://example.com/', 'http://8.8.8.8/'])('is not %s', (url) => {
    expect(namesPrivateAddress(new URL(url))).toBe(false);
  });
});
