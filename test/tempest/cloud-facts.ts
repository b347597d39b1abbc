/** What Tempest must be told of a cloud, asked of its APIs. */
import { readFileSync } from 'node:fs';
import type { ControlRecord } from '#app/control-record.ts';
import { statePaths } from '#platform/config.ts';
import { Fault } from '#platform/fault.ts';
import { ApiClient } from '../../src/cli/api-client.ts';

export type CloudFacts = {
  readonly url: string;
  readonly adminPassword: string;
  /** Servers are guests that can be logged in to. */
  readonly realGuests: boolean;
  /** The guest that comes up soonest, and another with the same contents. */
  readonly image: string;
  readonly imageAlt: string;
  readonly flavor: string;
  readonly flavorAlt: string;
  readonly maxMicroversion: string;
  readonly networkExtensions: readonly string[];
  /** The external network; null when there is none. */
  readonly publicNetwork: { readonly id: string; readonly name: string } | null;
};

type Named = { readonly id: string; readonly name: string };

export async function readCloudFacts(
  stateDir: string,
  { url, hypervisor }: Pick<ControlRecord, 'url' | 'hypervisor'>,
): Promise<CloudFacts> {
  const api = await ApiClient.open(stateDir);
  const list = async <T>(path: string, member: string) =>
    ((await api.get(path)) as Readonly<Record<string, readonly T[]>>)[member] ?? [];
  const images = await list<Named>('/image/v2/images', 'images');
  const flavors = await list<Named>('/compute/v2.1/flavors', 'flavors');
  const extensions = await list<{ readonly alias: string }>(
    '/networking/v2.0/extensions',
    'extensions',
  );
  const external = '/networking/v2.0/networks?router:external=true';
  const [publicNetwork = null] = await list<Named>(external, 'networks');
  const { version } = (await api.get('/compute/v2.1/')) as {
    readonly version: { readonly version: string };
  };
  const idOf = (all: readonly Named[], what: string, name: string) => {
    const id = all.find((one) => one.name === name)?.id;
    if (id !== undefined) return id;
    const message = `The cloud has no ${what} '${name}', which Tempest's guests are made of. Test a cloud that was not started with --empty.`;
    throw new Fault('invalid', 'NotFurnished', message);
  };
  return {
    url,
    adminPassword: readFileSync(statePaths(stateDir).adminPassword, 'utf8').trim(),
    realGuests: hypervisor === 'qemu',
    image: idOf(images, 'image', 'tiny'),
    // A cloud of fakes has but one.
    imageAlt: images.find(({ name }) => name === 'tiny-uec')?.id ?? idOf(images, 'image', 'tiny'),
    flavor: idOf(flavors, 'flavor', 'm1.nano'),
    flavorAlt: idOf(flavors, 'flavor', 'm1.micro'),
    maxMicroversion: version.version,
    networkExtensions: extensions.map(({ alias }) => alias),
    publicNetwork: publicNetwork && { id: publicNetwork.id, name: publicNetwork.name },
  };
}
