/** Where guests ask for metadata: in the namespace of their network's services, and in routers that they send to. */
import type { NetworkSpec } from '#base/host/links.ts';
import type { RouterSpec } from '#base/host/routers.ts';
import type { DataplaneChange } from '../../dataplane.ts';
import { routerInterfaceName, routerNamespace, SERVICE_INNER, serviceNamespace } from '../names.ts';

/** A namespace where guests ask. */
export type Place = {
  /** The id of the network or router that it is there for. */
  readonly id: string;
  /** Its name, such as `qdhcp-` and a network's id. */
  readonly namespace: string;
  /** Its links by name, each with the network that it leads to. */
  readonly links: ReadonlyMap<string, string>;
  /** Nothing else in the namespace needs its connections tracked. */
  readonly alone: boolean;
};

export type MetadataChange = Pick<DataplaneChange, 'ports' | 'absentPorts'> & {
  readonly places: readonly Place[];
  /** Ids of places with a link that was made just now. */
  readonly renewed: ReadonlySet<string>;
  /** Namespaces that are gone. */
  readonly absentPlaces: readonly string[];
};

export function metadataChange(
  change: DataplaneChange,
  relinked: ReadonlySet<string>,
): MetadataChange {
  return {
    places: [...change.networks.map(ofNetwork), ...change.routers.map(ofRouter)],
    renewed: relinked,
    absentPlaces: [
      ...change.absentNetworks.map(serviceNamespace),
      ...change.absentRouters.map(routerNamespace),
    ],
    ports: change.ports,
    absentPorts: change.absentPorts,
  };
}

function ofNetwork({ id }: NetworkSpec): Place {
  const links = new Map([[SERVICE_INNER, id]]);
  return { id, namespace: serviceNamespace(id), links, alone: true };
}

function ofRouter({ id, interfaces }: RouterSpec): Place {
  const links = new Map(
    interfaces.map(({ portId, networkId }) => [routerInterfaceName(portId), networkId]),
  );
  return { id, namespace: routerNamespace(id), links, alone: false };
}
