/** The formats of metadata that there have been, of OpenStack and of EC2, and what each brought. Pure. */

/** OpenStack's, oldest first. */
export const OPENSTACK_VERSIONS = [
  '2012-08-10',
  '2013-04-04',
  '2013-10-17',
  '2015-10-15',
  '2016-06-30',
  '2016-10-06',
  '2017-02-22',
  '2018-08-27',
  '2020-10-14',
  '2025-04-04',
] as const;

/** EC2's, oldest first. */
export const EC2_VERSIONS = [
  '1.0',
  '2007-01-19',
  '2007-03-01',
  '2007-08-29',
  '2007-10-10',
  '2007-12-15',
  '2008-02-01',
  '2008-09-01',
  '2009-04-04',
] as const;

export type OpenstackVersion = (typeof OPENSTACK_VERSIONS)[number];
export type Ec2Version = (typeof EC2_VERSIONS)[number];

/** The version that a name stands for: `latest` is the newest. Undefined when there has been no such version. */
export function openstackVersion(name: string): OpenstackVersion | undefined {
  return versionNamed(OPENSTACK_VERSIONS, name);
}

export function ec2Version(name: string): Ec2Version | undefined {
  return versionNamed(EC2_VERSIONS, name);
}

function versionNamed<V extends string>(versions: readonly V[], name: string): V | undefined {
  return name === 'latest' ? versions.at(-1) : versions.find((version) => version === name);
}
