/** Availability zones are where agents say they are. Pure. */
import { availabilityZoneNotFound } from '../network.faults.ts';

/** The zones in which networks and routers may be asked to be served. */
const ZONES: readonly string[] = ['nova'];

export function checkZones(hints: readonly string[]): void {
  const strange = hints.find((zone) => !ZONES.includes(zone));
  if (strange !== undefined) throw availabilityZoneNotFound(strange);
}

export type Zone = {
  readonly state: 'available' | 'unavailable';
  readonly name: string;
  /** What can be placed there. */
  readonly resource: 'network' | 'router';
};

/** Whose zones are those of what. */
const SERVED_BY = { network: 'DHCP agent', router: 'L3 agent' } as const;

/** A zone is there as soon as an agent names it, and available while one of its agents is switched on. */
export function zonesOf(
  agents: readonly {
    readonly agent_type: string;
    readonly availability_zone: string | null;
    readonly admin_state_up: boolean;
  }[],
): readonly Zone[] {
  return (['network', 'router'] as const).flatMap((resource) => {
    const serving = agents.filter((agent) => agent.agent_type === SERVED_BY[resource]);
    const available = new Map<string, boolean>();
    for (const { availability_zone: name, admin_state_up: up } of serving) {
      if (name !== null) available.set(name, up || available.get(name) === true);
    }
    return [...available].map(([name, up]): Zone => ({
      state: up ? 'available' : 'unavailable',
      name,
      resource,
    }));
  });
}
