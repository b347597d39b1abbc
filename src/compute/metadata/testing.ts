/** For tests: a server's metadata with something in every place. */
import type { MetadataContent } from './content.ts';
import { ec2Data } from './ec2-data.ts';
import { metaData } from './meta-data.ts';

export const USER_DATA = '#!/bin/sh\necho hello\n';

export function contentWith(change: Partial<MetadataContent> = {}): MetadataContent {
  const files = [{ path: '/etc/motd', contents: Buffer.from('hi').toString('base64') }];
  const keypair = { name: 'my key', type: 'ssh', publicKey: 'ssh-ed25519 AAAA' };
  return {
    metaData: metaData({
      id: 'id-1',
      name: 'vm',
      hostname: 'vm',
      projectId: 'red',
      availabilityZone: 'nova',
      launchIndex: 0,
      metadata: { a: 'b' },
      keypair,
      randomSeed: 'c2VlZA==',
      devices: [
        { type: 'nic', mac: 'fa:16:3e:00:00:02', address: '0000:02:00.0', tag: 'data' },
        { type: 'disk', address: '0000:1d:00.0', tag: 'system' },
      ],
      files,
    }),
    ec2: ec2Data({
      number: 31,
      hostname: 'vm',
      imageId: '33333333-3333-4333-8333-333333333333',
      kernelId: '44444444-4444-4444-8444-444444444444',
      ramdiskId: '',
      launchIndex: 0,
      reservationId: 'r-abcdefgh',
      availabilityZone: 'nova',
      flavorName: 'm1.tiny',
      ephemeralGib: 1,
      keypair,
      securityGroups: ['default', 'web'],
      localIpv4: '10.0.0.5',
      publicIpv4: '172.24.4.9',
    }),
    networkData: { links: [], networks: [], services: [] },
    vendorData: { 'cloud-init': '#cloud-config' },
    userData: Buffer.from(USER_DATA).toString('base64'),
    files,
    ...change,
  };
}
