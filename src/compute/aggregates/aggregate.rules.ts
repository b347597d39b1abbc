/** What makes a change of an aggregate sound: a host is in one availability zone, and its servers stay in theirs. Pure. */
import * as faults from './aggregate.faults.ts';

/** An aggregate as the rules see it. */
export type AggregateFacts = {
  readonly number: number;
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly hosts: readonly string[];
};

export type ZoneFacts = {
  /** Every aggregate, this one too. */
  readonly all: readonly AggregateFacts[];
  readonly serversByHost: ReadonlyMap<string, number>;
};

const ZONE = 'availability_zone';

export const zoneOf = (aggregate: AggregateFacts): string | null =>
  aggregate.metadata[ZONE] ?? null;

/** `availability_zone` of every host that an aggregate gives one. */
export function zonesByHost(all: readonly AggregateFacts[]): ReadonlyMap<string, string> {
  const zones = new Map<string, string>();
  for (const aggregate of all) {
    const zone = zoneOf(aggregate);
    if (zone === null) continue;
    for (const host of aggregate.hosts) if (!zones.has(host)) zones.set(host, zone);
  }
  return zones;
}

/** Metadata with changes taken in: null takes a key away, what is not named stays. */
export function mergeMetadata(
  before: Readonly<Record<string, string>>,
  change: Readonly<Record<string, string | null>>,
): Readonly<Record<string, string>> {
  const merged = new Map(Object.entries(before));
  for (const [key, value] of Object.entries(change)) {
    if (value === null) merged.delete(key);
    else merged.set(key, value);
  }
  return Object.fromEntries(merged);
}

/** Refuses a change of metadata that would move hosts or servers between zones. */
export function checkMetadata(
  change: 'update' | 'update-metadata',
  aggregate: AggregateFacts,
  metadata: Readonly<Record<string, string | null>>,
  facts: ZoneFacts,
): void {
  const zone = metadata[ZONE];
  if (zone === undefined) return;
  const { number, name, hosts } = aggregate;
  if (zone === null || zone === '') throw faults.emptyZone(change, number, name);
  checkOtherZones(change, aggregate, { zone, hosts, all: facts.all });
  const same = zoneOf(aggregate) === zone;
  if (!same && hosts.some((host) => (facts.serversByHost.get(host) ?? 0) > 0)) {
    throw faults.serversInZone(change, number);
  }
}

export function checkAddHost(aggregate: AggregateFacts, host: string, facts: ZoneFacts): void {
  const zone = zoneOf(aggregate);
  if (zone !== null) {
    checkOtherZones('add-host', aggregate, { zone, hosts: [host], all: facts.all });
    const servers = facts.serversByHost.get(host) ?? 0;
    const from = zonesByHost(facts.all).get(host) ?? null;
    if (servers > 0 && from !== zone) {
      throw faults.serversWouldMove('add-host', aggregate.number, { from, to: zone, servers });
    }
  }
  if (aggregate.hosts.includes(host)) throw faults.hostInAggregate(aggregate.number, host);
}

export function checkRemoveHost(aggregate: AggregateFacts, host: string, facts: ZoneFacts): void {
  const from = zoneOf(aggregate);
  const servers = facts.serversByHost.get(host) ?? 0;
  if (from === null || servers === 0 || !aggregate.hosts.includes(host)) return;
  const others = facts.all.filter(({ number }) => number !== aggregate.number);
  const to = zonesByHost(others).get(host) ?? null;
  if (to === from) return;
  throw faults.serversWouldMove('remove-host', aggregate.number, { from, to, servers });
}

function checkOtherZones(
  change: faults.ZoneChange,
  aggregate: AggregateFacts,
  wanted: {
    readonly zone: string;
    readonly hosts: readonly string[];
    readonly all: readonly AggregateFacts[];
  },
): void {
  const conflicting = wanted.all
    .filter(({ number, hosts }) => {
      return number !== aggregate.number && hosts.some((host) => wanted.hosts.includes(host));
    })
    .map(zoneOf)
    .filter((zone) => zone !== null && zone !== wanted.zone);
  if (conflicting.length > 0) {
    throw faults.otherZones(change, aggregate.number, conflicting as string[]);
  }
}
