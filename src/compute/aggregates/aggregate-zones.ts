/** Availability zones as aggregates make them. */
import { DEFAULT_ZONE, type ZoneLookup } from '../compute-deps.ts';
import { listComputeNodes } from '../nodes/compute-node.store.ts';
import { zonesByHost } from './aggregate.rules.ts';
import { listAggregates } from './aggregate.store.ts';

export const aggregateZones: ZoneLookup = {
  zoneOfHosts: async (db) => {
    const zones = zonesByHost(await listAggregates(db));
    return (host) => zones.get(host) ?? DEFAULT_ZONE;
  },
  // compat: a zone is there while a host in it takes servers.
  zoneNames: async (db) => {
    const zones = zonesByHost(await listAggregates(db));
    const enabled = (await listComputeNodes(db)).filter(({ disabled }) => disabled === 0);
    return new Set(enabled.map(({ host }) => zones.get(host) ?? DEFAULT_ZONE));
  },
};
