/** Which of a router's flows must end when its translation changes: pure, from how it was and how it is to be. */
import { BlockList, isIPv4 } from 'node:net';
import type { PortForwardingSpec, RouterSpec } from '#base/host/routers.ts';
import { snatAddress } from './nat-table.ts';

export type FlowsToCut = {
  /** Words of which each flow in question shows one. None: there are no such flows. */
  readonly among: readonly string[];
  /** From what `conntrack -L` says: what follows `-D`. It has no notion of ranges or alternatives. */
  readonly choose: (listed: string) => ReadonlySet<string>;
};

/** Any flow shows it. */
const ANY = 'src';

/**
 * A flow is translated for as long as it lasts as it was when it began. So those through a floating IP or forwarding
 * that goes are ended, and those to one that comes, which began when nobody was there.
 */
export function flowsToCut(was: RouterSpec, wanted: RouterSpec): FlowsToCut {
  const pairs = differing(was.floatingIps, wanted.floatingIps, (one) => [
    one.floatingIp,
    one.fixedIp,
  ]);
  const moved = new Set([...pairs.gone, ...pairs.come].map((one) => one.floatingIp));
  const gone = new Set(pairs.gone.map((one) => one.floatingIp));
  const forwardings = differing(was.forwardings, wanted.forwardings, (one) => {
    const { protocol, floatingIp, externalPorts, internalIp, internalPorts } = one;
    return [protocol, floatingIp, externalPorts, internalIp, internalPorts];
  });
  const forwarded = [...forwardings.gone, ...forwardings.come];
  const [before, own] = [snatAddress(was), snatAddress(wanted)];
  const [hadSnat, hasSnat] = [was.gateway?.snat === true, wanted.gateway?.snat === true];
  if (before !== null && (before !== own || (hadSnat && !hasSnat))) gone.add(before);
  const inside = was.gateway !== null && !hadSnat && hasSnat ? insideOf(wanted) : null;

  const linesFor = (flow: Flow): string[] => {
    const { protocol, source, destination, port, replyTo } = flow;
    const lines: string[] = [];
    if (moved.has(destination)) lines.push(`-d ${destination}`);
    if (gone.has(replyTo)) lines.push(`-q ${replyTo}`);
    if (forwarded.some((one) => isThrough(one, flow))) {
      const to = Number.isNaN(port) ? '' : ` --dport ${port}`;
      lines.push(`-p ${protocol} -d ${destination}${to}`);
    }
    // What left as it was, and from now on would not.
    const isBare = source === replyTo && inside?.check(source) === true;
    if (isBare && !inside.check(destination)) lines.push(`-s ${source} -q ${source}`);
    return lines;
  };
  return {
    among: inside === null ? [...moved, ...gone, ...forwarded.map((one) => one.floatingIp)] : [ANY],
    choose: (listed) => {
      const lines = readFlows(listed).flatMap(linesFor);
      return new Set(lines.map((line) => `-f ipv4 ${line}`));
    },
  };
}

/** How a flow began, and to whom it is answered. */
type Flow = {
  readonly protocol: string;
  readonly source: string;
  readonly destination: string;
  /** NaN where there are no ports. */
  readonly port: number;
  readonly replyTo: string;
};

/** Of lines such as `udp 17 29 src=... dst=... sport=... dport=... src=... dst=...`. */
function readFlows(listed: string): readonly Flow[] {
  return listed.split('\n').flatMap((line) => {
    const all = (name: string) =>
      [...line.matchAll(new RegExp(` ${name}=(\\S+)`, 'g'))].map(([, value = '']) => value);
    const [protocol = ''] = line.trim().split(' ');
    const [source] = all('src');
    const [destination, replyTo] = all('dst');
    if (source === undefined || destination === undefined || replyTo === undefined) return [];
    const port = Number(all('dport')[0] ?? Number.NaN);
    return [{ protocol, source, destination, port, replyTo }];
  });
}

function isThrough(forwarding: PortForwardingSpec, flow: Flow): boolean {
  const { protocol, floatingIp, externalPorts } = forwarding;
  if (flow.destination !== floatingIp || flow.protocol !== protocol) return false;
  return (
    externalPorts === null || (flow.port >= externalPorts.first && flow.port <= externalPorts.last)
  );
}

function insideOf({ interfaces }: RouterSpec): BlockList {
  const inside = new BlockList();
  for (const cidr of interfaces.flatMap((one) => one.addresses)) {
    const [address = '', length] = cidr.split('/');
    if (isIPv4(address)) inside.addSubnet(address, Number(length));
  }
  return inside;
}

function differing<T>(was: readonly T[], wanted: readonly T[], keyOf: (one: T) => unknown) {
  const key = (one: T) => JSON.stringify(keyOf(one));
  const [before, after] = [new Set(was.map(key)), new Set(wanted.map(key))];
  return {
    gone: was.filter((one) => !after.has(key(one))),
    come: wanted.filter((one) => !before.has(key(one))),
  };
}
