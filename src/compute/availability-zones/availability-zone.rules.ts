/** Which availability zones there are, going by the services in them. Pure. */
import { COMPUTE_BINARY, INTERNAL_ZONE, type ServiceEntry } from '../services/service-list.ts';

export type Zone = {
  readonly name: string;
  /** A zone is available while one of its services is enabled, alive or not. */
  readonly available: boolean;
  /** Its enabled services, by host. */
  readonly hosts: ReadonlyMap<string, readonly ServiceEntry[]>;
};

/** Available zones first, each kind by name. */
export function zonesOf(
  services: readonly ServiceEntry[],
  options: { readonly withInternal: boolean },
): readonly Zone[] {
  const shown = services.filter(
    ({ zone, binary }) =>
      options.withInternal || (binary === COMPUTE_BINARY && zone !== INTERNAL_ZONE),
  );
  const names = [...new Set(shown.map(({ zone }) => zone))].sort();
  const zones = names.map((name): Zone => {
    const enabled = shown.filter((service) => service.zone === name && !service.disabled);
    return {
      name,
      available: enabled.length > 0,
      hosts: Map.groupBy(enabled, ({ host }) => host),
    };
  });
  return [...zones.filter((zone) => zone.available), ...zones.filter((zone) => !zone.available)];
}
