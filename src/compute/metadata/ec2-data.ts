/** EC2's tree: the older form of metadata, which many guests and scripts still ask for. Pure. */
import type { JsonObject } from '#base/json.ts';
import { fullHostname } from './meta-data.ts';
import type { Ec2Version } from './versions.ts';

export type Ec2Facts = {
  /** Counts up; EC2's ids are short. */
  readonly number: number;
  readonly hostname: string;
  readonly imageId: string;
  /** '' for none. */
  readonly kernelId: string;
  readonly ramdiskId: string;
  readonly launchIndex: number;
  readonly reservationId: string;
  readonly availabilityZone: string;
  readonly flavorName: string;
  readonly ephemeralGib: number;
  readonly keypair: { readonly name: string; readonly publicKey: string } | null;
  readonly securityGroups: readonly string[];
  /** The first IPv4 address; '' for none. */
  readonly localIpv4: string;
  /** The first floating IP; '' for none. */
  readonly publicIpv4: string;
};

/** Members that came later than the first version. */
const LATER: readonly (readonly [since: Ec2Version, members: readonly string[]])[] = [
  ['2007-01-19', ['local-hostname', 'public-hostname', 'public-ipv4']],
  ['2007-08-29', ['instance-type']],
  ['2007-12-15', ['block-device-mapping', 'kernel-id', 'ramdisk-id']],
  ['2008-02-01', ['placement']],
  ['2008-09-01', ['instance-action']],
];

/** What lies in `meta-data`: texts, numbers, lists of lines, and folders. */
export function ec2Data(facts: Ec2Facts): JsonObject {
  const hostname = fullHostname(facts.hostname);
  const { keypair } = facts;
  return {
    'ami-id': `ami-${short(facts.imageId)}`,
    'ami-launch-index': facts.launchIndex,
    // compat: Nova has never had a manifest, and says so like this.
    'ami-manifest-path': 'FIXME',
    'instance-id': `i-${facts.number.toString(16).padStart(8, '0')}`,
    hostname,
    'local-ipv4': facts.localIpv4,
    'reservation-id': facts.reservationId,
    'security-groups': facts.securityGroups,
    ...(keypair && {
      'public-keys': { '0': { _name: `0=${keypair.name}`, 'openssh-key': keypair.publicKey } },
    }),
    'local-hostname': hostname,
    'public-hostname': hostname,
    'public-ipv4': facts.publicIpv4,
    'instance-type': facts.flavorName,
    'block-device-mapping': {
      ami: 'vda',
      root: '/dev/vda',
      ...(facts.ephemeralGib > 0 && { ephemeral0: '/dev/vdb' }),
    },
    ...(facts.kernelId !== '' && { 'kernel-id': `aki-${short(facts.kernelId)}` }),
    ...(facts.ramdiskId !== '' && { 'ramdisk-id': `ari-${short(facts.ramdiskId)}` }),
    placement: { 'availability-zone': facts.availabilityZone },
    'instance-action': 'none',
  };
}

/** The same as an older version shows it. */
export function ec2DataOf(version: Ec2Version, newest: JsonObject): JsonObject {
  // As text, `1.0` comes before every date.
  const absent = new Set(LATER.filter(([since]) => version < since).flatMap(([, names]) => names));
  return Object.fromEntries(Object.entries(newest).filter(([name]) => !absent.has(name)));
}

/** The first digits of an image's UUID: EC2 knows ids of eight. */
function short(id: string): string {
  return id.replaceAll('-', '').slice(0, 8);
}
