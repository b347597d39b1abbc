/** What the agent tells of its ports: what became of them in a pass, and what they do by themselves in between. */
import type { PortObservation } from '#base/host/document.ts';
import type { StormState } from '#base/host/firewall.ts';
import type { PortSpec, PortState } from '#base/host/links.ts';
import type { Dataplane } from '#drivers/dataplane/dataplane.ts';
import type { DataplaneInStep } from './dataplane-in-step.ts';
import type { Desired } from './desired.ts';
import { observedError } from './errors.ts';
import type { Observations } from './observations.ts';
import { groupTroubles, troubleOf } from './port-troubles.ts';
import type { Turn } from './section-in-step.ts';

export type PortReportsDeps = {
  readonly desired: Desired;
  readonly observations: Observations;
  readonly dataplane: Dataplane;
  readonly inStep: DataplaneInStep;
  readonly holderOf: (portId: string) => string | undefined;
};

export class PortReports {
  readonly #deps: PortReportsDeps;
  /** Whether something holds the other end of a port, as last told. */
  readonly #carriers = new Map<string, boolean>();
  /** As last told. */
  readonly #storms = new Map<string, StormState>();
  /** Ports that were told to be in error. */
  readonly #inTrouble = new Set<string>();

  constructor(deps: PortReportsDeps) {
    this.#deps = deps;
    deps.dataplane.onPortChange((id, carrier) => this.#hear(this.#carriers, id, carrier));
    deps.dataplane.onStorm((id, state) => this.#hear(this.#storms, id, state));
  }

  /** A pass has dealt with the document as of this revision; the section is settled already. */
  passed(turn: Turn<PortSpec>, revision: number): void {
    const { desired, observations, inStep } = this.#deps;
    const { failures, there } = inStep.ports;
    const gone = turn.unwanted.filter((id) => !there.has(id));
    for (const id of gone) {
      for (const kept of [this.#carriers, this.#storms, this.#inTrouble]) kept.delete(id);
    }
    const done = new Set(turn.wanted.map(({ id }) => id).filter((id) => !failures.has(id)));
    const troubles = this.#groupTroubles();
    const seen: [string, PortObservation][] = [];
    for (const id of this.#concerned(turn, troubles)) {
      const port = desired.ports.get(id);
      if (port === undefined) continue;
      const trouble = troubleOf(port, failures, troubles);
      if (trouble === undefined) this.#inTrouble.delete(id);
      else this.#inTrouble.add(id);
      seen.push([
        id,
        {
          settled: revision,
          error: trouble === undefined ? null : observedError(trouble),
          // One whose change was refused is still what it was.
          plugged: done.has(id) || (observations.find('ports', id)?.plugged ?? false),
          ...this.#life(id),
        },
      ]);
    }
    observations.set('ports', [...seen, ...gone.map((id) => [id, null] as const)]);
  }

  /** The host was looked at. */
  saw(ports: readonly PortState[]): void {
    const { observations, inStep } = this.#deps;
    const plugged = new Set<string>();
    for (const port of ports) {
      this.#carriers.set(port.id, port.carrier);
      this.#storms.set(port.id, port.storm);
      if (port.plugged) plugged.add(port.id);
    }
    // A port that is just being made may not be there yet: its pass says what became of it.
    const ids = new Set([...ports.map(({ id }) => id), ...inStep.ports.applied.keys()]);
    observations.set(
      'ports',
      [...ids].map((id): [string, PortObservation] => {
        const { settled = 0, error = null } = observations.find('ports', id) ?? {};
        return [id, { settled, error, plugged: plugged.has(id), ...this.#life(id) }];
      }),
    );
  }

  /** A guest has got or lost a port's card, or a port does something by itself. */
  refresh(id: string): void {
    const { observations } = this.#deps;
    const seen = observations.find('ports', id);
    if (seen) observations.set('ports', [[id, { ...seen, ...this.#life(id) }]]);
  }

  #hear<T>(heard: Map<string, T>, id: string, value: T): void {
    // Of a port that is gone, nothing may stay for one that comes with its id.
    if (!this.#deps.inStep.ports.there.has(id)) return;
    heard.set(id, value);
    this.refresh(id);
  }

  #life(id: string): Pick<PortObservation, 'carrier' | 'storm'> {
    return {
      // Something holds the other end, and it is a guest of ours that runs.
      carrier: this.#carriers.get(id) === true && this.#deps.holderOf(id) !== undefined,
      storm: this.#storms.get(id) ?? 'ok',
    };
  }

  #groupTroubles(): ReadonlyMap<string, Error> {
    const { desired, inStep } = this.#deps;
    const { ports, groups, members, addressGroups } = inStep;
    return groupTroubles({
      groups: desired.groups,
      members: desired.members,
      failures: {
        ports: ports.failures,
        groups: groups.failures,
        members: members.failures,
        addressGroups: addressGroups.failures,
      },
    });
  }

  /** Ports that were looked at, and those whose error may have come or gone. All others stay as they were told. */
  #concerned(turn: Turn<PortSpec>, troubles: ReadonlyMap<string, Error>): ReadonlySet<string> {
    const { desired, inStep } = this.#deps;
    const ids = new Set([...turn.wanted.map(({ id }) => id), ...turn.same, ...this.#inTrouble]);
    if (troubles.size === 0) return ids;
    for (const port of desired.ports.values()) {
      if (troubleOf(port, inStep.ports.failures, troubles)) ids.add(port.id);
    }
    return ids;
  }
}
