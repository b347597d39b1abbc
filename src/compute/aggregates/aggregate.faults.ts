/** What is refused of aggregates. */
import { pythonRepr } from '#base/text/python.ts';
import { Fault } from '#platform/fault.ts';
import { badRequest, conflict, notFound } from '../compute.faults.ts';

/** What was being done when the zones did not come out right. */
export type ZoneChange = 'add-host' | 'remove-host' | 'update' | 'update-metadata';

export const aggregateNotFound = (number: string) =>
  notFound(`Aggregate ${number} could not be found.`);
export const aggregateExists = (name: string) => conflict(`Aggregate ${name} already exists.`);
export const idNotInteger = () => badRequest('Invalid input received: id must be an integer');
export const computeHostNotFound = (host: string) =>
  notFound(`Compute host ${host} could not be found.`);
export const hostInAggregate = (number: number, host: string) =>
  conflict(`Aggregate ${number} already has host ${host}.`);
export const hostNotInAggregate = (number: string, host: string) =>
  notFound(`Cannot remove host ${host} in aggregate ${number}`);
export const aggregateNotEmpty = (number: number) =>
  badRequest(`Cannot remove host from aggregate ${number}. Reason: Host aggregate is not empty.`);

export const emptyZone = (change: ZoneChange, number: number, name: string) =>
  zoneRefused(change, number, `Aggregate ${name} does not support empty named availability zone`);
export const otherZones = (change: ZoneChange, number: number, zones: readonly string[]) =>
  zoneRefused(
    change,
    number,
    `One or more hosts already in availability zone(s) ${pythonRepr(zones)}`,
  );
export const serversInZone = (change: ZoneChange, number: number) =>
  zoneRefused(change, number, 'One or more hosts contain instances in this zone');
export const serversWouldMove = (
  change: 'add-host' | 'remove-host',
  number: number,
  move: { readonly from: string | null; readonly to: string | null; readonly servers: number },
) => {
  const verb = change === 'add-host' ? 'added to' : 'removed from';
  return zoneRefused(
    change,
    number,
    `The host cannot be ${verb} the aggregate as the availability zone of the host would change ` +
      `from '${move.from ?? 'None'}' to '${move.to ?? 'None'}' but the host already has ` +
      `${move.servers} instance(s). Changing the AZ of an existing instance is not supported by ` +
      'this action. Move the instances away from this host then try again. If you need to move ' +
      'the instances between AZs then you can use shelve_offload and unshelve to achieve this.',
  );
};

const WORDS: Readonly<Record<ZoneChange, string>> = {
  'add-host': 'Cannot add host to aggregate',
  'remove-host': 'Cannot remove host from aggregate',
  update: 'Cannot update aggregate',
  'update-metadata': 'Cannot update metadata of aggregate',
};

/** compat: what stands in the way of a host is a conflict; of a new zone, a bad request. */
function zoneRefused(change: ZoneChange, number: number, reason: string): Fault {
  const message = `${WORDS[change]} ${number}. Reason: ${reason}.`;
  const kind = change === 'add-host' || change === 'remove-host' ? 'conflict' : 'invalid';
  return new Fault(kind, 'InvalidAggregateAction', message);
}
